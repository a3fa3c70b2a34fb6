"""Where faults are tried: a finished tiny study, one job of each of its rules, and what an undisturbed run left."""

import fcntl
import os
import random
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flat.provenance import records as lineage
from tests.workflow.conftest import Checkout
from tests.workflow.killing import ROOT, Captured, Driver, capture

# what differs between two undisturbed runs: wall times, and the date and times that passport and report tell
DIFFERING = ("seconds.parquet", "provenance.json", "report.html")
BY_HAND = {"fetch_resource"}  # its outputs lie in the shared folder of resources


@dataclass(frozen=True)
class Outcome:
    """What came of one fault.

    ``verdict``: "same" bytes as undisturbed, "refused" with file and remedy; everything else is a failure of the
    pipeline: "silent" (other bytes without a word), "unnamed" (a refusal that does not name the file), "orphan",
    "leftover", "lost" (what comes after the fault does not end in the same bytes).
    """

    verdict: str
    what: str
    message: str = ""

    @property
    def good(self) -> bool:
        return self.verdict in ("same", "refused")


class Ground:
    """A copy of a finished checkout that is damaged and mended again and again.

    Args:
        finished: a checkout in which the tiny study ran to its end; it is not touched.
        folder: an empty folder for the copy and everything else.
    """

    def __init__(self, finished: Checkout, resources: Path, folder: Path):
        self.pristine, self.folder = finished.folder, folder
        shutil.copytree(finished.folder, folder / "checkout")
        self.copy = Checkout(folder / "checkout", resources)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.copy.environment["TMPDIR"] = str(self.temporary)
        for name in ("jobs", "driver"):
            (folder / name).mkdir()
        self.inputs, targets = self._one_job_a_rule()
        self.jobs = capture(self.copy, self.pristine, targets, folder / "jobs")
        self.rules = sorted(self.jobs)
        self.driver = Driver(self.copy, folder / "driver")
        # jobs say what they say into a pipe: a limit on the size of files would silence them
        os.mkfifo(folder / "driver/output.txt")
        self._output = os.open(folder / "driver/output.txt", os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self._output, fcntl.F_SETPIPE_SZ, 1 << 20)

    def close(self) -> None:
        self.driver.close()
        os.close(self._output)

    def _one_job_a_rule(self) -> tuple[dict[str, list[Path]], dict[str, str]]:
        """By rule: the files of the study that its job reads, and the first file that it makes."""
        inputs, targets = {}, {}
        for record in lineage.records(self.pristine / ROOT).values():
            rule = record["rule"]
            if rule not in inputs and rule not in BY_HAND:
                inputs[rule] = [Path(path) for path in sorted(record["inputs"]) if path.startswith(str(ROOT))]
                targets[rule] = min(record["outputs"])
        return inputs, targets

    def job(self, rule: str) -> Captured:
        return self.jobs[rule]

    def run(self, rule: str, before: str = "") -> tuple[int, str]:
        """Run a rule's job as Snakemake does: its exit status, what it said. ``before``: Python that it runs first."""
        self.said()
        self.driver.start(self.jobs[rule], self.folder / "begun", before=before)
        return self.driver.wait(), self.said()

    def said(self) -> str:
        """What jobs said since this was asked the last time."""
        parts = []
        with suppress(BlockingIOError):
            while True:
                parts.append(os.read(self._output, 1 << 16))
        return b"".join(parts).decode(errors="replace")

    def differing(self, rule: str) -> list[Path]:
        """The outputs of a rule's job that are not what an undisturbed run left."""
        return [path for path in self._compared(rule) if not self._is_same(path)]

    def half_written(self, rule: str) -> list[Path]:
        """The outputs that are there and are not what an undisturbed run left."""
        return [path for path in self._compared(rule) if (self.copy.folder / path).exists() and not self._is_same(path)]

    def _compared(self, rule: str) -> list[Path]:
        return [path for path in self.jobs[rule].outputs if not path.name.endswith(DIFFERING)]

    def _is_same(self, path: Path) -> bool:
        mine = self.copy.folder / path
        return mine.is_file() and mine.read_bytes() == (self.pristine / path).read_bytes()

    def notes(self, rule: str) -> list[Path]:
        """What a killed job of a rule left to go on from."""
        found = (self.copy.folder / ROOT / "journals" / rule).rglob("[!.]*")
        return [path for path in found if path.is_file() and not path.name.endswith(".stale")]

    def mend(self, paths: Iterable[Path] = ()) -> None:
        """Put files and records back as the undisturbed run left them, times too, and forget all notes."""
        shutil.copytree(self.pristine / ROOT / "provenance", self.copy.folder / ROOT / "provenance", dirs_exist_ok=True)
        for path in paths:
            (self.copy.folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.pristine / path, self.copy.folder / path)
        shutil.rmtree(self.copy.folder / ROOT / "journals", ignore_errors=True)

    def ended_well(self, rule: str, what: str) -> Outcome:
        """Run a rule's job to its end, undisturbed: whether it ends in the bytes that it should."""
        status, said = self.run(rule)
        if status or self.differing(rule):
            return Outcome("lost", f"{what}; then status {status}, differing {self.differing(rule)}", said)
        return Outcome("same", what)


def damaged(path: Path, draw: random.Random) -> str:
    """Flip a bit of a file or cut it, its time of change kept as a disk would; what was done."""
    times, data = path.stat(), bytearray(path.read_bytes())
    place = draw.randrange(len(data))
    if draw.random() < 0.25:
        del data[place:]
        done = f"cut at byte {place} of {times.st_size}"
    else:
        bit = draw.randrange(8)
        data[place] ^= 1 << bit
        done = f"bit {bit} of byte {place} flipped"
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return done
