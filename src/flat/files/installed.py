"""Where the workflow of this installation lies: beside the library in a wheel, in the repository in a checkout."""

from pathlib import Path

_PACKAGED = Path(__file__).resolve().parents[1] / "workflow"
# The folder that holds the Snakefile, rules/, config/, profiles/ ...
ROOT: Path = _PACKAGED if (_PACKAGED / "Snakefile").is_file() else Path(__file__).resolve().parents[3]
