"""The tiny study published and redrawn: the same numbers, tables, figures and verdicts, from no text and no model."""

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from flat.errors import ArtefactError, StudyError
from flat.files.artefacts import read_json
from flat.published import archive
from flat.published.pack import pack
from flat.published.parts import Part
from flat.published.redraw import RULES, redraw
from flat.published.wordless import KNOWN, UNKNOWN, WORD
from flat.study.load import load, parse
from tests.toys import preloaded
from tests.workflow.conftest import Checkout, copy_to

pytestmark = pytest.mark.workflow
RESULTS = Path("results/tiny")
TINY = "tests/data/tiny.yaml"


def published(checkout: Checkout, *arguments: str) -> str:
    """Output of ``python -m flat.published`` in a checkout; it must end with 0."""
    done = preloaded.python(["-m", "flat.published", *arguments], checkout.folder, checkout.environment)
    assert done.returncode == 0, done.output
    return done.output


def fresh_clone(folder: Path, repository: Path) -> Checkout:
    """A checkout without results and without resources."""
    copy_to(folder, repository)
    (folder / "nothing").mkdir()
    return Checkout(folder, folder / "nothing")


def differing(mine: Path, theirs: Path) -> set[str]:
    """The files that are shown or concluded of two results that are not the same bytes."""
    patterns = ("*.parquet", "claim*.csv", "tables/*", "figures/*")
    files = {str(path.relative_to(theirs)) for pattern in patterns for path in theirs.glob(pattern)}
    assert len(files) > 60
    return {name for name in files if (mine / name).read_bytes() != (theirs / name).read_bytes()}


@pytest.fixture(scope="module")
def archives(finished, tmp_path_factory) -> Path:
    """The folder of archives of the finished study's one seed."""
    folder = tmp_path_factory.mktemp("published")
    pack(load(finished.folder / TINY), 0, folder, finished.folder)
    return folder


@pytest.fixture(scope="module")
def redrawn(archives, repository, tmp_path_factory) -> Checkout:
    clone = fresh_clone(tmp_path_factory.mktemp("clone") / "checkout", repository)
    clone.said = published(clone, "redraw", TINY, "--from", str(archives), "--to", "results", "--cores", "2")
    return clone


def test_all_but_the_figure_of_texts_is_the_same_bytes(finished, redrawn):
    here, there = redrawn.folder / RESULTS, finished.folder / RESULTS
    assert differing(here, there) == {f"figures/fig3.{kind}" for kind in ("csv", "pdf", "png")}
    assert (here / "figures/fig3.csv").read_text().splitlines()[1].startswith("not run,the archive")
    assert "holds no texts" in (here / "report.html").read_text()
    for name in ("interpretations/ig/sst2/CNN/consistency.parquet", "validity/sst2.parquet"):  # joined of seeds
        assert (here / name).read_bytes() == (there / name).read_bytes()
    assert "claims.csv, claim_cells.csv" in redrawn.said and "NOT as" not in redrawn.said


def test_nothing_is_trained_attacked_or_fetched(redrawn):
    results = redrawn.folder / RESULTS
    assert {path.name for path in (results / "logs").iterdir()} <= set(RULES)
    assert not list(results.rglob("*.safetensors")) and not any((redrawn.folder / "nothing").iterdir())


def test_redrawn_again_nothing_is_left_to_do(archives, redrawn):
    said = published(redrawn, "redraw", TINY, "--from", str(archives), "--to", "results", "--cores", "1")
    assert "NOT as" not in said
    assert "Nothing to be done" in (redrawn.folder / RESULTS / "published/snakemake.log").read_text()


def test_a_file_that_is_lacking_is_not_computed(archives, redrawn, tmp_path):
    """Its rule is not known to Snakemake, so that the run ends with the file's name."""
    clone = Checkout(tmp_path / "clone", redrawn.folder / "nothing")
    shutil.copytree(redrawn.folder, clone.folder, ignore=shutil.ignore_patterns("logs", "benchmarks", "log"))
    ledger = RESULTS / "attacks/test/sst2/CNN/base/none/seed0/textfooler/ledger.parquet"
    for path in (ledger, RESULTS / "measurements.parquet", RESULTS / "report.html"):
        (clone.folder / path).unlink()
    with pytest.raises(AssertionError) as told:
        published(clone, "redraw", TINY, "--from", str(archives), "--to", "results", "--cores", "1")
    assert "MissingInputException" in str(told.value) and str(ledger) in str(told.value)
    assert "remedy" in str(told.value)


# --- no text


def strings(path: str, data: bytes) -> Iterator[str]:
    """Every text in a table's columns, however deep."""
    for column in pq.read_table(io.BytesIO(data)).to_pydict().values():
        left = list(column)
        while left:
            value = left.pop()
            left += value if isinstance(value, list) else value.values() if isinstance(value, dict) else []
            if isinstance(value, str):
                yield value


def runs_of_words(text: str) -> set[tuple[str, ...]]:
    """Every five words in a row."""
    words = text.split(" ")
    return set(zip(*(words[n:] for n in range(5)), strict=False))


def test_an_archive_holds_no_word_of_a_text_but_single_ones(finished, archives):
    """Words stand in the files of word importance alone, each once and without a text."""
    data = finished.folder / RESULTS / "data/sst2"
    texts = [text for split in ("train", "dev", "test") for text in pd.read_parquet(data / f"{split}.parquet")["text"]]
    for path in (finished.folder / RESULTS).glob("attacks/**/ledger.parquet"):
        ledger = pd.read_parquet(path, columns=["original", "perturbed"])
        texts += [*ledger["original"], *ledger["perturbed"]]
    words = {word for text in texts for word in text.split(" ")}
    runs = set().union(*map(runs_of_words, texts))
    assert len(words) > 4000 and len(runs) > 10_000
    found = archive.read(archive.there(archives / "tiny")[0])
    names = {"textfooler", "pwws", "none", "base", "adv", "CNN", "FLAT", "softmax", "sst2", ""}
    names |= {"succeeded", "failed", "skipped", "original", "adversarial", "shared", "repeat", "own"}
    held = {}
    for name, content in found.files.items():
        assert not runs_of_words(content.decode("utf-8", "replace")) & runs, name
        if name.endswith(".parquet") and not name.startswith(("importance/", "as_measured/")):
            held[name] = set(strings(name, content))
    assert len(held) > 25
    said = set().union(*held.values())
    assert said & words <= {KNOWN, UNKNOWN, WORD} | names
    assert all(re.fullmatch(r"[\w.-]*|word > word|harper-py [\d.]+", text) for text in said)
    importance = [set(strings(n, c)) for n, c in found.files.items() if n.startswith("importance/")]
    assert len(importance) == 4 and all(" " not in word for each in importance for word in each)
    assert read_json(data / "vocabulary.json") != yaml.safe_load(found.files["data/sst2/vocabulary.json"])


def test_the_manifest_says_what_was_packed(finished, archives):
    found = archive.read(archive.there(archives / "tiny")[0])
    assert (found.seed, found.manifest["seeds_as_measured"]) == (0, [0])
    assert parse(found.manifest["study"]).model_dump() == load(finished.folder / TINY).model_dump()
    assert {"commit", "changed"} == found.manifest["code"].keys() and found.manifest["packages"]["torch"]
    ledger = "attacks/test/sst2/CNN/base/none/seed0/textfooler/ledger.parquet"
    listed, original = found.manifest["files"][ledger], (finished.folder / RESULTS / ledger).read_bytes()
    assert listed["made_from"] == archive.sha256(original) != listed["sha256"] == archive.sha256(found.files[ledger])
    assert "No text" in found.manifest["licence"] and "models" in found.manifest["left_out"]


# --- packing


@pytest.fixture
def run(finished, tmp_path) -> Path:
    """A copy of the finished results, to be spoilt; weights and logs are left out, which no archive needs."""
    shutil.copytree(
        finished.folder / RESULTS,
        tmp_path / RESULTS,
        ignore=shutil.ignore_patterns("*.safetensors", "logs", "benchmarks", "journals", "provenance"),
    )
    return tmp_path


def test_a_seed_packed_twice_is_the_same_bytes(finished, archives, run, tmp_path):
    again = pack(load(finished.folder / TINY), 0, tmp_path / "again", run)
    assert again.read_bytes() == archive.archive_of(archives / "tiny", 0).read_bytes()
    assert again.stat().st_size < 200_000


@pytest.mark.parametrize(
    "missing",
    (
        "attacks/test/sst2/CNN/adv/textfooler/seed0/pwws/ledger.parquet",
        "attacks/train/sst2/CNN/base/textfooler/seed0/round1/lock.json",
        "interpretations/ig/sst2/CNN/consistency.parquet",
        "data/sst2/vocabulary.json",
        "claims.csv",
    ),
)
def test_a_run_that_is_not_finished_is_not_packed(finished, run, missing):
    (run / RESULTS / missing).unlink()
    with pytest.raises(ArtefactError, match=r"missing, with \d+ more of the \d+ files of seed 0") as told:
        pack(load(finished.folder / TINY), 0, run / "to", run)
    assert told.value.where.endswith(missing) and "--config 'seeds=[0]'" in told.value.remedy
    assert not (run / "to").exists()


def test_ledgers_of_another_run_than_the_numbers_are_not_packed(finished, run):
    path = run / RESULTS / "attacks/test/sst2/CNN/base/none/seed0/textfooler/ledger.parquet"
    ledger = pq.read_table(path).slice(0, 13)
    pq.write_table(ledger, path)
    with pytest.raises(ArtefactError, match=r"it says [\d.]+ of .* of sst2/CNN/base/none/0/textfooler, whose ledger"):
        pack(load(finished.folder / TINY), 0, run / "to", run)


def test_a_seed_whose_explanations_were_overwritten_is_not_packed(finished, run):
    path = run / RESULTS / "interpretations/lime/sst2/CNN/consistency.parquet"
    table = pq.read_table(path)
    pq.write_table(table.filter([name != "adv" for name in table["strategy"].to_pylist()]), path)
    with pytest.raises(ArtefactError, match="no rows of adv/textfooler/0/textfooler") as told:
        pack(load(finished.folder / TINY), 0, run / "to", run)
    assert told.value.where == str(path)


def test_a_study_has_the_seed_that_is_packed(finished):
    with pytest.raises(StudyError, match="it has no seed 7"):
        pack(load(finished.folder / TINY), 7, "to", finished.folder)


def test_a_seed_run_alone_is_redrawn_as_its_run_had_it(finished, tmp_path, monkeypatch):
    """Seed 0 of a study with the seeds 5 and 0: its run measured of it what is measured of a first seed."""
    study = study_with(finished, seeds=[5, 0])
    pack(study, 0, tmp_path, finished.folder)
    monkeypatch.chdir(tmp_path)
    done = redraw(study, tmp_path, tmp_path / "to", cores="1", numbers=True)
    part = Part("sst2", "CNN")
    assert (done.seeds, done.missing, done.whole, done.differing) == ({part: (0,)}, {part: (5,)}, True, ())
    assert "claims.csv" in done.compared and (done.folder / "importance/sst2").is_dir()


# --- redrawing what does not fit


def study_with(finished, **changes):
    return parse(load(finished.folder / TINY).model_dump(mode="json") | changes)


def test_archives_of_another_study_are_refused(finished, archives, tmp_path):
    values = load(finished.folder / TINY).model_dump(mode="json")
    values["strategies"]["FLAT"]["beta"] = 0.5
    with pytest.raises(ArtefactError, match="study tiny, which differs from tiny in strategies") as told:
        redraw(parse(values), archives, tmp_path / "to")
    assert told.value.where.endswith("seed0.tar.xz") and not (tmp_path / "to").exists()
    with pytest.raises(ArtefactError, match="no archive of a seed"):
        redraw(study_with(finished, name="other"), archives, tmp_path / "to")


def test_a_folder_with_other_files_is_refused(finished, archives, tmp_path):
    (tmp_path / "to/tiny").mkdir(parents=True)
    mine = tmp_path / "to/tiny/report.html"
    mine.write_text("mine")
    with pytest.raises(ArtefactError, match="it holds files that were not unpacked there") as told:
        redraw(load(finished.folder / TINY), archives, tmp_path / "to")
    assert told.value.where == str(tmp_path / "to/tiny") and mine.read_text() == "mine"


def test_seeds_that_have_no_archive_are_refused(finished, archives, tmp_path):
    with pytest.raises(ArtefactError, match=r"seed5\.tar\.xz: no such archive"):
        redraw(load(finished.folder / TINY), archives, tmp_path / "to", seeds=[0, 5])
    with pytest.raises(StudyError, match=r"study tiny, seeds: its cells have the seeds \[1\] alone"):
        redraw(study_with(finished, seeds=[1]), archives, tmp_path / "to")


def test_an_archive_is_of_the_seed_in_its_name(finished, archives, tmp_path):
    data = archive.archive_of(archives / "tiny", 0).read_bytes()
    archive.write(archive.archive_of(tmp_path / "tiny", 4), data)
    with pytest.raises(ArtefactError, match="its manifest says seed 0"):
        redraw(load(finished.folder / TINY), tmp_path, tmp_path / "to")
