"""What ``flat run`` shows of a run: its jobs, its errors, the time left."""

import io

import pytest
from rich.console import Console

from flat.command.printed import duration
from flat.command.run.events import Event
from flat.command.run.screen import Screen, rounded
from flat.command.run.tally import AGAIN, ERROR, FAILED, FINISHED, LOCKED, TOLD, WARNED, Tally, error_lines

AT = {"dataset": "mails", "model": "CNN", "strategy": "FLAT", "train_attack": "pwws", "seed": "0"}


def planned(**jobs: int) -> Event:
    return Event("run_info", "", facts={"stats": jobs | {"total": sum(jobs.values())}})


def begun(number: int, rule: str, log: str = "", **wildcards: str) -> Event:
    facts = {"jobid": number, "rule_name": rule, "wildcards": wildcards, "log": [log] if log else []}
    return Event("job_info", "", facts=facts)


def ended(number: int) -> Event:
    return Event("job_finished", "", facts={"job_id": number})


def failed(number: int, rule: str, log: str) -> Event:
    return Event("job_error", "", "ERROR", {"jobid": number, "rule_name": rule, "log": [log]})


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def shown(tally: Tally, lines) -> str:
    stream = io.StringIO()
    Screen(Console(file=stream, width=200, highlight=False), tally).show(lines)
    return stream.getvalue()


def test_finished_jobs_are_counted_and_told(jobs):
    clock = Clock()
    tally = Tally(jobs, 2, clock)
    assert tally.left() is None
    tally.take(planned(all=1, attack_test=3, train_base=1))
    tally.take(begun(1, "attack_test", "a.log", **AT, attack="pwws"))
    clock.now += 4
    (line,) = tally.take(ended(1))
    assert (line.kind, line.rule, line.seconds) == (FINISHED, "attack_test", 4)
    assert (
        shown(tally, [line]) == "1/5  attack_test           mails · CNN · FLAT on pwws · seed 0 · under pwws  4.0 s\n"
    )
    tally.take(begun(2, "all"))
    assert tally.take(ended(2)) == []  # a target does nothing, and is counted
    assert (tally.finished, tally.total) == (2, 5)
    assert tally.take(ended(77)) == []


def test_time_left_follows_what_jobs_take(jobs):
    """Jobs that take four times their prediction make the rest as slow; what waits at first is no sign."""
    clock = Clock()
    tally = Tally(jobs, 1, clock)
    one = next(one.seconds for one in jobs if one.job.rule == "interpret_lime")
    tally.take(planned(make_table=1, interpret_lime=3))
    assert tally.left() > 3 * one
    tally.take(begun(0, "make_table", "a", table="grim"))
    clock.now += 60  # it waited for the preloaded process
    tally.take(ended(0))
    assert tally.left() == pytest.approx(3 * one)
    for number, strategy in enumerate(("adv", "FLAT"), start=1):
        tally.take(begun(number, "interpret_lime", "a", **AT | {"strategy": strategy}, attack="pwws"))
        clock.now += 4 * one
        tally.take(ended(number))
    slow = tally.left()
    assert 2.5 * one < slow < 4 * one
    base = AT | {"strategy": "base", "train_attack": "none"}
    tally.take(begun(9, "interpret_lime", "a", **base, attack="pwws"))
    clock.now += 1.5
    assert tally.left() == pytest.approx(slow - 1.5)  # a job at work is part done


def test_a_failed_job_shows_its_own_error_and_log(jobs, tmp_path):
    log = tmp_path / "train.log"
    log.write_text("10:00:00 GPU 0\n10:00:01 error in train_base\nmails.csv, row 3: no text\n  remedy: mend it\n")
    tally = Tally(jobs, 2)
    tally.take(planned(train_base=1))
    tally.take(begun(1, "train_base", str(log), dataset="mails", model="CNN", seed="0"))
    beside = "CalledProcessError in file: Command '...' returned non-zero exit status 1."
    assert tally.take(Event("error", f"RuleException:\n{beside}", "ERROR", {"exception": "RuleException"})) == []
    (line,) = tally.take(failed(1, "train_base", str(log)))
    said = shown(tally, [line])
    assert said.splitlines() == [
        "failed  train_base mails · CNN · seed 0",
        "    10:00:01 error in train_base",
        "    mails.csv, row 3: no text",
        "      remedy: mend it",
        f"    log: {log}",
    ]
    tally.take(begun(1, "train_base", str(log), dataset="mails", model="CNN", seed="0"))
    (again,) = tally.take(failed(1, "train_base", str(log)))
    assert again.kind == AGAIN and again.more == (f"log: {log}",)
    assert tally.take(Event("", "Exiting because a job execution failed. Look ...", "ERROR")) == []
    assert tally.explained and len(tally.failed) == 1
    tally.take(begun(1, "train_base", str(log), dataset="mails", model="CNN", seed="0"))
    assert tally.take(ended(1))[0].kind == FINISHED and not tally.failed  # a later try did it


def test_a_failed_job_without_a_log_shows_what_was_printed(jobs):
    tally = Tally(jobs, 2)
    for line in ("Traceback", "ImportError: no such module"):
        assert tally.take(Event("printed", line)) == []
    (line,) = tally.take(failed(5, "preprocess", "absent.log"))
    assert line.kind == FAILED and line.more[:2] == ("Traceback", "ImportError: no such module")


def test_errors_warnings_and_messages(jobs):
    tally = Tally(jobs, 2)
    (line,) = tally.take(Event("error", "WorkflowError:\nthe study: x\n  remedy: y", "ERROR", {"exception": "W"}))
    assert (line.kind, line.text) == (ERROR, "the study: x\n  remedy: y")
    assert tally.take(Event("error", "locked", "ERROR", {"exception": "LockException"}))[0].kind == LOCKED
    assert tally.take(Event("", "a file is absent", "WARNING"))[0].kind == WARNED
    assert tally.take(Event("", "Select jobs to execute...")) == []
    assert tally.take(Event("", "Nothing to be done (all ...)"))[0].kind == TOLD and tally.idle
    assert tally.take(Event("printed", "flat.jobs.warm: no more jobs are taken for now"))[0].kind == TOLD


def test_what_a_signal_stops_is_no_failure(jobs):
    tally = Tally(jobs, 2, stopping=True)
    assert tally.take(failed(1, "train_base", "a.log")) == []
    assert tally.take(Event("error", "WorkflowError", "ERROR", {"exception": "WorkflowError"})) == []
    assert not tally.failed


def test_long_errors_are_cut_and_hostile_signs_are_shown_as_escapes(jobs, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("10:00:00 begun\n10:00:01 train failed\n" + "\n".join(f"line {n}" for n in range(100)) + "\n\x1b[2J")
    lines = error_lines(log)
    assert len(lines) < 30 and lines[0] == "10:00:01 train failed" and "line 99" in lines
    tally = Tally(jobs, 2)
    assert "\\x1b[2J" in shown(tally, tally.take(failed(1, "train_base", str(log))))
    assert "\x1b" not in shown(tally, tally.take(Event("", "[red]no markup[/] \x1b[2J", "WARNING")))


def test_estimates_have_few_digits():
    assert [duration(s) for s in (4.4, 60, 125, 3600, 12000)] == ["4 s", "1 min", "2 min 5 s", "1 h", "3 h 20 min"]
    assert [rounded(s) for s in (0.2, 7, 31, 100, 1000)] == [5, 5, 30, 105, 1020]
