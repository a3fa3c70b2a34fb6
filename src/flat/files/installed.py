"""Where the workflow lies that belongs to this library."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def root(package: Path) -> Path:
    """The folder of Snakefile, rules, scripts and config: the wheel carries it inside, in a checkout it is the top."""
    carried = package / "workflow"
    return carried if (carried / "Snakefile").is_file() else package.parents[1]


ROOT = root(PACKAGE)
"""The folder that holds the Snakefile."""

IN_CHECKOUT = ROOT != PACKAGE / "workflow"
