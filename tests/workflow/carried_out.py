"""A copy of the finished tiny study in which a page of docs/ is carried out."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import worked_examples as examples

from tests.toys import preloaded
from tests.workflow.conftest import Checkout

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = Path("results/tiny")
LEDGER = "attacks/test/sst2/CNN/{}/seed0/{}/ledger.parquet"
TRAINED = {"base": "base/none", "adv": "adv/textfooler", "FLAT": "FLAT/textfooler"}
FILES_OF_CODE = {  # most files of code that a section of a page may touch; config/claims.yaml is no code
    "add-a-claim": 0,
    "add-a-column": 1,
    "add-a-guard": 3,
    "add-a-loss-term": 3,
    "add-a-source": 2,
    "add-a-study-key": 2,
    "add-a-table": 2,
    "add-an-explanation-method": 0,
}


class Copy(Checkout):
    """A copy of the finished checkout, changed as a page says."""

    def shell(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=preloaded.with_forked_jobs(self.environment),
            text=True,
            capture_output=True,
            timeout=600,
        )
        assert done.returncode == 0, f"exit {done.returncode} of {script}:\n{done.stdout}{done.stderr[-4000:]}"
        return done.stdout

    def ask(self, code: str):
        """What Python code in the copy, with the copy's library, prints as JSON."""
        done = preloaded.python(["-c", code], self.folder, self.environment)
        assert done.returncode == 0, done.output[-4000:]
        return json.loads(done.output.splitlines()[-1])

    def table(self, path: str) -> pd.DataFrame:
        file = self.folder / RESULTS / path
        return pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, keep_default_na=False)

    def ledger(self, strategy: str, attack: str = "textfooler") -> pd.DataFrame:
        return self.table(LEDGER.format(TRAINED[strategy], attack))


def carried_out(name: str, finished, resources, folder: Path) -> Copy:
    """A copy in which a page is carried out: its changes, which rules run again, its commands, what they print."""
    page = DOCS / f"{name}.md"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("__pycache__", "log"))
    copy = Copy(folder, resources)
    examples.write_files(page, folder)
    touched = {section: examples.code_files(paths) for section, paths in examples.apply(page, folder).items()}
    assert max(map(len, touched.values())) <= FILES_OF_CODE[name], touched
    _is_clean(copy, [path for paths in touched.values() for path in paths])
    again, stay = (examples.rules_named(page, heading) for heading in ("Runs again:", "Stays:"))
    if again or stay:
        planned = set(copy.plan()) - {"all"}
        assert planned == again if again else not planned & stay, sorted(planned)
    for script, shown in examples.commands(page):
        printed = copy.shell(script)
        if shown is not None:
            assert examples.without_numbers(printed) == examples.without_numbers(shown), printed
    return copy


def _is_clean(copy: Copy, files: list[str]) -> None:
    """Style and format of the changed code, and a schema that can be made anew."""
    python = [file for file in files if file.endswith(".py")]
    if python:
        copy.shell(f"ruff check --quiet {' '.join(python)} && ruff format --check --quiet {' '.join(python)}")
    rules = [file for file in files if not file.endswith(".py")]
    if rules:
        copy.shell(f"snakefmt --check --quiet {' '.join(rules)}")
