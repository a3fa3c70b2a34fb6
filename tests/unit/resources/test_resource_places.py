"""Where resources lie: in the repository, in the working folder if that is read-only, or where the user says."""

import builtins
import errno
import io
import json
import os
import random
import re
import stat
import subprocess
import sys

import pytest

from flat.attacks.lexicon.resources import AttackResources
from flat.errors import ResourceError
from flat.files.digests import sha256_of
from flat.resources import locate
from flat.resources import places as where
from flat.resources.catalogue import load_catalogue, marker, marker_of_folder
from flat.resources.fetch import fetch
from flat.resources.places import PROVENANCE, folder_of, resources_root, roots


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A repository without resources, and a folder of the user's that is worked in."""
    repository, mine = tmp_path / "repository", tmp_path / "mine"
    repository.mkdir()
    mine.mkdir()
    monkeypatch.setattr(where, "ROOT", repository)
    monkeypatch.delenv("FLAT_RESOURCES", raising=False)
    monkeypatch.chdir(mine)
    marker.cache_clear()
    yield repository, mine
    marker.cache_clear()


@pytest.fixture
def read_only(places, monkeypatch):
    """The repository may not be written to; asked of the system, which would let root do all."""
    repository, _ = places
    allowed = where.os.access

    def access(path, mode):
        return allowed(path, mode) and not (mode & where.os.W_OK and str(path).startswith(str(repository)))

    monkeypatch.setattr(where.os, "access", access)
    return places


def close(monkeypatch, closed):
    allowed, read = where.os.access, where.Path.read_text

    def read_text(path, *words, **options):
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *words, **options)

    monkeypatch.setattr(where.os, "access", lambda path, mode: where.Path(path) != closed and allowed(path, mode))
    monkeypatch.setattr(where.Path, "read_text", read_text)


def put(root, name):
    (root / name).mkdir(parents=True)
    (root / name / PROVENANCE).write_text(json.dumps({"files": {}}))


def test_a_repository_that_can_be_written_to_holds_them(places):
    repository, _ = places
    assert resources_root() == folder_of("wordnet").parent == repository / "resources"
    assert roots() == [repository / "resources"]
    assert marker_of_folder("{resource}") == str(repository / "resources/{resource}" / PROVENANCE)


def test_in_the_repository_rules_name_them_as_ever(places, monkeypatch):
    repository, _ = places
    monkeypatch.chdir(repository)
    assert marker_of_folder("wordnet") == f"resources/wordnet/{PROVENANCE}"
    assert marker_of_folder("{resource}") == f"resources/{{resource}}/{PROVENANCE}"


def test_a_read_only_repository_gives_what_it_has_and_the_rest_goes_to_the_working_folder(read_only):
    repository, mine = read_only
    put(repository / "resources", "wordnet")
    assert resources_root() == mine / "resources"
    assert locate("wordnet") == repository / "resources/wordnet"
    assert marker("wordnet") == str(repository / "resources/wordnet" / PROVENANCE)
    assert marker("stopwords") == f"resources/stopwords/{PROVENANCE}"
    put(mine / "resources", "wordnet")  # fetched again by the user: his own comes first
    assert locate("wordnet") == mine / "resources/wordnet"


def test_fetching_leaves_what_a_read_only_repository_has(read_only, tmp_path):
    repository, mine = read_only
    catalogue = {"stopwords": load_catalogue()["stopwords"]}
    assert fetch(["stopwords"], root=repository / "resources", catalogue=catalogue) == ["stopwords"]
    assert fetch(["stopwords"], catalogue=catalogue) == []
    assert fetch(["stopwords"], catalogue=catalogue, again=True) == ["stopwords"]
    assert locate("stopwords") == mine / "resources/stopwords"


def test_a_folder_that_the_user_names_is_the_only_one(places, monkeypatch):
    repository, mine = places
    put(repository / "resources", "wordnet")
    monkeypatch.setenv("FLAT_RESOURCES", str(mine / "shared"))
    assert roots() == [mine / "shared"] and folder_of("wordnet") == mine / "shared/wordnet"


def test_fetched_files_can_be_written_by_their_owner_alone(places, monkeypatch):
    """NLTK reads no file that others could have written to, so that a umask of 002 must not leave such ones."""
    catalogue = {"stopwords": load_catalogue()["stopwords"]}
    before = where.os.umask(0o002)
    try:
        fetch(["stopwords"], catalogue=catalogue)
    finally:
        where.os.umask(before)
    modes = [path.stat().st_mode for path in folder_of("stopwords").rglob("*")]
    assert modes and not any(mode & (stat.S_IWGRP | stat.S_IWOTH) for mode in modes)


@pytest.mark.parametrize("closed", [PROVENANCE, "words.txt"])
def test_a_file_that_its_owner_closed_is_named_with_the_remedy(places, monkeypatch, closed):
    """Mode 0600 in a folder that is shared; asked of the system, which would let root do all."""
    folder = places[0] / "resources/wordnet"
    put(folder.parent, "wordnet")
    (folder / "words.txt").write_text("good")
    words = {"size": 4, "sha256": sha256_of(folder / "words.txt")}
    (folder / PROVENANCE).write_text(json.dumps({"files": {"words.txt": words}}))
    assert locate("wordnet") == folder
    close(monkeypatch, folder / closed)
    with pytest.raises(ResourceError, match=f"{closed} cannot be read by this user") as error:
        locate("wordnet")
    assert error.value.remedy == (
        f"have their owner run chmod -R a+rX {folder}, or fetch a copy of your own: "
        "FLAT_RESOURCES=my-folder python -m flat.resources fetch wordnet"
    )


def test_a_closed_folder_is_there_and_named(places, monkeypatch):
    folder = places[0] / "resources/wordnet"
    put(folder.parent, "wordnet")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(where.Path, "is_file", refuse)
    monkeypatch.setattr(where.Path, "read_text", refuse)
    assert folder_of("wordnet") == folder
    with pytest.raises(ResourceError, match=f"{PROVENANCE} cannot be read by this user(?s:.)*chmod -R a"):
        locate("wordnet")


def test_a_folder_that_takes_no_resource_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match=r"cannot be written(?s:.)*FLAT_RESOURCES"):
        fetch(["stopwords"], root=tmp_path / "file" / "below")


def test_wordnet_that_nltk_refuses_is_told_with_a_remedy(resources, monkeypatch, tmp_path):
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    from flat.attacks.lexicon import wordnet_table

    def refused(*_, **__):
        raise PermissionError("NLTK will not read it: it is owned by another account")

    monkeypatch.setattr(WordNetCorpusReader, "__init__", refused)
    with pytest.raises(ResourceError, match=r"owned by another account(?s:.)*remedy: chmod -R go-w"):
        wordnet_table.read_wordnet.__wrapped__(resources / "wordnet")


def test_the_repositorys_own_files_are_found_from_any_folder(tmp_path, repository):
    code = "from flat.cost.recorded import FILE, load; from flat.report.build import PAPER"
    code += "; from flat.paper import printed as paper; load(FILE); print(paper.load(PAPER) is not None, FILE, PAPER)"
    for folder, shown in ((tmp_path, str(repository / "config")), (repository, "config")):
        ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
        assert ran.stdout.split() == ["True", f"{shown}/rates.json", f"{shown}/paper"], ran.stderr


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM], ids=errno.errorcode.get)
@pytest.mark.parametrize("refused", [PROVENANCE, "words.txt"])
def test_what_the_system_says_of_a_resource_is_told_and_nothing_is_fetched_again(places, monkeypatch, number, refused):
    folder = places[0] / "resources/wordnet"
    put(folder.parent, "wordnet")
    (folder / "words.txt").write_text("good")
    words = {"size": 4, "sha256": sha256_of(folder / "words.txt")}
    (folder / PROVENANCE).write_text(json.dumps({"files": {"words.txt": words}}))
    opened = builtins.open

    def refuse(file, *words, **options):
        if file == folder / refused:
            raise OSError(number, os.strerror(number), str(file))
        return opened(file, *words, **options)

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(io, "open", refuse)
    with pytest.raises(ResourceError, match=re.escape(f"cannot be read ({os.strerror(number)})")) as told:
        locate("wordnet")
    assert told.value.where == str(folder / refused)
    assert "need not be damaged" in told.value.remedy and "fetch" not in told.value.remedy


def test_a_flipped_bit_of_a_resource_is_found_where_it_is_opened(places):
    """Also of one that no study names: a recipe's default."""
    folder = places[0] / "resources/pos-tagger"
    put(folder.parent, "pos-tagger")
    content = random.Random(5).randbytes(3 << 20)
    (folder / "weights.json").write_bytes(content)
    weights = {"size": len(content), "sha256": sha256_of(folder / "weights.json")}
    (folder / PROVENANCE).write_text(json.dumps({"files": {"weights.json": weights}}))
    assert AttackResources().folder("tagger") == folder
    times, draw = (folder / "weights.json").stat(), random.Random(6)
    for _ in range(8):
        damaged, place = bytearray(content), draw.randrange(len(content))
        damaged[place] ^= 1 << draw.randrange(8)
        (folder / "weights.json").write_bytes(damaged)
        os.utime(folder / "weights.json", ns=(times.st_atime_ns, times.st_mtime_ns))
        with pytest.raises(ResourceError, match=r"weights\.json has the recorded size but another SHA-256") as told:
            AttackResources().folder("tagger")
        assert told.value.remedy == "fetch it again: python -m flat.resources fetch --again pos-tagger"
