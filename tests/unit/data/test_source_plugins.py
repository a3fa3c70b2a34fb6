"""Sources of plugins: what a study may say of them, what their rows become, and what is refused with its place."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import worked_examples
import yaml
from pydantic import Field

from flat.data.prepare import prepare
from flat.data.sources import read
from flat.errors import DataError, StudyError
from flat.files.digests import sha256_of
from flat.plugins import Options, Source
from flat.plugins.registry import SOURCES, activate
from flat.study.datasets import source_of
from flat.study.json_schema import schema
from flat.study.load import parse
from flat.study.path_checks import paths_of

ROOT = Path(__file__).parents[3]
TINY = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
CLASSES = ["good", "bad"]


@pytest.fixture
def lines(tmp_path):
    """The plugin of docs/add-a-source.md by its own file, and two files of texts."""
    (file,) = worked_examples.write_files(ROOT / "docs/add-a-source.md", tmp_path)
    activate([str(file)])
    (tmp_path / "good.txt").write_text("A warm film .\n\n# not a text\nA great heart .\nBest of all .\n")
    (tmp_path / "bad.txt").write_text("Dull .\nFlat jokes .\nToo long .\n")
    yield file
    activate([])


def options(tmp_path, **changes):
    files = {name: str(tmp_path / f"{name}.txt") for name in CLASSES}
    return {"source": {"kind": "lines", "files": files} | changes, "classes": CLASSES, "max_length": 9}


def yielding(rows, monkeypatch):
    """The options of a data set whose source gives these splits."""
    found = SOURCES.found("lines")
    SOURCES.use({"lines": replace(found, plugin=replace(found.plugin, make=lambda options: rows, paths=()))})
    return {"source": {"kind": "lines", "files": {}}, "classes": CLASSES, "max_length": 9}


# --- what is read


def test_rows_become_checked_texts(lines, tmp_path):
    found = read(options(tmp_path))
    frame = found.frames["train"]
    assert list(frame.columns) == ["example_id", "text", "label", "row"] and set(found.frames) == {"train"}
    assert frame["example_id"].tolist() == [f"train-{name}" for name in ("good-1", "good-4", "good-5")] + [
        f"train-bad-{number}" for number in (1, 2, 3)
    ]
    assert frame["text"].tolist()[:2] == ["A warm film .", "A great heart ."]
    assert frame["label"].tolist() == [0, 0, 0, 1, 1, 1]


def test_provenance_says_which_plugin_read_which_files(lines, tmp_path):
    identity = read(options(tmp_path, comment="%")).identity
    assert identity["kind"] == "lines" and identity["rows"] == {"train": 7} and identity["options"] == {"comment": "%"}
    assert identity["files"]["files.bad"] == {"file": "bad.txt", "sha256": sha256_of(tmp_path / "bad.txt")}
    assert str(tmp_path) not in str(identity["files"])
    before = identity["plugin"]["digest"]
    lines.write_text(lines.read_text().replace("line.strip() for", "line.strip().lower() for"))
    activate([str(lines)])
    edited = read(options(tmp_path))
    assert edited.identity["plugin"]["digest"] != before
    assert edited.frames["train"]["text"][0] == "a warm film ."


def test_frames_numbers_of_classes_and_given_splits_are_taken(lines, monkeypatch):
    train = pd.DataFrame({"text": [f"text {i}" for i in range(6)], "label": [0, 1] * 3})
    rows = {"train": train, "test": [{"text": "a", "label": "bad", "id": 7}, {"text": "b", "label": "good", "id": 9}]}
    found = read(yielding(rows, monkeypatch))
    assert found.frames["train"]["example_id"].tolist() == [f"train-{i:06d}" for i in range(6)]
    assert found.frames["train"]["label"].tolist() == [0, 1] * 3
    assert found.frames["test"][["example_id", "label"]].values.tolist() == [["test-7", 1], ["test-9", 0]]


def test_a_data_set_is_made_of_it_like_any_other(lines, monkeypatch):
    rows = [{"text": f"{word} film number {i} !", "label": name} for i in range(20) for word, name in WORDS]
    data = prepare(yielding({"train": rows}, monkeypatch), "mine", seed=3)
    sizes = {name: len(getattr(data, name)) for name in ("train", "dev", "test")}
    assert sizes == {"train": 32, "dev": 4, "test": 4} and data.summary["source"]["kind"] == "lines"
    assert data.train["words"].iloc[0][1:3] == ["film", "number"]


WORDS = (("fine", "good"), ("dull", "bad"))


def test_empty_texts_are_dropped_where_the_study_says_so(lines, monkeypatch):
    rows = {"train": [{"text": " ", "label": "good"}, {"text": "a", "label": "bad"}]}
    given = yielding(rows, monkeypatch)
    with pytest.raises(DataError, match=r"source lines, train, row 1: column 'text' is empty(.|\n)*empty: drop"):
        read(given)
    found = read(given | {"empty": "drop"})
    assert found.frames["train"]["row"].tolist() == [1] and found.dropped == {"train: empty texts": 1}


GOOD = {"text": "a", "label": "good"}
WRONG = {
    "no mapping": ([GOOD], "what its plugin makes is a list, and not the splits"),
    "no train": ({"test": [GOOD]}, "gives 'test', and not the splits"),
    "another split": ({"train": [GOOD], "valid": [GOOD]}, "gives 'train', 'valid'"),
    "no row": ({"train": []}, "source lines, train: it has no row"),
    "a row that is none": ({"train": [GOOD, ("a", "good")]}, "source lines, train, row 2: it is a tuple"),
    "a misspelt column": (
        {"train": [{"text": "a", "labels": "good"}]},
        "row 1: it has text, labels, and not text, label",
    ),
    "a further column": ({"train": [GOOD | {"weight": 1}]}, "row 1: it has text, label, weight"),
    "another class": ({"train": [GOOD, GOOD | {"label": "fair"}]}, "train, row 2: label 'fair' is outside the classes"),
    "words for a text": (
        {"train": [GOOD | {"text": ["a", "b"]}]},
        "train, row 1: column 'text' holds a list, not a text",
    ),
    "a text that is none": ({"train": [GOOD, GOOD | {"text": None}]}, "train, row 2: column 'text' is empty"),
    "half of a character": ({"train": [GOOD | {"text": "a\ud800"}]}, "holds half of a character"),
    "an id twice": ({"train": [GOOD | {"id": "x"}, GOOD | {"id": "x"}]}, "train, rows 1 and 2: both have the id 'x'"),
    "an id that lacks": ({"train": [GOOD | {"id": "x"}, GOOD]}, "train, row 2: column 'id' is empty"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_row_is_refused_with_its_place(lines, monkeypatch, what):
    rows, problem = WRONG[what]
    with pytest.raises(DataError) as refused:
        read(yielding(rows, monkeypatch))
    assert problem in str(refused.value) and "remedy: " in str(refused.value)


# --- what a study says


@pytest.fixture
def study(lines, tmp_path):
    files = {name: str(tmp_path / f"{name}.txt") for name in CLASSES}
    dataset = {"title": "Mine", "classes": CLASSES, "max_length": 9, "source": {"kind": "lines", "files": files}}
    return TINY | {"plugins": [str(lines)], "datasets": TINY["datasets"] | {"mine": dataset}}


def test_a_study_names_it_with_its_options(study, tmp_path):
    found = parse(study)
    source = found.datasets["mine"].source
    assert source.own and source.comment == "#" and source.resources == ()
    assert source.named == {f"files.{name}": str(tmp_path / f"{name}.txt") for name in CLASSES}
    assert dict(paths_of(found))["datasets.mine.source.files.bad"] == str(tmp_path / "bad.txt")
    written = found.model_dump(mode="json")
    assert written["datasets"]["mine"]["source"]["files"] == study["datasets"]["mine"]["source"]["files"]
    assert parse(written).model_dump() == found.model_dump()
    part = schema()["$defs"]["Source-lines"]
    assert set(part["required"]) == {"files", "kind"} and part["properties"]["kind"]["const"] == "lines"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": "line"}, r"datasets\.mine\.source: there is no source of texts line: did you mean lines\? known: "),
        ({"fils": {}}, r"datasets\.mine\.source\.fils: Extra inputs are not permitted"),
        ({"files": ["a.txt"]}, r"datasets\.mine\.source\.files: Input should be a valid dict.*found \['a.txt'\]"),
        ({"comment": 3}, r"datasets\.mine\.source\.comment: Input should be a valid string"),
        ({"files": {"good": "~/good.txt"}}, r"datasets\.mine\.source\.files\.good: '~/good.txt': ~ is not expanded"),
        ({"kind": None}, r"datasets\.mine\.source\.kind: Input should be a valid string"),
    ],
)
def test_a_wrong_key_is_refused_by_its_name(study, change, problem):
    study["datasets"]["mine"]["source"] = study["datasets"]["mine"]["source"] | change
    with pytest.raises(StudyError, match=problem):
        parse(study)


def test_a_resource_that_the_catalogue_has_not_is_refused(study):
    found = SOURCES.found("lines").plugin
    assert found.needs(found.options(files={})) == ()
    lines = Path(study["plugins"][0])
    lines.write_text(
        lines.read_text().replace('paths=("files",)', 'paths=("files",), resources=("corpora", "wordnet")')
    )
    with pytest.raises(StudyError, match=r"datasets\.mine\.source \(lines\): corpora is not in the resource catalogue"):
        parse(study)


class OneOfEach(Options):
    one: str
    some: list[str] = Field([])
    by_name: dict[str, str] = Field({})
    missing: str | None = None


def test_paths_are_told_by_their_keys():
    source = Source(name="s", options=OneOfEach, make=print, paths=("one", "some", "by_name", "missing"))
    given = OneOfEach(one="a", some=["b", "c"], by_name={"x": "d"})
    assert source.named(given) == {"one": "a", "some.0": "b", "some.1": "c", "by_name.x": "d"}


class Taken(Options):
    kind: str


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"options": Taken}, r"source of texts s: source\.kind means something else"),
        ({"options": OneOfEach, "paths": ("two",)}, "paths is a tuple of names of its options"),
        ({"options": OneOfEach, "paths": "one"}, "paths is a tuple of names of its options"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(fields, problem):
    with pytest.raises(ValueError, match=problem):
        Source(name="s", make=print, **fields)


def test_flats_own_sources_are_declared_like_any_other():
    assert list(SOURCES)[:3] == ["package", "hub", "files"]
    package = source_of("package")(kind="package", corpus="bbc-news")
    assert package.resources == ("bbc-news",) and not package.own and package.named == {}
    files = source_of("files")(kind="files", train="a.csv", test="b.csv")
    assert files.own and files.named == {"train": "a.csv", "test": "b.csv"} and files.resources == ()
    assert source_of("files") is source_of("files")
