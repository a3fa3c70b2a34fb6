"""A package outside the repository, and a file, bring a plugin of each kind to a study: nothing here knows of them."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.toys import preloaded
from tests.workflow.conftest import Checkout, copy_to

pytestmark = pytest.mark.workflow
DATA = Path(__file__).parents[1] / "data/outside"
STUDY = "outside/study.yaml"
RESULTS = Path("results/outside")
SMOOTH = "models/one/Mean/smooth/swap/seed0/round1"
BROUGHT = {
    "sources/made": "brought.texts",
    "models/mean": "brought.models",
    "attacks/swap": "brought.attacks",
    "objectives/smoothed": "brought.objectives",
    "explainers/paired": "brought.explainers",
    "metrics/same-first": "brought.metrics",
}
MINE = {"sources/fewer", "models/largest", "attacks/drop", "objectives/noisy", "explainers/length", "metrics/removed"}


@pytest.fixture(scope="module")
def outside(tmp_path_factory, repository, resources):
    """A checkout in which the study of plugins ran to its end; the package lies beside it, as pip would install it."""
    folder = tmp_path_factory.mktemp("outside")
    copy_to(folder, repository)
    shutil.copytree(DATA, folder / "outside")
    checkout = Checkout(folder, resources)
    checkout.environment["PYTHONPATH"] += os.pathsep + str(folder / "outside")
    checkout.run("--configfile", STUDY, "--cores", "2", warm=True)
    return checkout


def table(outside, path: str) -> pd.DataFrame:
    return pd.read_parquet(outside.folder / RESULTS / path)


def values(outside, **keys) -> pd.DataFrame:
    found = table(outside, "measurements.parquet")
    for name, value in keys.items():
        found = found[found[name] == value]
    return found


def test_numbers_of_each_stand_in_the_tables_and_figures(outside):
    tables = {path.stem: path.read_text() for path in (outside.folder / RESULTS / "tables").glob("*.md")}
    for title in ("Mean", "Swap", "smoothed", "noisy", "Paired", "Length", "Same first word", "First word removed"):
        assert title in tables["faithfulness"], title
    assert "Largest" in tables["table4"] and "Drop" in tables["table4"]
    assert (outside.folder / RESULTS / "figures/faithfulness.png").stat().st_size > 10_000
    report = (outside.folder / RESULTS / "report.html").read_text()
    assert "brought.explainers" in report and "outside/mine.py" in report


def test_a_metric_s_numbers_are_those_of_its_function(outside):
    """The share of shared words whose most important one is the same, counted again from the explanations."""
    frame = table(outside, "interpretations/paired/one/Mean/base/none/seed0/swap/attributions.parquet")
    sides = {name: part.set_index(["example_id", "target"]) for name, part in frame.groupby("side")}
    same = [
        float(row.scores.argmax() == sides["adversarial"].loc[key].scores.argmax())
        for key, row in sides["original"].iterrows()
    ]
    pairs = table(outside, "interpretations/paired/one/Mean/consistency.parquet")
    own = pairs[(pairs["strategy"] == "base") & (pairs["source"] == "own")]
    assert own["metric_same-first"].mean() == pytest.approx(sum(same) / len(same)) and len(own) == 6
    measured = values(outside, metric="same-first", strategy="base", method="paired", pair_set="saved")
    assert measured["value"].item() == pytest.approx(sum(same) / len(same))
    removed = values(outside, metric="removed", strategy="base", method="length")
    assert removed["value"].notna().all() and removed["value"].between(-1, 1).all()


def test_an_objective_s_terms_are_columns(outside):
    history = pd.read_csv(outside.folder / RESULTS / SMOOTH / "history.csv")
    assert list(history.columns) == ["epoch", "total", "fit", "dev_accuracy"]
    metrics = json.loads(
        (outside.folder / RESULTS / "models/one/Mean/smooth/swap/seed0/round1/metrics.json").read_text()
    )
    assert metrics["strategy"]["options"] == {"smoothing": 0.2}


def test_locks_name_the_attack_s_plugin(outside):
    lock = json.loads((outside.folder / RESULTS / "attacks/test/one/Mean/base/none/seed0/swap/lock.json").read_text())
    assert lock["plugin"]["module"] == "brought.attacks" and lock["plugin"]["version"] == "1.2"
    own = json.loads((outside.folder / RESULTS / "attacks/test/two/Largest/base/none/seed0/drop/lock.json").read_text())
    assert own["plugin"]["module"].endswith("mine.py") and own["plugin"]["digest"]


def test_provenance_and_the_crate_name_them_all(outside):
    passport = json.loads((outside.folder / RESULTS / "provenance.json").read_text())
    assert set(passport["plugins"]) == {*BROUGHT} | MINE
    for key, module in BROUGHT.items():
        about = passport["plugins"][key]
        assert (about["module"], about["version"], about["installed"]) == (module, "1.2", True)
    assert {passport["plugins"][key]["given"] for key in MINE} == {"outside/mine.py"}
    record = RESULTS / "provenance/interpretations/paired/one/Mean/base/none/seed0/swap/attributions.parquet.json"
    assert set(json.loads((outside.folder / record).read_text())["plugins"]) == {"models/mean", "explainers/paired"}
    outside.run("--configfile", STUDY, "--cores", "1", "crate", "--quiet", "all")
    crate = (outside.folder / RESULTS / "ro-crate-metadata.json").read_text()
    assert "explainers/paired of brought.explainers" in crate and "metrics/removed of outside/mine.py" in crate


def test_the_cost_model_counts_their_jobs(outside):
    told = outside_python(outside, "-m", "flat.cost", STUDY)
    for rule in ("interpret_paired", "interpret_length", "measure_faithfulness"):
        assert rule in told


def outside_python(outside, *arguments: str) -> str:
    done = preloaded.python([*arguments], outside.folder, outside.environment)
    assert done.returncode == 0, done.output
    return done.output


# what is made of the rest in seconds, and follows from nearly all of it
REPORTING = {"collect_measurements", "estimate_intervals", "judge_claims", "make_table", "draw_figure", "write_report"}
REPORTING |= {"all", "write_explorer", "check_guards", "find_antonyms", "measure_validity", "measure_consistency"}
ATTACKED = {
    "attack_test",
    "interpret_ig",
    "interpret_lime",
    "interpret_paired",
    "interpret_length",
    "measure_faithfulness",
}
TRAINED = {"train_base", "train_round", "attack_train", *ATTACKED}
OF_PAIRED, OF_LENGTH = ([f"interpret_{name}", "measure_faithfulness"] for name in ("paired", "length"))
PREPARED = {"preprocess", "draw_examples", "look_up_vectors"}
# file, edit, the rules beside REPORTING that run again (None: no rule at all), and how many jobs of the first of them
EDITS = {
    "a comment": ("brought/explainers.py", "    found = []", "    found = []  # of each text", None, 0),
    "an explainer": (
        "brought/explainers.py",
        "[0, t] - ",
        "[0, t] - 2 * ",
        OF_PAIRED,
        3,
    ),
    "a file's explainer": ("mine.py", "float(len", "-float(len", OF_LENGTH, 3),
    "a metric of pairs": ("brought/metrics.py", "== np.argmax(after)", "!= np.argmax(after)", [], 0),
    "a file's metric": ("mine.py", "most = int(np.argmax", "most = int(np.argmin", ["measure_faithfulness"], 12),
    "a file's attack": ("mine.py", "succeeded=True)", "True)", ["attack_test"], 1),
    "an objective": ("brought/objectives.py", "smoothing=self.amount", "smoothing=0.5", ["train_round", *ATTACKED], 1),
    "a model": ("brought/models.py", "torch.tanh", "torch.relu", ["train_base", *TRAINED], 1),
    "a source": (
        "brought/texts.py",
        "Random(7)",
        "Random(8)",
        ["preprocess", *PREPARED, *TRAINED],
        2,
    ),  # mine.py reads by it
}


@pytest.mark.parametrize(("file", "old", "new", "again", "jobs"), EDITS.values(), ids=EDITS)
def test_an_edit_reruns_what_it_must_and_no_more(outside, file, old, new, again, jobs):
    path = outside.folder / "outside" / file
    text, status = path.read_text(), path.stat()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        planned = outside.plan(study=STUDY)
    finally:
        path.write_text(text)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    if again is None:
        assert planned == {}
        return
    assert set(planned) - REPORTING == set(again) and set(planned) & REPORTING
    assert not again or planned[again[0]] == jobs


def test_the_repository_knows_none_of_it(repository):
    sources = [path for part in ("src", "rules", "workflow", "config") for path in (repository / part).rglob("*")]
    for path in sources:
        if path.is_file() and path.suffix in (".py", ".smk", ".yaml", ".json"):
            assert "brought.explainers" not in path.read_text(), path


def test_a_mistake_is_told_before_any_job(outside):
    path = outside.folder / "outside/brought/metrics.py"
    text = path.read_text()
    path.write_text(text.replace('of="pairs"', 'of="pears"').replace("import numpy", "import no_such_numpy"))
    try:
        told = outside.run("--configfile", STUDY, "--cores", "1", ok=False)
    finally:
        path.write_text(text)
    assert "metrics.py, line 3" in told and "No module named 'no_such_numpy'" in told and "Building DAG" not in told
