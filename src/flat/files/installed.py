"""Where the workflow lies that belongs to this library, and TextAttack where no package manager put it."""

import importlib.util
import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def root(package: Path) -> Path:
    """The folder of Snakefile, rules, scripts and config: the wheel carries it inside, in a checkout it is the top."""
    carried = package / "workflow"
    return carried if (carried / "Snakefile").is_file() else package.parents[1]


ROOT = root(PACKAGE)
"""The folder that holds the Snakefile."""

IN_CHECKOUT = ROOT != PACKAGE / "workflow"


def textattack_is_there() -> bool:
    """Whether TextAttack can be imported. Where it is not installed and is fetched, its resource is taken for it.

    What TextAttack declares does not resolve to versions that work together. So FLAT's package does not ask for it,
    and takes its one wheel as a resource. A checkout's set-up installs it without what it declares.
    """
    if importlib.util.find_spec("textattack") is not None:
        return True
    held = Path(os.environ.get("FLAT_RESOURCES") or "resources").resolve() / "textattack"
    if not (held / "provenance.json").is_file():
        return False
    sys.path.append(str(held))  # behind everything else that Python looks through
    importlib.invalidate_caches()
    return importlib.util.find_spec("textattack") is not None
