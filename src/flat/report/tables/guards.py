"""The table of guards: what each attacked cell's numbers should be judged by (docs/guards.md)."""

from collections.abc import Iterable

from flat.analysis.guards.flags import METRICS
from flat.report.tables import notes
from flat.report.tables.grid import Extras, attack_title, dataset_title, framed, model_title, strategy_title
from flat.report.tables.index import Index
from flat.report.tables.layout import Column, Layout, Row, Table
from flat.study.cells import NO_ATTACK, AttackedCell, cell_at
from flat.study.grid import checked_cells

NOT_SHOWN = ("most_frequent_label_percent",)  # what the share of the same answer is judged by


def guards(study, index, extras: Extras) -> Table:
    """The cells of Tables 3 and 8, and every other cell with a flag; ``extras.guards`` holds all cells."""
    found = Index(extras.guards)
    rows = attacked_rows(study, [*checked_cells(study), *_flagged(study, extras.flags)])
    columns = [
        Column(metric.title, {"metric": name}, metric.unit, f".{metric.decimals}f")
        for name, metric in METRICS.items()
        if name not in NOT_SHOWN
    ]
    layout = Layout(("Data", "Attack", "Model"), tuple(rows), tuple(columns), blocks=2)
    frame = framed("guards", study, layout, found.find, extras)
    chosen = study.guards
    below = [
        *notes.opening(study, frame, own=True),
        f"Same answer: share of the originals that get the most frequent answer; flagged above "
        f"{100 * chosen.constant_share:g} % if the labels are not as uneven.",
        f"Saturated: the largest probability of the answer to the original exceeds {chosen.saturated_probability:g}; "
        f"flagged above {100 * chosen.saturated_share:g} %. Margin: median of the largest logit minus the second.",
        _calibration(study),
        "AA, known words: a success with a substitute outside the model's vocabulary counts as failed; what lies "
        "between it and AA rests on words that the model reads as its unknown word. "
        "Encoders know every word by its pieces (“not run”).",
        "Unchecked: searched texts too short for the attack's similarity check, or attacks that have none.",
        notes.counts_by_attack(study, frame, "after_attack_accuracy_percent", "Attacked test examples"),
        notes.seeds(study, frame),
    ]
    caption = (
        "How far the after-attack accuracies can be trusted: answers and certainty of the victims, after-attack "
        "accuracy (AA, %) on a sub-sample at temperature 1 and at the temperature T fitted on dev, the part of AA that "
        "rests on words outside the vocabulary, and texts whose similarity nothing checked."
    )
    return Table("guards", caption, frame, layout, notes.joined(below))


def _flagged(study, flags) -> list[AttackedCell]:
    """Attacked cells with a flag, as cells of the first seed."""
    found = [] if flags is None else flags[flags["attack"] != ""].to_dict("records")
    return [AttackedCell(cell_at({**flag, "seed": study.seeds[0]}), flag["attack"]) for flag in found]


def attacked_rows(study, attacked: Iterable[AttackedCell]) -> list[Row]:
    """Rows of a table with a row for each attacked cell, in the order of the study; seeds share a row."""
    places = {name: list(getattr(study, name)) for name in ("datasets", "models", "strategies", "attacks")}

    def place(a: AttackedCell) -> tuple:
        of_model = (places["models"].index(a.cell.model), places["strategies"].index(a.cell.strategy))
        of_column = (places["datasets"].index(a.cell.dataset), places["attacks"].index(a.attack))
        return (*of_column, *of_model, a.cell.train_attack)

    return [_row(study, a) for a in sorted({a for a in attacked if a.cell.seed == study.seeds[0]}, key=place)]


def _row(study, attacked: AttackedCell) -> Row:
    """A model that was trained on another attack than the row's says so."""
    cell = attacked.cell
    keys = {name: getattr(cell, name) for name in ("dataset", "model", "strategy", "train_attack")}
    label = f"{model_title(study, cell.model)}-{strategy_title(study, cell.strategy)}"
    if cell.train_attack not in (NO_ATTACK, attacked.attack):
        label += f" (trained on {attack_title(study, cell.train_attack)})"
    labels = (dataset_title(study, cell.dataset), attack_title(study, attacked.attack), label)
    return Row(labels, keys | {"attack": attacked.attack})


def _calibration(study) -> str:
    chosen = study.guards.calibration
    if chosen is None:
        return "No cell was attacked at its fitted temperature: guards.calibration of the study is null."
    return (
        f"T: fitted on dev. The cells of guards.calibration are attacked again with their logits divided by T, on "
        f"{chosen.examples} of their examples (all, if they have no more); a drop of AA by more than "
        f"{study.guards.tolerated_drop:g} points is flagged."
    )
