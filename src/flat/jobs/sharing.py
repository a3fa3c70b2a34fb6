"""Jobs in an environment of their own (``--sdm conda``) import this package, which is not installed there."""

import os
import sysconfig
from pathlib import Path

from flat.jobs.script import share_package

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARY = Path(".snakemake", "library")  # below the working folder, where Snakemake keeps its own


def share(other_environment: bool) -> None:
    """Let the jobs that this process starts import this package.

    Args:
        other_environment: jobs get one of their own. Where this package is installed beside others, they are given a
            folder that holds this one alone: the others are not the versions of the environment's locks.
    """
    if PACKAGE.parent != Path(sysconfig.get_path("purelib")).resolve():
        share_package()  # a checkout: nothing else lies beside it
    elif other_environment:
        known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(_alone()), *known]))


def _alone() -> Path:
    """A folder in which nothing but a link to the package lies."""
    folder = LIBRARY.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / PACKAGE.name
    if not link.is_symlink() or link.resolve() != PACKAGE:
        new = folder / f"{PACKAGE.name}.{os.getpid()}"
        new.symlink_to(PACKAGE)
        new.replace(link)  # at once: jobs of another call may be importing
    return folder
