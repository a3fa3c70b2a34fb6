"""Where each file of a study lives: the only place that knows the layout of ``results/<study>/`` (docs/files.md).

Each method takes the coordinates of a cell as text, so that the same method gives a rule's pattern (coordinates are
wildcards such as ``{dataset}``) and a table's concrete file.
"""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from flat.study.cells import AttackedCell, Cell, base_of
from flat.study.readings import switches_of
from flat.study.schema import Study
from flat.study.settings import last_round

CELL = {name: "{" + name + "}" for name in ("dataset", "model", "strategy", "train_attack", "seed")}


@dataclass(frozen=True)
class Paths:
    """Paths below ``root``, for example ``results/demo``."""

    root: str

    # --- data
    def split(self, dataset: str, split: str) -> str:
        return f"{self.root}/data/{dataset}/{split}.parquet"

    def data(self, dataset: str, file: str) -> str:
        """summary.json, vocabulary.json, vectors.safetensors, examples.json, synonyms.json, groups<N>.json."""
        return f"{self.root}/data/{dataset}/{file}"

    # --- models
    def model(self, file: str, round: object, *, dataset, model, strategy, train_attack, seed) -> str:
        """A file of the checkpoint of one round: model.safetensors, config.json, vocabulary.json, history.csv ..."""
        return f"{self.root}/models/{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/round{round}/{file}"

    # --- attacks
    def train_ledger(self, file: str, round: object, *, dataset, model, strategy, train_attack, seed) -> str:
        """The attack on the train split that makes the adversarial texts of round ``round``."""
        return f"{self.root}/attacks/train/{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/round{round}/{file}"

    def test_ledger(self, file: str, attack: str, *, dataset, model, strategy, train_attack, seed) -> str:
        """The attack ``attack`` on the test split of a trained model."""
        return f"{self.root}/attacks/test/{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/{attack}/{file}"

    def calibrated(self, file: str, attack: str, *, dataset, model, strategy, train_attack, seed) -> str:
        """The attack ``attack`` on a sub-sample of its examples, at the temperature fitted on dev."""
        return f"{self.root}/attacks/calibrated/{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/{attack}/{file}"

    # --- explanations
    def attributions(self, method: str, attack: str, *, dataset, model, strategy, train_attack, seed) -> str:
        cell = f"{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/{attack}"
        return f"{self.root}/interpretations/{method}/{cell}/attributions.parquet"

    def consistency(self, method: str, dataset: str, model: str) -> str:
        return f"{self.root}/interpretations/{method}/{dataset}/{model}/consistency.parquet"

    def faithfulness(self, method: str, attack: str, *, dataset, model, strategy, train_attack, seed) -> str:
        """What the metrics of single explanations say of a cell; only where a study names such a metric."""
        cell = f"{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/{attack}"
        return f"{self.root}/interpretations/{method}/{cell}/faithfulness.parquet"

    def importance(self, file: str, *, dataset, model, strategy, train_attack, seed) -> str:
        """importance.parquet or synonyms.parquet of a masked model."""
        return f"{self.root}/importance/{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/{file}"

    # --- guards
    def validity(self, file: str) -> str:
        """{dataset}.parquet, antonyms.parquet: what adversarial texts look like."""
        return f"{self.root}/validity/{file}"

    def tuning(self, file: str) -> str:
        """overlay.yaml: what `snakemake tune` found."""
        return f"{self.root}/tuning/{file}"

    def search(self, file: str, *, dataset, model, strategy) -> str:
        """trials.csv and what is beside it: the search of one cell."""
        return f"{self.root}/tuning/{dataset}/{model}/{strategy}/{file}"

    def tuning_ledger(self, file: str, round: object, *, dataset, model, strategy, train_attack, seed) -> str:
        """The attack on fewer train examples than the study's (``tune.attacked``) that trials start from."""
        return f"{self.root}/attacks/tuning/{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/round{round}/{file}"

    # --- what is reported
    def measurements(self) -> str:
        return f"{self.root}/measurements.parquet"

    def replay(self, attack: str, *, dataset, model, strategy, train_attack, seed) -> str:
        """What a trained model answers to the adversarial texts stored from every model of the transfer matrix."""
        cell = f"{dataset}/{model}/{strategy}/{train_attack}/seed{seed}/{attack}"
        return f"{self.root}/replay/{cell}/replay.parquet"

    def intervals(self) -> str:
        return f"{self.root}/intervals.parquet"

    def claims(self, file: str = "claims.csv") -> str:
        """claims.csv, claim_cells.csv."""
        return f"{self.root}/{file}"

    def table(self, key: str, kind: str) -> str:
        """A table by its key, "3" or "readings"; a wildcard for the file's stem goes through as it is."""
        return f"{self.root}/tables/{table_stem(key)}.{kind}"

    def figure(self, key: object, kind: str) -> str:
        """A figure by its key, 6 or "curves"; a wildcard for the file's stem goes through as it is."""
        return f"{self.root}/figures/{figure_stem(key)}.{kind}"

    def top(self, file: str) -> str:
        """report.html, provenance.json, flags.parquet, guards.parquet."""
        return f"{self.root}/{file}"

    # --- in formats of others, on request
    def evaluation(self, kind: str, attack: str, *, dataset, model, strategy, train_attack, seed) -> str:
        """json: the results of an attacked model. jsonl: its examples."""
        cell = f"{dataset}/{model}/{strategy}/{train_attack}/seed{seed}"
        return f"{self.root}/exports/evaluations/{cell}/{attack}.{kind}"

    def model_card(self, *, dataset, model, strategy, train_attack, seed) -> str:
        return f"{self.root}/exports/model_cards/{dataset}/{model}/{strategy}/{train_attack}/seed{seed}.md"

    def croissant(self, dataset: str) -> str:
        return f"{self.root}/exports/croissant/{dataset}.json"

    # --- beside the results
    def log(self, rule: str, *coordinates: str) -> str:
        return f"{self.root}/logs/{rule}/{'/'.join(coordinates) or rule}.log"

    def benchmark(self, rule: str, *coordinates: str) -> str:
        return f"{self.root}/benchmarks/{rule}/{'/'.join(coordinates) or rule}.jsonl"

    def journal(self, rule: str, *coordinates: str, kind: str = "jsonl") -> str:
        """Where a long job notes what it has finished; never a declared output, so a killed job can go on."""
        return f"{self.root}/journals/{rule}/{'/'.join(coordinates)}.{kind}"


def table_stem(key: str) -> str:
    """The name of a table's files: table3 of key "3", readings of key "readings"."""
    return f"table{key}" if key.isdigit() else key


def table_name(key: str) -> str:
    """What a table is called: Table 3, Readings."""
    return f"Table {key}" if key.isdigit() else key.capitalize()


def table_key(stem: str) -> str:
    """The key of the table whose files have this name."""
    return stem.removeprefix("table")


def figure_stem(key: object) -> str:
    """The name of a figure's files: fig6 of key 6, curves of key "curves"."""
    return f"fig{key}" if str(key).isdigit() else str(key)


def figure_name(key: object) -> str:
    """What a figure is called: Figure 6, Curves."""
    return f"Figure {key}" if str(key).isdigit() else str(key).capitalize()


def figure_key(stem: str) -> int | str:
    """The key of the figure whose files have this name."""
    number = stem.removeprefix("fig")
    return int(number) if number.isdigit() else stem


def of(study: Study) -> Paths:
    return Paths(str(PurePosixPath(study.results) / study.name))  # no "./" or "//", as the files are listed


def coordinates(cell: Cell) -> dict[str, str]:
    """A cell as keyword arguments of the methods above."""
    return {
        "dataset": cell.dataset,
        "model": cell.model,
        "strategy": cell.strategy,
        "train_attack": cell.train_attack,
        "seed": str(cell.seed),
    }


def final_model(study: Study, cell: Cell, file: str = "model.safetensors") -> str:
    """The checkpoint of the cell's last round: the one that is tested, attacked and explained."""
    return of(study).model(file, last_round(study, cell), **coordinates(cell))


def previous_model(study: Study, cell: Cell, round_: int, file: str = "model.safetensors") -> str:
    """The checkpoint round ``round_`` starts from and attacks: the round before, or where the strategy starts."""
    paths = of(study)
    if round_ > 1 or study.strategies[cell.strategy].start == "own":
        return paths.model(file, round_ - 1, **coordinates(cell))
    return paths.model(file, 0, **coordinates(base_of(cell)))


def attacked_in_round(study: Study, cell: Cell, round_: int) -> Cell:
    """The cell whose train ledger round ``round_`` trains on. Strategies that start from the base model share its first
    attack, if the base model is attacked in their mode."""
    strategy = cell.strategy
    if round_ == 1 and study.strategies[strategy].start == "base":
        modes = {switches_of(study, cell.model, name)["attack_in_train_mode"] for name in (strategy, "base")}
        strategy = "base" if len(modes) == 1 else strategy
    return replace(cell, strategy=strategy)


def train_ledger(study: Study, cell: Cell, round_: int, file: str = "ledger.parquet") -> str:
    """The ledger that round ``round_`` trains on."""
    return of(study).train_ledger(file, round_, **coordinates(attacked_in_round(study, cell, round_)))


def test_ledger(study: Study, attacked: AttackedCell, file: str = "ledger.parquet") -> str:
    return of(study).test_ledger(file, attacked.attack, **coordinates(attacked.cell))
