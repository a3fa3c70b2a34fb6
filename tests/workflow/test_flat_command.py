"""A study of one's own by ``flat`` alone: written, run, stopped, looked at, run to its end; from an empty folder."""

import os
import signal
import subprocess
import sys

import pytest
from strangers import EMPTY, sms

from flat.report.explorer.page import facts_of
from flat.report.summary_items import collect
from flat.study.load import load

pytestmark = pytest.mark.workflow
COMMAND = [sys.executable, "-m", "flat.command"]
RUN = ("run", "sms.yaml", "--cores", "2")


@pytest.fixture
def folder(tmp_path, resources):
    """An empty folder, and how to give ``flat`` there."""
    environment = os.environ | {"FLAT_RESOURCES": str(resources), "OMP_NUM_THREADS": "1"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}

    def start(*words: str) -> subprocess.Popen:
        return subprocess.Popen([*COMMAND, *words], cwd=tmp_path, env=environment, **streams)

    def flat(*words: str) -> str:
        running = start(*words)
        said, _ = running.communicate(timeout=900)
        assert running.returncode == 0, said
        return said

    flat.start, flat.path = start, tmp_path
    return flat


def test_a_study_of_ones_own_from_its_file_to_its_report(folder, monkeypatch):
    sms(folder.path / "sms.csv", 240)
    said = folder("new", "--csv", "sms.csv", "--attacks", "pwws", "--minutes", "0.5")
    assert "240 rows" in said and "column kind, 2 classes: ham" in said
    assert f"empty text: row {EMPTY + 1}; left out" in said and "repeated text: rows" in said
    assert "of the texts have signs that are dropped: " in said and "\N{FACE WITH TEARS OF JOY}" in said
    assert "0 of 38 jobs done, 38 left" in folder("status", "sms.yaml")

    running = folder.start(*RUN)
    lines = []
    for line in running.stdout:
        lines.append(line)
        if "train_base" in line:
            break
    assert running.poll() is None, lines
    during = folder("status", "sms.yaml")
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=120)
    assert running.returncode == 130, rest
    assert "stopping: " in rest and "flat run sms.yaml goes on from there" in rest
    assert "failed" not in rest and "Traceback" not in rest
    assert "Snakemake is at work in this folder" in during and "about" in during
    finished = [line for line in [*lines, *rest.splitlines()] if "/39 " in line]
    assert any("train_base            sms · CNN · seed 0" in line for line in finished)
    assert not list((folder.path / ".snakemake/locks").glob("*"))

    after = folder("status", "sms.yaml")
    done = int(after.split(": ")[1].split(" of ")[0])
    assert done >= len(finished) and "next     flat run sms.yaml" in after

    said = folder(*RUN)
    assert f"/{39 - done}  train_base" not in said  # what is done is not done again
    assert f" 1/{39 - done} " in said and "write_report          the study" in said
    assert "  1. After-attack accuracy of FLAT" in said and "Claims    " in said and "/claims.csv" in said
    for page in ("explorer: ", "report:   "):
        assert f"\n{page}{(folder.path / 'results/sms' / page.strip(': ')).as_uri()}.html\n" in said
    assert "38 of 38 jobs done, 0 left" in folder("status", "sms.yaml")
    monkeypatch.chdir(folder.path)
    assert not [item for item in collect(load("sms.yaml")) if item.missing]
    facts = facts_of(folder.path / "results/sms/explorer.html")
    assert facts["datasets"][0]["classes"] == ["ham", "spam"] and not facts["prints"]
    assert {"urgent", "reply"} & set(facts["words"]) and len(facts["sentences"]) == 5
