"""Faults of whole runs: Snakemake, and the command that started it, are ended at a random moment."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.campaign.ground import Ground, Outcome

TOKEN = "FLAT_CAMPAIGN"
PATIENCE_S = 2.0  # how long a process may outlive its Snakemake
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run_ended(ground: Ground, draw: random.Random) -> Outcome:
    """Snakemake or the command around it is ended while a job starts or runs: no process stays, nothing is left in the
    folder of temporary files, and the next run ends in the same bytes."""
    rule = draw.choice([rule for rule in ("train_base", "attack_train", "interpret_lime") if rule in ground.jobs])
    warm, number = draw.random() < 0.5, draw.choice(SIGNALS)
    target = str(ground.job(rule).outputs[0])
    token = f"{os.getpid()}-{draw.randrange(1 << 40)}"
    for path in ground.job(rule).outputs:
        (ground.copy.folder / path).unlink(missing_ok=True)
    command = [sys.executable, "-m", "flat.jobs.warm", "--"] if warm else []
    command += [sys.executable, "-m", "snakemake", "--configfile", "tests/data/tiny.yaml", "--cores", "1"]
    command += ["--rerun-triggers", "input", "--", target]
    run = subprocess.Popen(
        command,
        cwd=ground.copy.folder,
        env=ground.copy.environment | {TOKEN: token},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while run.poll() is None and not _jobs(token):
        time.sleep(0.005)
    time.sleep(draw.random() * draw.choice((0.05, 0.4, 3.0)))
    victims = _snakemakes(token) if warm and draw.random() < 0.5 else [run.pid]
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    who = "Snakemake" if victims != [run.pid] or not warm else "the command"
    what = f"{rule}: {signal.Signals(number).name} of {who}{' under flat.jobs.warm' * warm}"
    outcome = _aftermath(ground, run, token, rule, what, number)
    ground.mend(ground.job(rule).outputs)
    shutil.rmtree(ground.temporary)
    ground.temporary.mkdir()
    return outcome


def _aftermath(ground: Ground, run: subprocess.Popen, token: str, rule: str, what: str, number: int) -> Outcome:
    try:
        run.wait(60)
    except subprocess.TimeoutExpired:
        run.kill()
        return Outcome("orphan", f"{what}: it did not end within a minute")
    until = time.monotonic() + PATIENCE_S
    while (alive := _alive(token)) and time.monotonic() < until:
        time.sleep(0.02)
    if alive:
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
        return Outcome("orphan", f"{what}: still alive after {PATIENCE_S} s: {list(alive.values())}")
    # PyTorch's compiler makes its folder when a job asks for it, and keeps it for the next one. Snakemake has a folder
    # of its own, which it cannot take away when it is killed
    others = ("torchinductor_", "snakemake") if number == signal.SIGKILL else ("torchinductor_",)
    if left := sorted(path.name for path in ground.temporary.iterdir() if not path.name.startswith(others)):
        return Outcome("leftover", f"{what}: left in the folder of temporary files: {left}")
    if half := ground.half_written(rule):
        return Outcome("silent", f"{what}: half-written {half}")
    if any((ground.copy.folder / ".snakemake/locks").glob("*")):
        what += ", lock left"
        ground.copy.tiny("--cores", "1", "--unlock")
    ground.copy.tiny("--cores", "1", "--rerun-triggers", "input", "--", str(ground.job(rule).outputs[0]))
    return Outcome("lost" if ground.differing(rule) else "same", what)


def _alive(token: str) -> dict[int, str]:
    """Processes that were started with a token and have not ended: their command lines by number."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{TOKEN}={token}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if state not in "ZX":
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):
            continue
    return found


def _jobs(token: str) -> list[int]:
    return [pid for pid, command in _alive(token).items() if ".snakemake/scripts/" in command]


def _snakemakes(token: str) -> list[int]:
    """The process of Snakemake below the command that started it."""
    alive = _alive(token)
    return [pid for pid, said in alive.items() if " -m snakemake " in said and "jobs.warm" not in said][:1]
