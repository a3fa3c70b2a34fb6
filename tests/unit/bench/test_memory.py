"""The status of the memory measurement: it fails where the peak grows by more than a tenth."""

import json

import pytest

from flat.bench import material, memory


@pytest.mark.parametrize(("many_mib", "status"), [(659.9, 0), (660.1, 1)])
def test_a_peak_that_grows_by_more_than_a_tenth_fails(tmp_path, monkeypatch, capsys, many_mib, status):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(material, "victim", lambda name: None)
    monkeypatch.setattr(material, "texts", lambda kind, count: [("a film", 1)] * count)
    monkeypatch.setattr(memory, "_write_table_of_synonyms", lambda texts, folder: None)
    peaks = {memory.FEW: 600.0, memory.MANY: many_mib}
    monkeypatch.setattr(memory, "_peak", lambda model, texts, folder: peaks[len(texts)])
    assert memory.main([]) == status
    written = json.loads((tmp_path / memory.SUMMARY).read_text())
    assert written["growth"] == pytest.approx(many_mib / 600, abs=1e-4) and written["allowed"] == 1.1
    assert f"{many_mib / 600:.3f} times" in capsys.readouterr().out
