"""``flat run``: what it shows of Snakemake's events, how it starts Snakemake, how it ends."""

import json
import logging
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flat.command.app import app
from flat.command.run import locks, work
from flat.command.run.cells import cell, of_job
from flat.command.run.events import MARK, read
from flat.command.run.work import HOOK, Order, carry_out, command
from flat.errors import StudyError
from flat.files.installed import ROOT

AT = {"dataset": "mails", "model": "CNN", "strategy": "FLAT", "train_attack": "pwws", "seed": "0"}


# --- cells and events


def test_a_job_is_told_by_its_cell():
    assert cell(AT | {"attack": "textfooler"}) == "mails · CNN · FLAT on pwws · seed 0 · under textfooler"
    assert cell(AT | {"strategy": "base", "train_attack": "none"}) == "mails · CNN · base · seed 0"
    assert cell(AT | {"round": "2", "shard": "1"}).endswith("seed 0 · round 2 · shard 1")
    assert cell({"dataset": "mails", "resource": "glove", "size": "as_is"}) == "mails · glove"
    assert cell({"table": "table3"}) == "table3" and cell({}) == ""


def test_the_same_is_told_of_the_cost_models_jobs(jobs):
    told = {(one.job.rule, of_job(one.job)) for one in jobs}
    assert ("train_base", "mails · CNN · seed 0") in told
    assert ("train_round", "mails · CNN · FLAT on pwws · seed 0 · round 1") in told
    assert ("attack_test", "mails · CNN · base · seed 0 · under pwws") in told
    assert ("write_report", "the study") in told


def test_events_are_read_between_what_jobs_print():
    told = json.dumps({"event": "job_finished", "text": "x", "level": "INFO", "job_id": 3})
    lines = [
        f"{MARK}{told}\n",
        "printed by a job\n",
        f"no end of line{MARK}{told}\n",
        f"{MARK}{{broken\n",
        f"{MARK}[1]\n",
        "\n",
    ]
    found = list(read(line.encode() for line in lines))
    kinds = ["job_finished", "printed", "printed", "job_finished", "printed", "printed", "printed"]
    assert [event.kind for event in found] == kinds
    assert found[0].facts == {"job_id": 3}
    assert [event.text for event in found if event.kind == "printed"][:2] == ["printed by a job", "no end of line"]
    assert sum(event.kind == "job_finished" for event in found) == 2
    assert next(read([b"\xff\xfe broken text\n"])).kind == "printed"


def test_the_logger_tells_what_the_reader_reads(capfd):
    """The plugin's own lines: events with their facts, messages, nothing of what is not shown."""
    handler = runpy.run_path(str(HOOK / "snakemake_logger_plugin_flat/__init__.py"))["LogHandler"](None, None)

    def emit(text: str, level: int = logging.INFO, **facts) -> None:
        record = logging.LogRecord("snakemake", level, "", 0, text, (), None)
        record.__dict__.update(facts)
        handler.emit(record)

    emit("line one\nline two", logging.WARNING)
    emit(
        "", event="job_info", jobid=2, rule_name="train_base", wildcards={"seed": 0}, log=[Path("a.log")], reason="new"
    )
    emit("", event="shellcmd", cmd="rm")
    emit("quiet", logging.DEBUG)
    found = list(read(line.encode() for line in capfd.readouterr().err.split("\n")[:-1]))
    assert [(event.kind, event.level) for event in found] == [("", "WARNING"), ("job_info", "INFO")]
    assert found[0].text == "line one\nline two"
    assert found[1].facts == {
        "jobid": 2,
        "rule_name": "train_base",
        "wildcards": {"seed": 0},
        "log": ["a.log"],
        "reason": "new",
    }


def test_snakemake_finds_the_logger_without_an_installation():
    code = (
        "from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry as R; "
        "print(R().is_installed('flat'))"
    )
    path = os.pathsep.join([str(HOOK), os.environ.get("PYTHONPATH", "")])
    told = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True)
    assert told.stdout.strip() == b"True", told.stderr


# --- the command


def test_snakemakes_command_line():
    order = Order(Path("mine.yaml"), ["tables"], 3, 2, False, ["--keep-going"])
    words = command(order)
    assert words[1:4] == ["-m", "flat.jobs.warm", "--"] and words[5:8] == ["-m", "snakemake", "tables"]
    assert words[words.index("--snakefile") + 1] == str(ROOT / "Snakefile") and (ROOT / "Snakefile").is_file()
    assert words[words.index("--cores") + 1] == "3" and words[words.index("--resources") + 1] == "gpu=2"
    assert words[-3:] == ["--cores", "3", "--keep-going"] and "--dry-run" not in words
    dry = command(Order(Path("mine.yaml"), [], None, None, True))
    assert "flat.jobs.warm" not in dry and dry[dry.index("--cores") + 1] == "all" and "--dry-run" in dry


def test_words_behind_two_hyphens_are_snakemakes(monkeypatch):
    orders = []
    monkeypatch.setattr(work, "carry_out", lambda order: orders.append(order) or 7)
    words = ["run", "mine.yaml", "tables", "--cores", "2", "--", "--config", "seeds=[0]", "-n"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 7
    assert orders == [Order(Path("mine.yaml"), ["tables"], 2, None, False, ["--config", "seeds=[0]", "-n"])]


def test_a_study_that_cannot_be_read_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "Running", lambda order: pytest.fail("started"))
    with pytest.raises(StudyError, match="no such file"):
        carry_out(Order(tmp_path / "absent.yaml", [], 1, None, False))


STOPPED = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(1))
print("at work", file=sys.stderr, flush=True)
time.sleep(60)
"""


def test_ctrl_c_is_passed_on_and_says_how_to_go_on(study_file, monkeypatch, capsys):
    """The command in place of Snakemake ends with 1 when it is told to stop; this one then with 130."""
    monkeypatch.chdir(study_file.parent)
    monkeypatch.setattr(work, "command", lambda order: [sys.executable, "-c", STOPPED])
    real = work.read

    def stopping(lines):
        for event in real(lines):
            if event.text == "at work":
                os.kill(os.getpid(), signal.SIGINT)
            yield event

    monkeypatch.setattr(work, "read", stopping)
    begun_at, before = time.monotonic(), signal.getsignal(signal.SIGINT)
    assert carry_out(Order(Path("mails.yaml"), [], 1, None, False)) == 130
    assert time.monotonic() - begun_at < 30
    assert "flat run mails.yaml goes on from there" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) == before


def test_what_snakemake_prints_is_shown_where_no_event_explains_its_end(study_file, monkeypatch, capsys):
    monkeypatch.chdir(study_file.parent)
    said = "import sys; sys.exit('snakemake: error: unrecognized arguments: --nonsense')"
    monkeypatch.setattr(work, "command", lambda order: [sys.executable, "-c", said])
    assert carry_out(Order(Path("mails.yaml"), [], 1, None, False)) == 1
    assert "unrecognized arguments: --nonsense" in capsys.readouterr().out


def test_a_lock_is_explained(study_file, monkeypatch):
    monkeypatch.chdir(study_file.parent)
    told = json.dumps({"event": "error", "text": "x", "level": "ERROR", "exception": "LockException"})
    monkeypatch.setattr(work, "command", lambda order: [sys.executable, "-c", f"raise SystemExit({MARK + told!r})"])
    with pytest.raises(StudyError, match=r"an earlier run left its lock(.|\n)*flat run mails.yaml -- --unlock"):
        carry_out(Order(Path("mails.yaml"), [], 1, None, False))
    assert "process 12" in str(locks.explained(Path("mails.yaml"), [12]))


def test_a_snakemake_of_this_folder_is_found(tmp_path):
    script = tmp_path / "snakemake"
    script.write_text("import time; time.sleep(60)")
    (tmp_path / "elsewhere").mkdir()
    running = subprocess.Popen([sys.executable, str(script)], cwd=tmp_path)
    try:
        until = time.monotonic() + 20
        while not locks.snakemakes(tmp_path) and time.monotonic() < until:
            time.sleep(0.05)
        assert locks.snakemakes(tmp_path) == [running.pid]
        assert locks.snakemakes(tmp_path / "elsewhere") == []
    finally:
        running.kill()
        running.wait()
