"""A user's folder in the records: a file that is edited, added or removed after a job read it is named by verify."""

from types import SimpleNamespace

import pytest
from named_files import Named, noted

from flat.files.artefacts import write_text
from flat.provenance import verify
from flat.resources import locate
from flat.resources.own_files import digest_of, digests, files_of

pytestmark = pytest.mark.fault


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of three files that one job has read, below mine/; the job's result below results/toy."""
    monkeypatch.chdir(tmp_path)
    files_of.cache_clear()
    digest_of.cache_clear()
    for name in ("config.json", "model.safetensors", "tokenizer/vocab.txt"):
        write_text(f"mine/{name}", name)
    write_text("results/toy/model.bin", "made")
    job = SimpleNamespace(
        rule="train_base",
        log=["results/toy/logs/train_base/log.log"],
        input=Named(**{f"i{n}": path for n, path in enumerate(files_of("./mine"))}),
        output=Named(model="results/toy/model.bin"),
        wildcards=Named(),
        params=Named(code="abc", seed=3, own=digests(["./mine"])),
    )
    noted(job)
    files_of.cache_clear()
    return tmp_path / "mine"


def said() -> list[str]:
    return [str(finding) for finding in verify.verify("results/toy")[0]]


def test_an_untouched_folder_says_nothing_nor_do_cards_and_caches(folder):
    write_text("mine/README.md", "a card")
    write_text("mine/.cache/x", "x")
    assert said() == []


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer/vocab.txt"])
def test_an_edited_and_a_removed_file_are_named(folder, name):
    (folder / name).write_text("other")
    (finding,) = said()
    assert finding.startswith(f"mine/{name}: has the SHA-256 ") and "train_base read it with" in finding
    (folder / name).unlink()
    (finding,) = said()
    assert finding.startswith(f"mine/{name}: is gone")


@pytest.mark.parametrize("name", ["added_tokens.json", "tokenizer/merges.txt"])
def test_an_added_file_is_named(folder, name):
    write_text(f"mine/{name}", "new")
    (finding,) = said()
    assert finding.startswith(f"mine/{name}: was added; train_base read ./mine without it\n  remedy: ")


def test_a_folder_that_is_gone_lacks_every_file(folder):
    folder.rename(folder.with_name("elsewhere"))
    assert len(said()) == 3


def test_a_users_folder_is_looked_for_in_the_working_folder(folder, tmp_path, monkeypatch):
    assert locate("./mine").resolve() == folder
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with pytest.raises(Exception, match=rf"no such folder\n  remedy: .*{tmp_path}/other"):
        locate("./mine")
