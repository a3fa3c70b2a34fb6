"""What the explorer knows of words is what vocabulary and importance files say of them, and of swapped words alone."""

from pathlib import Path

import pandas as pd
import pytest
from explorer_studies import measuring_importance, put

from flat.data import vocabulary
from flat.errors import ArtefactError
from flat.files.artefacts import read_table
from flat.report.explorer.lexicon import lexicon
from flat.study import paths
from flat.study.grid import attacked_cells, importance_cells

TEXTS = [f"a Fine film number {at}" for at in range(12)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return put(tmp_path_factory.mktemp("words"), TEXTS, **measuring_importance())


def importances(study) -> dict[str, tuple[Path, pd.DataFrame]]:
    found = {}
    for cell in importance_cells(study):
        place = Path(paths.of(study).importance("importance.parquet", **paths.coordinates(cell)))
        found[cell.strategy] = place, read_table(place)
    return found


def test_words_are_those_that_were_swapped_where_an_attack_succeeded(study):
    swapped = set()
    for attacked in attacked_cells(study):
        ledger = read_table(paths.test_ledger(study, attacked))
        for row in ledger[ledger["status"].eq("succeeded")].to_dict("records"):
            swapped |= {word for swap in row["swaps"] for word in (swap["from"], swap["to"])}
    found = lexicon(study, "")["words"]
    assert found == sorted(swapped - {""}) and "indeed" in found and "film" not in found


def test_counts_and_phi_are_those_of_the_files(study):
    found = lexicon(study, "")
    counts = dict(zip(*vocabulary.load(paths.of(study).data("sst2", "vocabulary.json")), strict=True))
    assert found["frequency"] == {"sst2": [counts.get(word) for word in found["words"]]}
    assert "11" in found["words"] and None in found["frequency"]["sst2"]  # a word that no train text holds
    assert [each["strategy"] for each in found["phi"]] == ["FLAT", "FLAT-nogamma"]
    for each in found["phi"]:
        assert (each["dataset"], each["model"], each["train_attack"], each["seed"]) == ("sst2", "CNN", "textfooler", 0)
        frame = importances(study)[each["strategy"]][1].set_index("word")["phi"]
        for word, value in zip(found["words"], each["values"], strict=True):
            assert value == (pytest.approx(frame[word], abs=1e-4) if word in frame else None)


def test_a_word_is_looked_up_as_models_do(tmp_path):
    study = put(tmp_path, ["so Fine", "so FINE", "so fine", "so other"], new="Indeed", seed=3)
    found = lexicon(study, "")
    known = dict(zip(found["words"], found["frequency"]["sst2"], strict=True))
    assert {known[word] for word in ("Fine", "FINE", "fine") if word in known} == {3} and known["Indeed"] == 0


def test_a_study_without_the_block_has_no_phi(tmp_path):
    found = lexicon(put(tmp_path), "")
    assert found["phi"] == [] and found["words"]


def test_words_without_phi_are_refused(tmp_path):
    study = put(tmp_path, **measuring_importance())
    place, frame = importances(study)["FLAT"]
    frame.assign(phi=float("nan")).to_parquet(place)
    with pytest.raises(ArtefactError, match="words without phi") as refused:
        lexicon(study, "")
    assert str(place) in str(refused.value)
