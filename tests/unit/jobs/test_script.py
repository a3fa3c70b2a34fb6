"""What a job's script says, where and how."""

import logging

import pytest

from flat.jobs.script import LogFile


@pytest.mark.fault
def test_a_full_disk_under_the_log_adds_nothing_to_the_jobs_error(capfd):
    """/dev/full takes no byte, as a full disk: the log is lost, and its loss hides no other message."""
    log = logging.Logger("flat")
    handler = LogFile("/dev/full", mode="w", encoding="utf-8")
    log.addHandler(handler)
    log.warning("attacked %d examples", 3)
    log.error("it failed")
    handler.close()
    said = capfd.readouterr()
    assert said.out == said.err == ""


def test_a_log_holds_what_was_said_before_the_disk_was_full(tmp_path):
    log = logging.Logger("flat")
    handler = LogFile(tmp_path / "job.log", mode="w", encoding="utf-8")
    log.addHandler(handler)
    log.warning("attacked %d examples", 3)
    handler.close()
    assert (tmp_path / "job.log").read_text() == "attacked 3 examples\n"
