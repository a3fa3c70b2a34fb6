"""Nothing of foreign origin is run: sources say so, archives and configurations are tried."""

import ast
import re
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import pytest
import yaml

from flat.errors import ResourceError
from flat.resources.fetch import extract

pytestmark = pytest.mark.fault
PAGES = list((Path(__file__).parents[2] / "src").rglob("*.html"))
SOURCES = [path for folder in ("src", "workflow") for path in Path(__file__).parents[2].joinpath(folder).rglob("*.py")]


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """Every node of every file of ours."""
    return [(path, node) for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def calls(name: str):
    """(file, call) of every call in our code whose function ends in ``name``: "load" finds torch.load(...)."""
    for path, node in nodes():
        if isinstance(node, ast.Call) and ast.unparse(node.func).split("(")[0].endswith(name):
            yield path, node


def keywords(call: ast.Call) -> dict[str, str]:
    return {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg}


def test_sources_were_found():
    assert len(SOURCES) > 100 and any(True for _ in calls("from_pretrained"))


@pytest.mark.parametrize(
    "name", ["pickle.load", "pickle.loads", "joblib.load", "yaml.load", "yaml.unsafe_load", "os.system"]
)
def test_what_runs_foreign_code_is_never_called(name):
    assert [str(path) for path, _ in calls(name)] == []


def test_one_process_alone_unpickles_weights_and_builds_nothing_but_tensors():
    """It lives by itself: nothing of ours imports it, so that no job can come to call it."""
    found = list(calls("torch.load"))
    assert [(path.name, keywords(call)["weights_only"]) for path, call in found] == [("pickle_process.py", "True")]
    imported = [ast.unparse(node) for _, node in nodes() if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [line for line in imported if "pickle_process" in line]


def test_nothing_is_evaluated_but_the_plugins_that_a_study_names():
    for path, node in nodes():
        if isinstance(node, ast.Call):
            evaluated = isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec", "compile")
            assert not evaluated or path.parts[-2:] == ("plugins", "modules.py"), path
            assert keywords(node).get("shell") != "True", path


def test_encoders_are_read_from_safetensors_without_their_code():
    found = {ast.unparse(call.func): keywords(call) for _, call in calls("from_pretrained")}
    found = {name: words for name, words in found.items() if name.startswith("Auto")}
    assert len(found) >= 4
    for name, words in found.items():
        assert words.get("trust_remote_code") == "False" and words.get("local_files_only") == "True", name
        if "Model" in name:
            assert words.get("use_safetensors") == "True", name


def test_arrays_are_read_without_pickles():
    loads = [words for path, call in calls("np.load") for words in [keywords(call)]]
    assert loads and all(words.get("allow_pickle") == "False" for words in loads)


def test_the_page_s_template_escapes():
    [(_, call)] = calls("jinja2.Environment")
    assert keywords(call)["autoescape"] == "True"
    assert PAGES
    for page in PAGES:
        assert not re.search(r"\|\s*safe|autoescape\s+false|Markup", page.read_text(encoding="utf-8")), page


def test_our_configurations_hold_plain_data():
    for path in (Path(__file__).parents[2] / "config").glob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


def test_links_of_an_archive_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "soft.txt"), (tarfile.LNKTYPE, "hard.txt")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, str(secret)
            archive.addfile(entry)
    with pytest.raises(ResourceError, match=r"soft\.txt: it is a link"):
        extract(tmp_path / "links.tar", {"soft.txt": "soft.txt"}, tmp_path / "out")
    with pytest.raises(ResourceError, match=r"hard\.txt: it is a link"):
        extract(tmp_path / "links.tar", {"hard.txt": "hard.txt"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    entry = zipfile.ZipInfo("soft.txt")
    entry.external_attr = 0o120777 << 16  # a symbolic link
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        archive.writestr(entry, str(secret))
    with pytest.raises(ResourceError, match=r"soft\.txt: it is a link"):
        extract(tmp_path / "links.zip", {"": ""}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "a/../../outside.txt"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_paths_that_leave_an_archive_are_refused(tmp_path, name, kind):
    file = tmp_path / f"bad.{kind}"
    (tmp_path / "x").write_text("x")
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), "x")
    else:
        with tarfile.open(file, "w") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 1
            with (tmp_path / "x").open("rb") as content:
                archive.addfile(entry, content)
    with pytest.raises(ResourceError, match="leaves the archive"):
        extract(file, {"": ""}, tmp_path / "inside")
    assert not list(tmp_path.rglob("outside.txt"))
