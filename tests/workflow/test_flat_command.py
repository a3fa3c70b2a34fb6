"""A study of one's own by ``flat`` alone: written, run, stopped, looked at, run to its end; from an empty folder."""

import os
import signal
import subprocess
import sys

import pytest
from own_texts import EMPTY, mails, write_csv

from flat.report.summary_items import collect
from flat.study.load import load

pytestmark = pytest.mark.workflow
COMMAND = [sys.executable, "-m", "flat.command"]
RUN = ("run", "mails.yaml", "--cores", "2")


@pytest.fixture
def folder(tmp_path, resources):
    """An empty folder, and how to give ``flat`` there."""
    environment = os.environ | {"FLAT_RESOURCES": str(resources), "OMP_NUM_THREADS": "1"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}

    def start(*words: str) -> subprocess.Popen:
        return subprocess.Popen([*COMMAND, *words], cwd=tmp_path, env=environment, **streams)

    def flat(*words: str) -> str:
        running = start(*words)
        said, _ = running.communicate(timeout=300)
        assert running.returncode == 0, said
        return said

    flat.start, flat.path = start, tmp_path
    return flat


def test_a_study_of_ones_own_from_its_file_to_its_report(folder, monkeypatch):
    write_csv(folder.path / "mails.csv", mails(180))
    said = folder("new", "--csv", "mails.csv", "--attacks", "pwws", "--minutes", "0.5")
    assert "180 rows" in said and f"empty text: row {EMPTY + 1}" in said
    assert "0 of 38 jobs done, 38 left" in folder("status", "mails.yaml")

    running = folder.start(*RUN)
    lines = []
    for line in running.stdout:
        lines.append(line)
        if "train_base" in line:
            break
    assert running.poll() is None, lines
    during = folder("status", "mails.yaml")
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=120)
    assert running.returncode == 130, rest
    assert "stopping: " in rest and "flat run mails.yaml goes on from there" in rest
    assert "failed" not in rest and "Traceback" not in rest
    assert "Snakemake is at work in this folder" in during and "about" in during
    finished = [line for line in [*lines, *rest.splitlines()] if "/39 " in line]
    assert any("train_base            mails · CNN · seed 0" in line for line in finished)
    assert not list((folder.path / ".snakemake/locks").glob("*"))

    after = folder("status", "mails.yaml")
    done = int(after.split(": ")[1].split(" of ")[0])
    assert done >= len(finished) and "next     flat run mails.yaml" in after

    said = folder(*RUN)
    assert f"/{39 - done}  train_base" not in said  # what is done is not done again
    assert f" 1/{39 - done} " in said and "write_report          the study" in said
    assert "  1. After-attack accuracy of FLAT" in said and "Claims    " in said and "/claims.csv" in said
    for page in ("explorer: ", "report:   "):
        assert f"\n{page}{(folder.path / 'results/mails' / page.strip(': ')).as_uri()}.html\n" in said
    assert "38 of 38 jobs done, 0 left" in folder("status", "mails.yaml")
    monkeypatch.chdir(folder.path)
    assert not [item for item in collect(load("mails.yaml")) if item.missing]
