"""A study of one's own, for the tests of what commands do with it."""

import os
import sys
from pathlib import Path

import pytest
from own_texts import mails, write_csv
from typer.testing import CliRunner

from flat.command.app import app, main
from flat.cost.left import expected
from flat.study.load import load


@pytest.fixture(scope="session")
def study_file(tmp_path_factory):
    """A study of one's own, which nothing has been run of."""
    folder = tmp_path_factory.mktemp("study")
    before = Path.cwd()
    os.chdir(folder)
    try:
        write_csv(folder / "mails.csv", mails(90))
        assert CliRunner().invoke(app, ["new", "--csv", "mails.csv", "--attacks", "pwws"]).exit_code == 0
    finally:
        os.chdir(before)
    return folder / "mails.yaml"


@pytest.fixture
def jobs(study_file, monkeypatch):
    monkeypatch.chdir(study_file.parent)
    return expected(load(study_file), "results/mails")


@pytest.fixture
def called(monkeypatch, capsys):
    """Calls ``flat`` with these words: its exit status, what it prints, and what it prints of errors."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["flat", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, *capsys.readouterr()

    return run
