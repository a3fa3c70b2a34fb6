"""A download is whole, or refused with address and remedy; then nothing of it is left anywhere."""

import hashlib
import json
import resource
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flat.data import hub
from flat.errors import ResourceError
from flat.resources import sources
from flat.resources.__main__ import main
from flat.resources.catalogue import Catalogue, Web, load_catalogue
from flat.resources.fetch import fetch
from flat.resources.places import PROVENANCE
from flat.resources.sources import Cut, download, from_mirror

pytestmark = pytest.mark.fault
BODY = bytes(range(256)) * 4000  # more than one read of a connection gives
SHA256 = hashlib.sha256(BODY).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# what a server does with a file -> what the user reads
BREAKS = {
    "short": r"1,000 of 1,024,000 bytes came, 3 tries",
    "chunk": r"the connection broke after .* bytes: IncompleteRead.*3 tries",
    "no-size-of-chunk": r"the connection broke after .*3 tries",
    "wrong-length-of-chunks": r"1,024,000 bytes came, announced were 9,999, 3 tries",
    "reset": r"the connection broke after .* of 1,024,000 bytes: .*3 tries",
    "silent": r"the connection broke after [01],?0* of 1,024,000 bytes: timed out, 3 tries",
    "no-answer": r"could not be downloaded \(RemoteDisconnected.*3 tries",
    "busy": r"HTTP Error 503.*3 tries",
    "no-length": r"does not say its length",
    "negative-length": r"does not say its length",
    "no-content": r"no answer with the whole file",
    "part": r"no answer with the whole file",
    "to-a-file": r"(?i)redirect",
    "absent": r"HTTP Error 404",
}
TRIED = {"absent": 1, "no-length": 1, "negative-length": 1, "no-content": 1, "part": 1, "to-a-file": 1}


@pytest.fixture
def server(monkeypatch):
    """A server that breaks each file in its own way, or the first two tries of ``/twice/...`` alone."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(sources, "PAUSES_S", (0, 0))
    monkeypatch.setattr(sources, "TIMEOUT_S", 0.5)
    asked, closing = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append(self.path)
            self.close_connection = True
            way = self.path.split("/")[-1]
            if self.path.startswith("/twice/") and asked.count(self.path) > 2:
                way = "whole"
            getattr(self, f"do_{way.replace('-', '_')}", self.do_absent)()

        def head(self, status=200, **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def body(self, data, **headers):
            self.head(**({"Content_Length": str(len(BODY))} | headers))
            self.wfile.write(data)
            self.wfile.flush()

        def chunked(self, data, **headers):
            self.head(Transfer_Encoding="chunked", **headers)
            self.wfile.write(data)

        def do_whole(self):
            self.body(BODY)

        def do_whole_chunks(self):
            self.chunked(f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n")

        def do_short(self):
            self.body(BODY[:1000])

        def do_chunk(self):
            self.chunked(f"{len(BODY):x}\r\n".encode() + BODY[:1000])

        def do_no_size_of_chunk(self):
            self.chunked(b"3e8\r\n" + BODY[:1000] + b"\r\nno number\r\n")

        def do_wrong_length_of_chunks(self):
            self.chunked(f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n", Content_Length="9999")

        def do_reset(self):
            self.body(BODY[:1000])
            self.connection.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of no time: close resets

        def do_silent(self):
            self.body(BODY[:1000])
            closing.wait(5)

        def do_slow(self):
            self.body(BODY)
            closing.wait(0.3)  # the connection stays open behind a whole file

        def do_no_answer(self):
            pass

        def do_busy(self):
            self.head(503)

        def do_no_length(self):
            self.head()
            self.wfile.write(BODY)

        def do_negative_length(self):
            self.body(BODY, Content_Length="-5")

        def do_no_content(self):
            self.head(204)

        def do_part(self):
            self.head(206, Content_Length="1000")
            self.wfile.write(BODY[:1000])

        def do_to_a_file(self):
            self.head(302, Location="file:///etc/passwd", Content_Length="0")

        def do_absent(self):
            self.head(404, Content_Length="0")

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def shutdown_request(self, request):
            self.close_request(request)  # no shutdown before it, so that a reset is one

        def handle_error(self, *_):
            pass  # clients that leave are what is tried here

    served = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}", asked
    closing.set()
    served.shutdown()
    served.server_close()


def web(url, **changes) -> Web:
    facts = {"version": "1", "licence": "MIT", "upstream": "here", "holds": "words", "stands_for": None}
    item = {"url": url, "save_as": "list.bin", "sha256": None} | changes
    return Web(kind="url", name="list", content_sha256=None, downloads=[item], **facts)


def bring(entry, root, mirror=None):
    return fetch(["list"], root=root, mirror=mirror, catalogue=Catalogue({"list": entry}))


@pytest.mark.parametrize("way", ["whole", "whole-chunks", "slow"])
def test_a_whole_file_is_installed_and_says_how_it_is_pinned(server, tmp_path, way):
    address, asked = server
    assert bring(web(f"{address}/{way}"), tmp_path) == ["list"]
    assert (tmp_path / "list/list.bin").read_bytes() == BODY
    assert asked == [f"/{way}"]


@pytest.mark.parametrize("way", BREAKS)
def test_what_is_not_whole_is_refused_and_nothing_of_it_stays(server, tmp_path, way):
    address, asked = server
    with pytest.raises(ResourceError, match=BREAKS[way]) as caught:
        bring(web(f"{address}/{way}"), tmp_path)
    assert f"{address}/{way}" in caught.value.where and "mirror" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []
    assert len(asked) == TRIED.get(way, 3)


@pytest.mark.parametrize("way", ["short", "chunk", "reset", "silent", "no-answer", "busy"])
def test_a_break_is_tried_again(server, tmp_path, way):
    address, asked = server
    download(f"{address}/twice/{way}", tmp_path / "file", "list")
    assert (tmp_path / "file").read_bytes() == BODY
    assert len(asked) == 3


def test_a_file_without_length_is_taken_where_its_checksum_is_known(server, tmp_path):
    address, _ = server
    assert bring(web(f"{address}/no-length", sha256=SHA256), tmp_path) == ["list"]
    with pytest.raises(ResourceError, match="the catalogue says 000"):
        bring(web(f"{address}/no-length", sha256="0" * 64), tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://[::1/x", "http:///x", "http://127.0.0.1:port/x"])
def test_what_is_no_address_of_the_web_is_refused(tmp_path, url):
    with pytest.raises(ResourceError, match="could not be downloaded"):
        download(url, tmp_path / "file", "list")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_told_as_such(server, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(ResourceError, match=r"cannot be written \(File too large\)"):
            download(f"{server[0]}/whole", tmp_path / "file", "list")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == [] and len(server[1]) == 1


def test_an_interrupted_download_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "_read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(f"{server[0]}/whole", tmp_path / "file", "list")
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_that_cuts_is_named_and_one_that_lacks_the_file_is_passed_over(server, tmp_path):
    address, _ = server
    with pytest.raises(Cut, match=f"{address}/short: .*1,000 of 1,024,000"):
        from_mirror(address, ["absent", "short"], tmp_path / "file")
    assert not from_mirror(address, ["absent"], tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sha256", [{}, {"train": SHA256}], ids=["unpinned", "pinned"])
def test_a_data_set_cut_by_a_mirror_is_refused(server, tmp_path, monkeypatch, sha256):
    monkeypatch.setenv("FLAT_RESOURCES", str(tmp_path))
    source = {"path": "owner/small", "revision": COMMIT, "files": {"train": "short"}, "sha256": sha256}
    with pytest.raises(ResourceError, match=r"/owner/small/short: .*1,000 of 1,024,000 bytes"):
        hub.obtain(source, mirror=server[0])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_the_first_use_bound_is_printed_as_the_catalogue_writes_it(server, tmp_path, monkeypatch, capsys):
    entry = web(f"{server[0]}/whole")
    monkeypatch.setenv("FLAT_RESOURCES", str(tmp_path))
    monkeypatch.setattr("flat.resources.__main__.load_catalogue", lambda: Catalogue({"list": entry}))
    monkeypatch.setattr("flat.resources.fetch.load_catalogue", lambda: Catalogue({"list": entry}))
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "not pinned: bound at first use" in printed and "to pin" not in printed
    assert main(["fetch", "list"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    digest = json.loads((tmp_path / "list" / PROVENANCE).read_text())["content_sha256"]
    assert line.startswith("list: not pinned by the catalogue; to pin what is here")
    assert line.endswith(f"resources.yaml: content_sha256: {digest}")
    assert main(["list"]) == 0
    assert line in capsys.readouterr().out.splitlines()
    entry = entry.model_copy(update={"content_sha256": digest})
    assert main(["fetch", "list"]) == 0  # the catalogue pins it now
    assert "to pin" not in capsys.readouterr().out


def test_pinned_resources_of_the_catalogue_ask_for_nothing(capsys):
    pinned = [name for name, entry in load_catalogue().items() if entry.content_sha256]
    assert pinned
    main(["list"])
    assert not [name for name in pinned if f"{name}: not pinned" in capsys.readouterr().out]
