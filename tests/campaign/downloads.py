"""Cut downloads: a server that ends its answer at a random byte, in each way that HTTP has to say a length."""

import hashlib
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from flat.errors import ResourceError
from flat.resources import sources
from tests.campaign.ground import Ground, Outcome


class Cutting(BaseHTTPRequestHandler):
    """Serves ``server.body`` in the way ``server.way``, ``server.cut`` bytes of it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body, way = self.server.body[: self.server.cut], self.server.way
        self.close_connection = True
        self.send_response(200)
        if way == "length":
            self.send_header("Content-Length", str(len(self.server.body)))
        elif way == "chunks":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if way == "chunks":
            for start in range(0, len(body), 1000):
                part = body[start : start + 1000]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            if len(body) == len(self.server.body):
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def download_cut(ground: Ground, draw: random.Random) -> Outcome:
    """A download ends early: it is refused with its address, nothing is left. A whole one is as it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cutting)
    server.body = draw.randbytes(draw.randrange(1, 20_000))
    server.way = draw.choice(("length", "chunks", "close"))
    whole = draw.random() < 0.1
    server.cut = len(server.body) if whole else draw.randrange(len(server.body))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    folder = ground.folder / "downloads"
    folder.mkdir(exist_ok=True)
    url = f"http://127.0.0.1:{server.server_address[1]}/file.bin"
    what = f"download by {server.way}: {server.cut} of {len(server.body)} bytes"
    pauses, sources.PAUSES_S = sources.PAUSES_S, (0,)
    try:
        sources.download(url, folder / "file.bin", "campaign")
        same = hashlib.sha256((folder / "file.bin").read_bytes()).digest() == hashlib.sha256(server.body).digest()
        outcome = Outcome("same" if same else "silent", what)
        (folder / "file.bin").unlink()
    except ResourceError as error:
        outcome = Outcome("refused" if url in str(error) and "remedy:" in str(error) else "unnamed", what, str(error))
    finally:
        sources.PAUSES_S = pauses
        server.shutdown()
        server.server_close()
    if left := list(folder.iterdir()):
        outcome = Outcome("leftover", f"{what}: {left}")
        left[0].unlink()
    return outcome
