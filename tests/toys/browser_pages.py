"""A headless Chromium, spoken to over two pipes (the DevTools protocol): pages to open, press keys in and ask."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

A4 = 717  # pixels between the margins of a sheet
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-domain-reliability", "--disable-client-side-phishing-detection", "--no-pings"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# The explorer says so itself; a page without a script is ready when it is loaded
READY = """(() => {
  const app = document.getElementById('app');
  if (app) return app.dataset.ready ?? '';
  const loaded = location.protocol === 'file:' && document.readyState === 'complete';
  return loaded ? String(Math.round(performance.now())) : '';
})()"""


def browser() -> str | None:
    """The program, or None where none is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page; ``complaints`` is what its console said and what it threw, ``requests`` what it asked of a network."""

    def __init__(self, profile: Path):
        to_child, self._out = os.pipe()
        self._in, from_child = os.pipe()
        words = [browser(), *QUIET, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        command = ["bash", "-c", f'exec "$@" 3<&{to_child} 4>&{from_child}', "bash", *words]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, pass_fds=(to_child, from_child), **quiet)
        os.close(to_child)
        os.close(from_child)
        self._read, self._number, self._session = b"", 0, None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{part}.enable")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        os.close(self._out)
        os.close(self._in)

    def call(self, method: str, **params) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self) -> dict:
        while b"\0" not in self._read:
            more = os.read(self._in, 1 << 20)
            assert more, "the browser went away"
            self._read += more
        one, _, self._read = self._read.partition(b"\0")
        return json.loads(one)

    def _note(self, event: dict) -> None:
        if event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(event["params"]))
        if event["method"] == "Network.requestWillBeSent":
            url = event["params"]["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.requests.append(url)

    def ask(self, expression: str):
        """The value of an expression of the page's; a promise is waited for."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, file: Path, view: str = "", width: int = 1440, height: int = 900, scheme: str = "light") -> int:
        """Open a file anew and wait until it is ready: the milliseconds that took, by the page's own clock."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self._resize(width, height)
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=file.as_uri() + (f"#{view}" if view else ""))
        end = time.monotonic() + 30
        while not (ready := self.ask(READY)):
            assert time.monotonic() < end, self.ask("document.body?.innerText")
            time.sleep(0.02)
        self.settle()
        return int(ready)

    def widen(self, width: int, height: int = 900) -> None:
        """Give the window another size."""
        self._resize(width, height)
        self.settle()

    @contextmanager
    def on_paper(self) -> Iterator[None]:
        """Lay the page out as it is printed, on A4."""
        self.call("Emulation.setEmulatedMedia", media="print")
        self.widen(A4, 1000)
        yield
        self.call("Emulation.setEmulatedMedia", media="")

    def _resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def settle(self) -> None:
        """Wait until what was asked for is painted."""
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")

    def press(self, key: str, code: str = "") -> None:
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=code)
        self.settle()

    def point(self, x: float, y: float, click: bool = False) -> None:
        """Move the mouse to a place of the window, in its pixels, and click there."""
        button = {"button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased") if click else ():
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)
        self.settle()

    def printed(self, **options) -> bytes:
        """The page as a PDF, on A4 unless asked otherwise."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "marginLeft": 0.4, "marginRight": 0.4} | options
        return base64.b64decode(self.call("Page.printToPDF", **paper)["data"])

    def picture(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
