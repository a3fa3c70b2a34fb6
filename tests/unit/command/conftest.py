"""A study of one's own, for the tests of what commands do with it."""

import os
from pathlib import Path

import pytest
from own_texts import mails, write_csv
from typer.testing import CliRunner

from flat.command.app import app
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
