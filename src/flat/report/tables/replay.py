"""The transfer matrix: adversarial texts made against one model (rows), read by every other (columns)."""

from collections.abc import Mapping

from flat.analysis.replay import METRICS, summarise
from flat.report.tables import notes
from flat.report.tables.grid import Extras, attack_title, dataset_title, framed, model_title, strategy_title
from flat.report.tables.index import over_seeds
from flat.report.tables.layout import Column, Layout, Row, Table, Value
from flat.study.grid import replay_cells

ACCURACY, TRANSFER, ORIGINALS = "replayed_accuracy_percent", "transfer_percent", "original_accuracy_percent"
KEYS = ("model", "strategy", "train_attack", "source_model", "source_strategy", "source_train_attack", "metric")


def replay(study, index, extras: Extras) -> Table:
    """The table of ``artefacts.replay``; every number is recounted from the answers, ``extras.replays``."""
    own = study.artefacts.replay
    fixed = {"dataset": own.dataset, "attack": own.attack}
    models = list(dict.fromkeys((a.cell.model, a.cell.strategy, a.cell.train_attack) for a in replay_cells(study)))
    labels = ("Percent", "Texts made against")
    layout = Layout(labels, tuple(_rows(study, models)), tuple(_columns(study, models, fixed)), blocks=1)
    values = _values(extras.replays)

    def find(keys: Mapping[str, object]) -> Value | None:
        return values.get(tuple(keys.get(name, "") for name in KEYS))

    frame = framed("replay", study, layout, find, extras)
    where = f"{dataset_title(study, own.dataset)}, {attack_title(study, own.attack)}"
    caption = (
        f"Adversarial texts stored from one model (row), asked of the others (column): {where}. Models that trained on "
        f"adversarial texts trained on those of {attack_title(study, own.train_attack)}. Accuracy: right answers to "
        "the texts of all attacked examples, a skipped example's being its original. Transfer rate: of the texts that "
        "fooled the row's model and whose originals the column's model has right, the share that fools it too."
    )
    below = [
        *notes.opening(study, frame, own=True),
        notes.counts(study, frame, ACCURACY, "Attacked test examples, the same for every model"),
        _fooling(frame),
        "On its own texts a model's accuracy is its after-attack accuracy and its transfer rate 100. Texts of another "
        "model were not made against it: its accuracy on them says how far an attack carries, not how robust it is.",
        *notes.closing(study, frame),
    ]
    return Table("replay", caption, frame, layout, notes.joined(below))


def _rows(study, models) -> list[Row]:
    """The originals, then the texts made against each model; accuracies above, transfer rates below."""
    rows = [Row(("Accuracy", "no model (originals)"), {"metric": ORIGINALS})]
    for label, metric in (("Accuracy", ACCURACY), ("Transfer rate", TRANSFER)):
        for model, strategy, train_attack in models:
            keys = {"source_model": model, "source_strategy": strategy, "source_train_attack": train_attack}
            name = f"{model_title(study, model)}-{strategy_title(study, strategy)}"
            rows.append(Row((label, name), keys | {"metric": metric}))
    return rows


def _columns(study, models, fixed: Mapping[str, str]) -> list[Column]:
    return [
        Column(
            strategy_title(study, strategy),
            {**fixed, "model": model, "strategy": strategy, "train_attack": train_attack},
            METRICS[ACCURACY].unit,
            f".{METRICS[ACCURACY].decimals}f",
            group=model_title(study, model),
        )
        for model, strategy, train_attack in models
    ]


def _values(replays) -> dict[tuple, Value]:
    """KEYS -> the mean over seeds."""
    if replays is None:
        return {}
    seeds: dict[tuple, dict[int, tuple[float, int, int]]] = {}
    for record in summarise(replays).to_dict("records"):
        seeds.setdefault(tuple(record[name] for name in KEYS), {})[record["seed"]] = (record["value"], record["n"], 0)
    return {keys: over_seeds(found) for keys, found in seeds.items()}


def _fooling(frame) -> str:
    rates = frame[(frame["metric"] == TRANSFER) & (frame["ours_n"] > 0)]
    if not len(rates):
        return ""
    return f"Texts behind a transfer rate: {int(rates['ours_n'].min())} to {int(rates['ours_n'].max())}."
