"""What a killed fetch leaves is deleted by the next one, and never while another process fetches."""

import os
import signal
import subprocess
import sys

import pytest

from flat.resources.catalogue import Catalogue
from flat.resources.fetch import WORKSPACE, fetch

pytestmark = pytest.mark.fault
FETCH = """
import signal, sys, time
from pathlib import Path
from flat.resources.fetch import _workspace
with _workspace(Path(sys.argv[1])) as workspace:
    (workspace / "archives" / "half.bin").write_bytes(b"half")
    print("fetching", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def fetching(tmp_path):
    """A process in the midst of a fetch into resources/."""
    root = tmp_path / "resources"
    process = subprocess.Popen([sys.executable, "-c", FETCH, root], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "fetching\n"
    yield root, process
    process.kill()
    process.communicate()


def left(root) -> list:
    return [path for path in root.iterdir() if path.name.startswith(WORKSPACE)]


def nothing(root) -> None:
    assert fetch([], root=root, catalogue=Catalogue({})) == []


def test_a_killed_fetch_is_cleared_away_by_the_next(fetching):
    root, process = fetching
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(left(root)) == 1
    (root / "wordnet").mkdir()
    nothing(root)
    assert os.listdir(root) == ["wordnet"]


def test_what_another_process_is_at_stays(fetching):
    root, process = fetching
    nothing(root)
    [workspace] = left(root)
    assert (workspace / "archives/half.bin").read_bytes() == b"half"
    assert process.poll() is None


def test_a_fetch_that_ends_by_itself_leaves_nothing_and_no_lock(tmp_path):
    nothing(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "resources" / f"{WORKSPACE}old").mkdir(parents=True)
    nothing(tmp_path / "resources")
    assert os.listdir(tmp_path / "resources") == []
