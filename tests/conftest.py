"""Fixtures that every test may use."""

import gc
import os
import signal
from pathlib import Path

import pytest

# as the scripts compute: one thread, so that a test's numbers do not depend on the machine's cores
os.environ.setdefault("OMP_NUM_THREADS", "1")


def heed_signals() -> None:
    """Heed what nohup, or a shell that starts something in the background, lets be ignored; children inherit it."""
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


heed_signals()


# files whose tests wait, or run a study, the longest ones before: no process is left with one of them at the end
FIRST = (
    "test_slurm",
    "test_faults",  # has the tiny study run that others look at
    "test_campaign",
    "test_kills",
    "test_worked_examples",
    "test_tiny_study",
    "test_own_folders",
    "test_seeds_and_claims",
    "test_flat_command",
    "test_plans",
)


def place(item) -> int:
    """Where a test's file stands in a run: FIRST, others that run Snakemake, the rest."""
    name = item.path.stem
    return FIRST.index(name) if name in FIRST else len(FIRST) + ("workflow" not in item.path.parts)


def pytest_collection_modifyitems(items) -> None:
    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the garbage collector from what collecting imports and finds: a million objects, which stay to the end.

    It would go through them all again and again, in each process that runs tests.
    """
    gc.disable()
    found = yield
    gc.freeze()
    gc.enable()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """So with what a file of tests leaves behind: tables that are read once, modules that it imported."""
    found = yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()
    return found


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def resources() -> Path:
    """The folder of fetched resources, with all those of the embedded study in it.

    Without them the test is skipped with the reason, except under ``make test``, which sets FLAT_REQUIRE_RESOURCES:
    there a broken set-up must not look like a pass.
    """
    from flat.resources.catalogue import load_catalogue
    from flat.resources.fetch import in_place
    from flat.resources.places import resources_root

    root = resources_root()
    catalogue = load_catalogue()
    absent = [name for name in catalogue.defaults() if not in_place(catalogue[name], root)]
    if absent:
        reason = f"resources not in place: {', '.join(absent)} (make setup fetches them)"
        if os.environ.get("FLAT_REQUIRE_RESOURCES") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return root
