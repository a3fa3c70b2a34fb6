"""Python imports this when it starts under ``flat.jobs.warm``: a job's script is handed over before its first import.

Snakemake's preamble alone would import a tenth of a second of Snakemake into a process that only waits.
"""

import sys


def _begin() -> None:
    script = sys.orig_argv[1:]
    if len(script) == 1 and "/.snakemake/scripts/" in script[0]:
        from flat.jobs.handover import hand_over  # for cost: every other process that starts
        from flat.jobs.lifeline import hold  # for cost

        hand_over(script, hold())


def _give_way() -> None:
    """Run the ``sitecustomize`` of this machine, which this one hides."""
    from contextlib import suppress  # for cost: every process that starts comes here
    from pathlib import Path  # for cost

    own, here = sys.modules.pop(__name__), str(Path(__file__).parent)
    path, sys.path[:] = list(sys.path), [place for place in sys.path if place != here]
    with suppress(ImportError):
        import sitecustomize  # noqa: F401 (another file of this name)
    sys.modules.setdefault(__name__, own)
    sys.path[:] = path


_begin()
_give_way()
