"""The kinds of faults. Each function does one at random and says what came of it; then everything is as before."""

import errno
import os
import random
import signal
from pathlib import Path

from flat.provenance.verify import verify
from tests.campaign.ground import Ground, Outcome, damaged
from tests.workflow.killing import ROOT, kill_after, kill_at

NOTED = ("train_base", "train_round", "attack_train", "attack_test", "interpret_ig", "interpret_lime")
LONGEST_S = 3.0  # of a job of the tiny study in a preloaded process
# The nth file that the job opens below its results cannot be opened: raised where Python opens it
FAILING_OPEN = """
import os, sys
left = [{nth}]
def hook(event, args, left=left):
    path = args[0] if event == "open" else None
    if isinstance(path, (str, bytes, os.PathLike)) and "results/tiny" in os.fsdecode(path):
        left[0] -= 1
        if left[0] == 0:
            raise OSError({number}, os.strerror({number}), os.fsdecode(path))
sys.addaudithook(hook)
"""
LIMITED_SIZE = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
STEPPING_CLOCK = """
import random, time
draw, true = random.Random({seed}), time.time
time.time = lambda: true() + draw.choice((0, -86400, 3600, 1e9, -1e9))
"""
NUMBERS = (errno.EMFILE, errno.EACCES, errno.EIO, errno.ENOSPC, errno.ESTALE, errno.ENFILE)


def input_damaged(ground: Ground, draw: random.Random) -> Outcome:
    """A bit of a job's input flips, or the file is cut, while nobody looks: the job refuses and names the file."""
    rule = draw.choice([rule for rule in ground.rules if ground.inputs[rule]])
    file = draw.choice(ground.inputs[rule])
    path = ground.copy.folder / file
    if not path.stat().st_size:
        return Outcome("same", f"{file} is empty")
    what = f"{rule}: {file}: {damaged(path, draw)}"
    status, said = ground.run(rule)
    differing = ground.differing(rule)
    ground.mend([file, *ground.job(rule).outputs])
    if status == 0:
        return Outcome("silent" if differing else "same", what, said)
    return Outcome("refused" if str(file) in said and "remedy:" in said else "unnamed", what, said)


def output_damaged(ground: Ground, draw: random.Random) -> Outcome:
    """A bit of a result flips, or the file is cut: verify names it."""
    file = draw.choice([path for rule in ground.rules for path in ground.job(rule).outputs])
    if not (ground.copy.folder / file).stat().st_size:
        return Outcome("same", f"{file} is empty")
    what = f"verify: {file}: {damaged(ground.copy.folder / file, draw)}"
    here = Path.cwd()
    os.chdir(ground.copy.folder)  # records name files as the run did
    try:
        findings, _ = verify(ROOT)
    finally:
        os.chdir(here)
    ground.mend([file])
    said = "\n".join(map(str, findings))
    return Outcome("refused" if any(f.path == str(file) for f in findings) else "silent", what, said)


def notes_damaged(ground: Ground, draw: random.Random) -> Outcome:
    """A killed job's notes are damaged before it goes on: it ends in the same bytes."""
    rule = draw.choice([rule for rule in NOTED if rule in ground.jobs])
    ground.said()
    kill_at(ground.driver, ground.driver.start(ground.job(rule), ground.folder / "begun", gated=True), rule, 1)
    notes = ground.notes(rule)
    if not notes:
        ground.mend(ground.job(rule).outputs)
        return Outcome("same", f"{rule}: killed, without notes")
    file = draw.choice(notes)
    what = f"{rule}: killed, then {file.name}: {damaged(file, draw)}"
    outcome = ground.ended_well(rule, what)
    ground.mend(ground.job(rule).outputs)
    return outcome


def job_killed(ground: Ground, draw: random.Random) -> Outcome:
    """SIGKILL, SIGTERM or SIGINT at a random moment: nothing half-written; then the same bytes."""
    rule = draw.choice(ground.rules)
    number = draw.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    ground.said()
    job = ground.driver.start(ground.job(rule), ground.folder / "begun")
    after = draw.random() * draw.choice((0.05, 0.5, LONGEST_S))
    status = kill_after(ground.driver, job, after, number)
    what = f"{rule}: {signal.Signals(number).name} after {after:.3f} s, status {status}"
    if half := ground.half_written(rule):
        outcome = Outcome("silent", f"{what}: half-written {half}", ground.said())
    else:
        outcome = ground.ended_well(rule, what)
    ground.mend(ground.job(rule).outputs)
    return outcome


def open_failing(ground: Ground, draw: random.Random) -> Outcome:
    """The system refuses to open a file of the study: the job tells the system's reason, and calls nothing damaged."""
    rule, number = draw.choice(ground.rules), draw.choice(NUMBERS)
    nth = draw.randint(1, 12)
    status, said = ground.run(rule, FAILING_OPEN.format(nth=nth, number=number))
    what = f"{rule}: opening file {nth}: {os.strerror(number)}, status {status}"
    return _after_the_system_refused(ground, rule, what, status, said, os.strerror(number))


def size_limited(ground: Ground, draw: random.Random) -> Outcome:
    """Files cannot grow beyond some bytes, as on a full disk: the job tells so and leaves nothing half-written."""
    rule = draw.choice(ground.rules)
    size = draw.choice((0, draw.randrange(200), draw.randrange(20_000)))
    status, said = ground.run(rule, LIMITED_SIZE.format(size=size))
    what = f"{rule}: files of at most {size} bytes, status {status}"
    return _after_the_system_refused(ground, rule, what, status, said, os.strerror(errno.EFBIG))


def _after_the_system_refused(ground: Ground, rule: str, what: str, status: int, said: str, reason: str) -> Outcome:
    half = ground.half_written(rule)
    if status == 0:
        outcome = Outcome("silent" if ground.differing(rule) else "same", what, said)
    elif half:
        outcome = Outcome("silent", f"{what}: half-written {half}", said)
    else:
        outcome = ground.ended_well(rule, what)
        if outcome.good:
            named = (str(ROOT) in said or "folder of temporary files" in said) and "remedy:" in said
            outcome = Outcome(
                "refused" if named and reason in said and "delete" not in said.lower() else "unnamed", what, said
            )
    ground.mend(ground.job(rule).outputs)
    return outcome


def clock_stepping(ground: Ground, draw: random.Random) -> Outcome:
    """The clock jumps by hours and years: the same bytes."""
    rule = draw.choice(ground.rules)
    status, said = ground.run(rule, STEPPING_CLOCK.format(seed=draw.randrange(1 << 30)))
    what = f"{rule}: stepping clock, status {status}"
    outcome = Outcome("same" if status == 0 and not ground.differing(rule) else "lost", what, said)
    ground.mend(ground.job(rule).outputs)
    return outcome
