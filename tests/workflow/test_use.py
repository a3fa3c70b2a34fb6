"""A finished study, asked again: predictions, explanations and attacks are those that its jobs recorded."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import notebook_pages
import numpy as np
import pytest

from flat.errors import ArtefactError
from flat.use import open_study

pytestmark = pytest.mark.workflow
DOCS = Path(__file__).parents[2] / "docs"
TINY = "tests/data/tiny.yaml"
CELLS = ["sst2/CNN/base", "sst2/CNN/FLAT"]


@pytest.fixture
def there(finished, monkeypatch):
    """The folder in which the study was run."""
    monkeypatch.chdir(finished.folder)
    monkeypatch.setenv("FLAT_RESOURCES", finished.environment["FLAT_RESOURCES"])
    return finished


def plain(value):
    """A cell of a ledger as JSON has it."""
    return json.loads(json.dumps(value, default=lambda other: other.tolist()))


@pytest.mark.parametrize("where", [TINY, "tiny"])
@pytest.mark.parametrize("cell", CELLS)
def test_predictions_and_attacks_are_those_of_the_ledgers(there, where, cell):
    study = open_study(where)
    model = study.model(cell)
    assert study.notes == () and set(study.attacks(cell)) >= {"textfooler"}
    for attack in study.attacks(cell):
        rows = study.ledger(cell, attack).to_dict("records")
        assert len(rows) == 14
        for row in rows:
            logits = np.asarray(row["logits"], dtype=np.float64)
            softmax = np.exp(logits - logits.max())
            found = model.predict(row["original"])
            assert list(found.probabilities.values()) == (softmax / softmax.sum()).tolist()
            assert found.words == tuple(row["original_words"])
            again = model.attack(example=row["example_id"], recipe=attack)
            assert plain(again.row) == plain(row) and again.label == model.classes[row["label"]]
            raw = model.attack(row["original"].upper(), attack, label=int(row["label"]))  # cleaning undoes the capitals
            assert (raw.perturbed, raw.status, raw.queries) == (row["perturbed"], row["status"], row["queries"])


@pytest.mark.parametrize("method", ["ig", "lime"])
@pytest.mark.parametrize("cell", CELLS)
def test_explanations_are_those_of_the_attributions(there, cell, method):
    study = open_study(TINY)
    model, pairs = study.model(cell), study.pairs(cell, "textfooler", method, "saved")
    assert len(pairs) == 6
    for pair in pairs:
        for target, scores in pair.scores.items():
            found = model.explain(example=pair.example, method=method, target=target)
            assert found.words == pair.words and np.float32(found.scores).tolist() == scores.tolist()
            if method == "ig":  # draws nothing
                assert model.explain(" ".join(pair.words), target=target).scores == found.scores


@pytest.mark.parametrize("pair_set", ["successful", "saved", "shared", "floor"])
def test_pairs_are_those_that_were_measured(there, pair_set):
    study = open_study("results/tiny")
    pairs = study.pairs("sst2/CNN/FLAT", "textfooler", "lime", pair_set)
    numbers = study.measurements().query(
        "strategy == 'FLAT' and attack == 'textfooler' and method == 'lime' and pair_set == @pair_set"
    )
    measured = numbers.query("metric == 'kendall_tau'").iloc[0]
    taus = [pair.kendall_tau for pair in pairs if not np.isnan(pair.kendall_tau)]
    assert (len(taus), len(pairs)) == (measured["n"], numbers.query("metric == 'topk_intersection'")["n"].iloc[0])
    assert np.mean(taus) == pytest.approx(measured["value"]) if taus else np.isnan(measured["value"])
    five = numbers.query("metric == 'topk_intersection' and k == 5").iloc[0]
    assert not pairs or np.mean([pair.topk_intersection[5] for pair in pairs]) == pytest.approx(five["value"])


def test_every_file_is_compared_with_its_record(copy, monkeypatch, tmp_path):
    monkeypatch.chdir("/")
    root = copy.folder / "results/tiny"
    moved = tmp_path / "moved"
    shutil.copytree(root, moved)
    study = open_study(moved)
    folder = "sst2/CNN/FLAT/textfooler/seed0"
    cases = {
        f"attacks/test/{folder}/textfooler/ledger.parquet": lambda: study.ledger(folder, "textfooler"),
        f"interpretations/ig/{folder}/textfooler/attributions.parquet": lambda: study.pairs(folder, "textfooler"),
        "interpretations/ig/sst2/CNN/consistency.parquet": lambda: study.pairs(folder, "textfooler"),
        "measurements.parquet": study.measurements,
        f"models/{folder}/round2/model.safetensors": lambda: study.model(folder),
        f"models/{folder}/round2/vocabulary.json": lambda: study.model(folder),
        "data/sst2/summary.json": lambda: study.model(folder),
    }
    for path, call in cases.items():
        call()
        before = (moved / path).read_bytes()
        (moved / path).write_bytes(before + b"\n")
        with pytest.raises(ArtefactError, match=r"is not as its job made it"):
            call()
        (moved / path).write_bytes(before)


def test_the_notebook_page_as_it_is_printed(there):
    names: dict[str, object] = {}
    cells = list(notebook_pages.cells(DOCS / "python.md", "python"))
    assert len(cells) > 20
    for cell in cells:
        found = notebook_pages.run(cell.source, names)
        if cell.of_one_machine:
            assert found.split(), cell.source
        else:
            wanted = notebook_pages.comparable(cell.shown or "")
            assert notebook_pages.comparable(found) == wanted, f"{cell.source}\nshows\n{found}"


def test_the_page_of_the_commands_as_it_is_printed(there):
    cells = [cell for cell in notebook_pages.cells(DOCS / "explain-and-attack.md", "sh") if cell.shown is not None]
    assert len(cells) == 7
    for cell in cells:
        script = cell.source.replace("flat ", f"{sys.executable} -m flat.command ", 1)
        done = subprocess.run(["bash", "-c", script], env=there.environment, text=True, capture_output=True)
        found = done.stdout + done.stderr
        assert done.returncode == 0, found
        if cell.of_one_machine:
            assert found.startswith("sst2/CNN/") and " queries: the model " in found
        else:
            assert notebook_pages.comparable(found) == notebook_pages.comparable(cell.shown), found
