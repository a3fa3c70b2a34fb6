"""``python -m tests.campaign --seed 0 --minutes 1``: faults at random, and what came of each.

After each fault come the bytes of an undisturbed run, or a refusal that names the file and the remedy. Anything else is
printed, and ends the command with status 1. A line ``kind trial`` of the output is repeated by ``--only kind:trial``.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from flat.resources.places import resources_root
from tests.campaign import downloads, faults, whole_runs
from tests.campaign.ground import Ground, Outcome
from tests.conftest import heed_signals
from tests.workflow.conftest import Checkout, copy_to

Fault = Callable[[Ground, random.Random], Outcome]
# kind -> its share of the time. A flip costs a tenth of a second, an ended run ten
KINDS: dict[str, tuple[Fault, float]] = {
    "input damaged": (faults.input_damaged, 6),
    "output damaged": (faults.output_damaged, 2),
    "notes damaged": (faults.notes_damaged, 3),
    "job killed": (faults.job_killed, 6),
    "run ended": (whole_runs.run_ended, 3),
    "open fails": (faults.open_failing, 1),
    "disk full": (faults.size_limited, 1),
    "clock steps": (faults.clock_stepping, 0.5),
    "download cut": (downloads.download_cut, 0.5),
}


def campaign(
    ground: Ground, seed: int, seconds: float, note: Callable[[str, int, Outcome], None]
) -> dict[str, Counter]:
    """Try faults for a time, each kind for its share and at least once; the tally of verdicts by kind."""
    spent, tally = dict.fromkeys(KINDS, 0.0), {kind: Counter() for kind in KINDS}
    until = time.monotonic() + seconds
    while time.monotonic() < until or not all(map(sum_of, tally.values())):
        kind = min(KINDS, key=lambda kind: (spent[kind] / KINDS[kind][1], kind))
        trial, began = sum_of(tally[kind]), time.monotonic()
        outcome = tried(ground, seed, kind, trial)
        spent[kind] += time.monotonic() - began
        tally[kind][outcome.verdict] += 1
        note(kind, trial, outcome)
    return tally


def tried(ground: Ground, seed: int, kind: str, trial: int) -> Outcome:
    return KINDS[kind][0](ground, random.Random(f"{seed}/{kind}/{trial}"))


def sum_of(counts: Counter) -> int:
    return sum(counts.values())


def told(tally: Mapping[str, Counter]) -> list[str]:
    """The tally as the rows of a Markdown table."""
    verdicts = ("same", "refused", "silent", "unnamed", "lost", "orphan", "leftover")
    lines = [f"| fault | tried | {' | '.join(verdicts)} |", f"|---|{'---:|' * (len(verdicts) + 1)}"]
    for kind, counts in tally.items():
        lines.append(f"| {kind} | {sum_of(counts)} | {' | '.join(str(counts[v]) for v in verdicts)} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1.0, help="of faults, after the tiny study has run (1)")
    parser.add_argument("--only", metavar="KIND:TRIAL", help="one fault again, as it was drawn")
    parser.add_argument("--finished", type=Path, help="a folder that keeps the finished tiny study for the next call")
    parser.add_argument("--messages", type=Path, help="write what each refusal said to this file")
    given = parser.parse_args()
    heed_signals()
    said = given.messages.open("w") if given.messages else None
    bad = []

    def note(kind: str, trial: int, outcome: Outcome) -> None:
        if said:
            said.write(f"--- {kind} {trial} {outcome.verdict}: {outcome.what}\n{outcome.message}\n")
            said.flush()
        if not outcome.good:
            bad.append(kind)
            print(f"{kind} {trial}: {outcome.verdict}: {outcome.what}\n{outcome.message}", flush=True)

    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        os.environ["OMP_NUM_THREADS"] = "1"
        ground = Ground(_finished(given.finished or Path(folder) / "finished"), resources_root(), Path(folder) / "g")
        try:
            if given.only:
                kind, _, trial = given.only.rpartition(":")
                note(kind, int(trial), tried(ground, given.seed, kind, int(trial)))
                return int(bool(bad))
            tally = campaign(ground, given.seed, 60 * given.minutes, note)
        finally:
            ground.close()
    print("\n".join(told(tally)))
    tried_, failed = sum(map(sum_of, tally.values())), len(bad)
    print(f"seed {given.seed}: {tried_} faults, {failed} of them not mastered")
    return int(bool(failed))


def _finished(folder: Path) -> Checkout:
    checkout = Checkout(folder, resources_root())
    if not (folder / "done").exists():
        copy_to(folder, Path(__file__).resolve().parents[2])
        print("running the tiny study (a minute or two)", file=sys.stderr)
        checkout.tiny("--cores", "2", "--unlock")
        checkout.tiny("--cores", "2")
        (folder / "done").touch()
    return checkout


if __name__ == "__main__":
    sys.exit(main())
