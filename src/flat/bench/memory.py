"""``python -m flat.bench.memory``: peak memory of an attack job on 500 texts and on ten times as many.

Each job is ``flat.attacks.job.attack_split``, from files to files, in a process of its own: the CNN of the benchmark
attacked with PWWS. The outcome goes to results/bench/memory.json; status 1 if the peak grows by more than a tenth.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from flat.attacks.job import AttackJob, attack_split
from flat.attacks.lexicon import wordnet_table
from flat.attacks.textattack_adapter.words import attack_vocabulary
from flat.bench import material
from flat.files.artefacts import write_json, write_table
from flat.resources import locate

FEW, MANY = 500, 5000
ALLOWED = 1.1
SUMMARY = "results/bench/memory.json"


@dataclass(frozen=True)
class Peaks:
    """Peak resident memory (MiB) of two jobs, and how many texts each attacked."""

    few_texts: int
    many_texts: int
    few_mib: float
    many_mib: float

    @property
    def growth(self) -> float:
        return self.many_mib / self.few_mib


def measure(model_folder: Path, texts: Sequence[tuple[str, int]], few: int = FEW) -> Peaks:
    """The peaks of an attack on the first ``few`` of ``texts`` and on all."""
    with tempfile.TemporaryDirectory() as folder:
        _write_table_of_synonyms(texts, Path(folder))
        peaks = [_peak(model_folder, texts[:count], Path(folder)) for count in (few, len(texts))]
    return Peaks(few, len(texts), *peaks)


def _write_table_of_synonyms(texts: Sequence[tuple[str, int]], folder: Path) -> None:
    """As the rule look_up_synonyms makes it."""
    words = attack_vocabulary(text for text, _ in texts)
    wordnet_table.write(folder / "wordnet.json", wordnet_table.build(words, locate("wordnet")))


def _peak(model_folder: Path, texts: Sequence[tuple[str, int]], folder: Path) -> float:
    """MiB. The job runs in a new interpreter: a forked one would begin with what is loaded here."""
    import pandas as pd  # for cost
    import pyarrow as pa  # for cost

    fields = [("example_id", pa.string()), ("text", pa.string()), ("label", pa.int64())]
    rows = [(f"{n:06d}", text, label, text.split(" ")) for n, (text, label) in enumerate(texts)]
    frame = pd.DataFrame(rows, columns=["example_id", "text", "label", "words"])
    write_table(folder / "texts.parquet", frame, pa.schema([*fields, ("words", pa.list_(pa.string()))]))
    command = [sys.executable, "-m", "flat.bench.memory", "--job", str(model_folder), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _job(model_folder: Path, folder: Path) -> float:
    """Attack the texts of a folder; this process's peak in MiB."""
    job = AttackJob(
        model_folder=model_folder,
        spec={"recipe": "pwws", "resources": {}, "parameters": {}, "query_budget": None, "time_limit": None},
        tables={"wordnet": str(folder / "wordnet.json")},
        seed=material.SEED,
        workers=1,
        journal=folder / "journal",
        device="cpu",
    )
    ends = {"ledger": "ledger.parquet", "seconds": "seconds.parquet", "lock": "lock.json"}
    outputs = {kind: str(folder / end) for kind, end in ends.items()}
    attack_split(job, outputs, split=str(folder / "texts.parquet"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flat.bench.memory", description=__doc__.split("\n")[0])
    parser.add_argument("--texts", type=int, default=MANY, help=f"number of texts of the larger job (default {MANY})")
    parser.add_argument("--job", nargs=2, type=Path, metavar=("MODEL", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.job:
        print(json.dumps(_job(*options.job)))
        return 0
    material.victim("cnn")  # trains it where it is not there yet
    found = measure(material.victim_folder("cnn"), material.texts("short", options.texts), min(FEW, options.texts))
    write_json(SUMMARY, asdict(found) | {"growth": round(found.growth, 4), "allowed": ALLOWED})
    print(
        f"peak of {found.few_texts} texts {found.few_mib:.0f} MiB, of {found.many_texts} {found.many_mib:.0f} MiB:"
        f" {found.growth:.3f} times (allowed: {ALLOWED})"
    )
    return int(found.growth > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
