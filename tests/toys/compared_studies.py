"""Two finished studies with texts in common, texts of their own, and one id that is two texts; and what they hold."""

from pathlib import Path

import yaml
from explorer_studies import PLAIN, put
from typer.testing import CliRunner

from flat.command.app import app
from flat.files.artefacts import read_table
from flat.study import paths
from flat.study.grid import attacked_cells

TEXTS = [f"{text} number {at}" for at in range(6) for text in PLAIN]
ANOTHER = 7  # the example that is another text in B


def two(folder: Path, texts=TEXTS, **changes) -> tuple[str, str]:
    """The study files of A and B. B has another text under one id and one text more."""
    other = [*texts[:ANOTHER], "another text stands here", *texts[ANOTHER + 1 :], "and one more"]
    named = {"name": "other", "torch_threads": 2}
    a = put(folder / "a", texts, seed=0, **changes)
    b = put(folder / "b", other, seed=1, **changes, **named)
    files = []
    for name, study in (("a", a), ("b", b)):
        file = folder / name / "study.yaml"
        file.write_text(yaml.safe_dump(study.model_dump(mode="json"), allow_unicode=True), "utf-8")
        files.append(str(file))
    return files[0], files[1]


def page_of(files: tuple[str, str], place: Path) -> Path:
    """The page that ``flat compare --html`` writes of them."""
    done = CliRunner().invoke(app, ["compare", *files, "--html", str(place)])
    assert done.exit_code == 0, done.output
    return place


def outcomes(study) -> dict[tuple[str, str], tuple[str, str]]:
    """Of each strategy and example the original text and what came of the attack, from the ledgers."""
    found = {}
    for attacked in attacked_cells(study):
        ledger = read_table(paths.test_ledger(study, attacked))
        for row in ledger.to_dict("records"):
            found[attacked.cell.strategy, row["example_id"]] = (row["original"], row["status"])
    return found
