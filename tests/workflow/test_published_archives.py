"""The archives of this repository: whole, small, and what their runs concluded, computed anew."""

from pathlib import Path

import pytest

from flat.errors import FlatError
from flat.files.artefacts import read_table
from flat.published import archive
from flat.published.parts import Part
from flat.published.redraw import redraw
from flat.study.load import load, parse
from tests.toys import result_lines

pytestmark = pytest.mark.workflow
PUBLISHED = Path(__file__).resolve().parents[2] / "results/published"
MOST_MB = 30  # of a study's archives


def folders() -> list[Path]:
    return sorted({path.parent for path in PUBLISHED.glob("*/seed*.tar.xz")})


def runs_of(folder: Path) -> list[tuple[Part | None, list[int]]]:
    """Part and seeds of each run whose conclusions are in an archive, where all of them have one."""
    found = {(one.part, one.seed): one.manifest["seeds_as_measured"] for one in read_all(folder)}
    runs = {(part, tuple(ran)) for (part, _), ran in found.items() if all((part, seed) in found for seed in ran)}
    return [(part, list(ran)) for part, ran in sorted(runs, key=str)]


def read_all(folder: Path) -> list[archive.Archive]:
    return [archive.read(path) for path in archive.there(folder)]


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_published_verdicts_are_those_of_the_published_files(folder, tmp_path, monkeypatch):
    """Numbers, flags and verdicts computed anew from ids and outcomes are what the last run concluded.

    The numbers of all others are compared below.
    """
    monkeypatch.chdir(tmp_path)
    part, seeds = runs_of(folder)[-1]
    study = load(PUBLISHED.parents[1] / f"config/{folder.name}.yaml")
    done = redraw(study, folder.parent, tmp_path / "to", seeds=seeds, parts=part and [part], numbers=True)
    assert done.compared and done.differing == ()


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_published_archives_are_small_whole_and_of_one_study(folder):
    found = read_all(folder)
    assert sum(one.path.stat().st_size for one in found) <= MOST_MB * 1e6
    assert {one.manifest["study"]["name"] for one in found} == {folder.name}
    try:
        parse(found[0].manifest["study"])
    except FlatError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_study_of_all_its_archives(folder, tmp_path, monkeypatch):
    """It is redrawn whole in two minutes, has every row that the run of one archive measured, and the pages tell it."""
    monkeypatch.chdir(tmp_path)
    done = redraw(load(PUBLISHED.parents[1] / f"config/{folder.name}.yaml"), folder.parent, tmp_path / "to")
    names = ["dataset", "model", "strategy", "train_attack", "seed", "attack", "method", "pair_set", "metric"]
    rows = read_table(done.folder / "measurements.parquet").set_index(names)["value"].to_dict()
    for beside in (done.folder / "published").glob("seed*/measurements.parquet"):
        theirs = read_table(beside).set_index(names)["value"].to_dict()
        assert theirs and all(rows[key] == pytest.approx(value, nan_ok=True) for key, value in theirs.items())
    if folder.name == "word-models":
        told = result_lines.lines(done.folder)
        assert result_lines.in_page() == "\n".join(told).strip("\n").splitlines()
        readme = (PUBLISHED.parents[1] / "README.md").read_text(encoding="utf-8").replace("\N{MINUS SIGN}", "-")
        ours = [line.split(" | ") for line in told if line.startswith(("| AA,", "| KT (ig", "| SA,"))]
        assert sum(f"| {row[2]} | {row[3]} |" in readme for row in ours) >= 5
