"""Files of a Hugging Face data set: mirror, download from a hub on this machine, checksums, refusals."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from flat.data.hub import obtain
from flat.data.prepare import prepare
from flat.errors import DataError, StudyError
from flat.resources.catalogue import Hub
from flat.study.datasets import source_of
from flat.study.load import parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = "".join(f'{{"text": "sentence number {i}", "label": {i % 2}}}\n' for i in range(20)).encode()
SHA256 = hashlib.sha256(ROWS).hexdigest()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty folder of resources."""
    monkeypatch.setenv("FLAT_RESOURCES", str(tmp_path / "resources"))
    return tmp_path / "resources"


@pytest.fixture
def server(monkeypatch):
    """A hub with one data set, and the requests it got."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # the user may have set it for the real hub
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            asked.append((self.command, self.path))
            there = f"/datasets/owner/small/resolve/{COMMIT}"
            known = self.path in (
                *(f"{there}/{file}.jsonl" for file in ("data/train", "cut", "endless", "flipped")),
                "/owner/small/copy.jsonl",
            )
            self.send_response(200 if known else 404)
            if known:
                if "endless" not in self.path:
                    self.send_header("Content-Length", str(len(ROWS)))
                self.send_header("ETag", f'"{SHA256}"')
                self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if known and self.command == "GET":
                self.wfile.write(ROWS[:100] if "cut" in self.path else ROWS.swapcase() if "flip" in self.path else ROWS)

        do_GET = do_HEAD = answer

        def log_message(self, *_):
            pass

    hub = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{hub.server_port}", asked
    hub.shutdown()
    hub.server_close()


def source(**changes):
    return {
        "kind": "hub",
        "path": "owner/small",
        "revision": COMMIT,
        "files": {"train": "data/train.jsonl"},
        "sha256": {"train": SHA256},
        "text": "text",
        "label": "label",
    } | changes


def mirror_of(folder, content=ROWS):
    file = folder / "mirror" / "owner" / "small" / "data" / "train.jsonl"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return str(folder / "mirror")


def test_a_file_comes_from_the_hub_once(root, server):
    address, asked = server
    file = obtain(source(), endpoint=address)["train"]
    assert file == root / "hub" / "owner" / "small" / COMMIT / "data" / "train.jsonl"
    assert file.read_bytes() == ROWS
    assert [path.name for path in file.parent.iterdir()] == ["train.jsonl"]  # nothing half-written is left
    asked.clear()
    assert obtain(source(), endpoint=address)["train"] == file
    assert asked == []


def test_a_mirror_folder_is_asked_first(root, tmp_path, server):
    address, asked = server
    file = obtain(source(), mirror=mirror_of(tmp_path), endpoint=address)["train"]
    assert file.read_bytes() == ROWS
    assert asked == []


def test_a_mirror_address_is_asked_first(root, server):
    address, asked = server
    file = obtain(source(files={"train": "copy.jsonl"}), mirror=address, endpoint="http://127.0.0.1:9")["train"]
    assert file.read_bytes() == ROWS
    assert asked == [("GET", "/owner/small/copy.jsonl")]


def test_a_mirror_without_the_file_leaves_the_hub_to_give_it(root, tmp_path, server):
    assert obtain(source(), mirror=str(tmp_path), endpoint=server[0])["train"].read_bytes() == ROWS


@pytest.mark.parametrize("origin", ["mirror", "hub"])
def test_another_checksum_is_refused_and_nothing_stays(root, tmp_path, server, origin):
    mirror = mirror_of(tmp_path) if origin == "mirror" else None
    with pytest.raises(DataError) as caught:
        obtain(source(sha256={"train": "0" * 64}), mirror=mirror, endpoint=server[0])
    assert SHA256 in str(caught.value)
    assert "data/train.jsonl" in str(caught.value)
    assert not [path for path in root.rglob("*") if path.is_file()]


def test_a_damaged_earlier_download_is_replaced(root, tmp_path, server):
    file = obtain(source(), endpoint=server[0])["train"]
    file.write_bytes(b"damaged")
    assert obtain(source(), endpoint=server[0])["train"].read_bytes() == ROWS


@pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT[:7]])
def test_a_revision_that_can_move_is_refused(root, revision):
    with pytest.raises(DataError, match="full commit, 40 hexadecimal digits"):
        obtain(source(revision=revision))


OUTSIDE = [
    "/etc/passwd",
    "../../outside.csv",
    "data/../x.csv",
    "data\\x.csv",
    "data//x.csv",
    "data/",
    "./x.csv",
    "",
    "a\nb",
]
NO_REPOSITORY = ["../../evil", "/tmp/evil", "owner/../evil", "owner\\evil", "owner/", "/name", "", ".", "a/b/c", "a//b"]
NO_REPOSITORY += ["owner/..", "owner/.hidden", "owner/na me", "owner/name\n", "owner/a..b"]


@pytest.mark.parametrize("file", OUTSIDE)
def test_a_file_outside_the_data_set_is_refused(root, tmp_path, file):
    with pytest.raises(DataError, match="no path inside the data set"):
        obtain(source(files={"train": file}), mirror=str(tmp_path))
    with pytest.raises(ValidationError, match="no path inside the repository"):
        source_of("hub")(**source(files={"train": file}))
    assert not root.exists()


@pytest.mark.parametrize("path", NO_REPOSITORY)
def test_a_path_that_is_no_repository_is_refused(root, tmp_path, path):
    with pytest.raises(DataError, match="no repository of the hub"):
        obtain(source(path=path), mirror=str(tmp_path))
    with pytest.raises(ValidationError, match="no repository of the hub"):
        source_of("hub")(**source(path=path))
    entry = {"version": None, "licence": "", "upstream": "", "holds": "", "stands_for": None, "content_sha256": None}
    with pytest.raises(ValidationError, match="no repository of the hub"):
        Hub(kind="hub", repository=path, revision=COMMIT, files=["a"], **entry)
    assert not root.exists()


@pytest.mark.parametrize("path", ["owner/small", "sst2", "SetFit/sst-5", "a/b.c_d-e", "0/1"])
def test_names_of_the_hub_are_taken(path):
    assert source_of("hub")(**source(path=path)).path == path


def test_a_study_with_such_a_path_is_refused_with_its_key():
    study = yaml.safe_load((Path(__file__).parents[3] / "config/demo.yaml").read_text())
    name, dataset = next(iter(study["datasets"].items()))
    dataset["source"] = source(path="../../../evil")
    with pytest.raises(StudyError, match=rf"datasets\.{name}(.|\n)*'\.\./\.\./\.\./evil' is no repository of the hub"):
        parse(study, "demo.yaml")


@pytest.mark.parametrize("way", ["cut", "endless", "flipped"])
def test_an_unpinned_file_is_what_the_hub_says_or_refused(root, server, monkeypatch, way):
    """Cut, without a length, or other bytes than those whose SHA-256 the hub gives as ETag."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(DataError, match=r"could not be downloaded \((?!.*404)"):
        obtain(source(files={"train": f"{way}.jsonl"}, sha256={}), endpoint=server[0])
    assert any(way in path for _, path in server[1])
    assert not [path for path in root.rglob("*") if path.is_file()]


def test_what_cannot_be_had_names_the_mirror_as_remedy(root, server):
    with pytest.raises(DataError) as caught:
        obtain(source(files={"train": "data/absent.jsonl"}), endpoint=server[0])
    assert "data/absent.jsonl" in str(caught.value)
    assert "set mirror to a folder that holds owner/small/data/absent.jsonl" in str(caught.value)


def test_a_hub_data_set_is_prepared_like_any_other(root, tmp_path):
    wanted = {"source": source(), "classes": ["even", "odd"], "splits": {"dev": 4, "test": 4}, "max_length": 9}
    data = prepare(wanted, "small", 1, mirror=mirror_of(tmp_path))
    assert data.summary["sizes"] == {"train": 12, "dev": 4, "test": 4}
    assert data.summary["source"] == {
        "kind": "hub",
        "path": "owner/small",
        "revision": COMMIT,
        "files": {"train": {"file": "train.jsonl", "sha256": SHA256, "rows": 20}},
    }


def test_a_hub_data_set_without_train_is_refused(root):
    wanted = {"source": source(files={"test": "test.jsonl"}), "classes": ["even", "odd"], "max_length": 9}
    with pytest.raises(DataError, match="no train file"):
        prepare(wanted, "small", 1)
