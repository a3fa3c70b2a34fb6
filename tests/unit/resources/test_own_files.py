"""What a user's folder is as an input: which files count, what its digest and its label depend on."""

import os

import pytest

from flat.attacks.lexicon.resources import content_digest
from flat.errors import ResourceError
from flat.resources import own_files
from flat.resources.own_files import check, config_of, digest_of, digests, files_of
from flat.study.known.resources import is_own, label


@pytest.fixture(autouse=True)
def fresh():
    """As a process that has not looked yet."""
    yield
    files_of.cache_clear()
    digest_of.cache_clear()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "mine/encoder"
    (place / "parts").mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "parts/words.txt"):
        (place / name).write_text(name)
    return place


def looked_at_again():
    files_of.cache_clear()
    digest_of.cache_clear()
    return digest_of("mine/encoder")


def test_every_file_below_the_folder_is_an_input(folder):
    expected = ("mine/encoder/config.json", "mine/encoder/model.safetensors", "mine/encoder/parts/words.txt")
    assert files_of("mine/encoder") == files_of("./mine//encoder/") == expected
    assert files_of("mine/encoder/config.json") == ("mine/encoder/config.json",)
    assert files_of(str(folder))[0] == str(folder / "config.json")


@pytest.mark.parametrize("name", [".git/config", ".DS_Store", "__pycache__/a.pyc", "README.md", "config.json~"])
def test_what_no_loader_reads_is_none(folder, name):
    files, before, locked = files_of("mine/encoder"), digest_of("mine/encoder"), content_digest(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    assert looked_at_again() == before and files_of("mine/encoder") == files
    assert content_digest(folder) == locked


def test_the_digest_changes_with_content_and_names_and_not_with_times(folder):
    seen = [digest_of("mine/encoder")]
    os.utime(folder / "config.json", (1, 1))
    assert looked_at_again() == seen[0]
    old = (folder / "model.safetensors").stat()
    (folder / "model.safetensors").write_text("model.safetensor?")
    os.utime(folder / "model.safetensors", ns=(old.st_atime_ns, old.st_mtime_ns))  # as a copy that keeps times
    seen.append(looked_at_again())
    (folder / "vocab.txt").write_text("")
    seen.append(looked_at_again())
    (folder / "vocab.txt").rename(folder / "parts/vocab.txt")
    seen.append(looked_at_again())
    (folder / "parts/words.txt").unlink()
    seen.append(looked_at_again())
    assert len(set(seen)) == 5


def test_links_to_files_are_files(folder):
    (folder / "parts/words.txt").rename(folder.parent / "blob")
    (folder / "parts/words.txt").symlink_to(folder.parent / "blob")
    before = looked_at_again()
    (folder.parent / "blob").write_text("other")
    assert looked_at_again() != before and len(files_of("mine/encoder")) == 3


def test_a_folder_is_listed_and_read_once(folder, monkeypatch):
    listings = []
    monkeypatch.setattr(own_files, "listing", lambda path: listings.append(path) or ["config.json"])
    for _ in range(1000):
        digests(["mine/encoder", "glove-6b-50d", None])
        files_of("mine/encoder")
    assert len(listings) == 1


def test_only_paths_are_own(folder):
    assert is_own("mine/encoder") and not is_own("wordnet")
    assert list(digests(["mine/encoder", "wordnet", None])) == ["mine/encoder"]
    assert digests(["mine/none"]) == {"mine/none": "absent"}
    assert list(digests(["mine/encoder/config.json"], True)) == ["mine/encoder/config.json"]


def test_absent_empty_and_unreadable_folders_are_refused(folder, tmp_path):
    with pytest.raises(ResourceError, match=r"mine/none: .*no such file or folder\n  remedy: correct the path"):
        files_of("mine/none")
    (tmp_path / "mine/empty").mkdir()
    (tmp_path / "mine/empty/README.md").write_text("nothing but a card")
    with pytest.raises(ResourceError, match="holds no file"):
        check("mine/empty")
    before = digest_of("mine/empty")
    (tmp_path / "mine/empty/vectors.txt").write_text("a 1 2")
    files_of.cache_clear()
    digest_of.cache_clear()
    check("mine/empty")
    assert digest_of("mine/empty") != before


def test_a_label_is_the_name_or_tells_paths_apart():
    assert label("glove-6b-50d") == "glove-6b-50d"
    paths = ["my/vectors", "my-vectors/", "my/vectors.v2", "/my/vectors", "../my/vectors", "my/véctors", "my/v e"]
    labels = [label(path) for path in paths]
    assert len(set(labels)) == len(paths)
    assert all(set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") for text in labels)
    assert all("_" in text for text in labels)  # no name of the catalogue has one
    assert label("my/vectors") == label("./my//vectors/")
    assert len(label("a/" + "long" * 100)) < 50


def test_the_config_is_looked_for_in_the_folder_itself():
    files = ["e/config.json", "e/sub/config.json", "e/model.safetensors"]
    assert str(config_of(files)) == str(config_of(files, "e")) == "e/config.json"
    with pytest.raises(ResourceError, match=r"^e: holds no config\.json"):
        config_of(["e/sub/config.json", "e/sub/model.safetensors"], "e")
