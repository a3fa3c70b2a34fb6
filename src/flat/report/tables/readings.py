"""The table of readings: what each reading of the method does to accuracy, robustness and explanations."""

from collections.abc import Mapping

from flat.analysis.measurements import METRICS
from flat.report.tables import notes
from flat.report.tables.grid import Extras, attack_title, dataset_title, framed, model_title, strategy_title
from flat.report.tables.index import Index
from flat.report.tables.layout import Column, Layout, Row, Table, Value
from flat.report.tables.robustness import AA, BESIDE_AA
from flat.study.cells import Cell
from flat.study.grid import reading_cells
from flat.study.readings import means_something, reading_of, switches_of
from flat.study.settings import attacked_train, last_round, objective_of, rounds_of, training_of

SA, KT, TI = "test_accuracy_percent", "kendall_tau", "topk_intersection"
SHOWN = (("SA", {"metric": SA}), ("AA", {"metric": AA}), ("KT", {"metric": KT, "method": "ig"}))
DIFFERENCE_UNIT = {SA: "percentage points", AA: "percentage points", KT: METRICS[KT].unit}


def readings(study, index: Index, extras: Extras) -> Table:
    """The table of ``artefacts.readings``; each model's first row is what its other rows are compared with."""
    own = study.artefacts.readings
    cells = [a.cell for a in reading_cells(study) if a.cell.seed == study.seeds[0]]
    first: dict[str, Cell] = {}
    for cell in cells:
        first.setdefault(cell.model, cell)
    cells.sort(key=lambda cell: list(first).index(cell.model))  # a model's rows together, else as the study has them
    rows = [Row(_labels(study, cell, first[cell.model]), _keys(cell, own.attack)) for cell in cells]

    def find(keys: Mapping[str, object]) -> Value | None:
        asked = _measured(keys)
        if not keys.get("minus"):
            return index.find(asked)
        return index.difference(asked, _measured({**keys, **_keys(first[keys["model"]], own.attack)}))

    layout = Layout(("Model", "Data", "Trained as", "Differs in"), tuple(rows), _columns(), extras.pair_sets, blocks=1)
    frame = framed("readings", study, layout, find, extras)
    caption = (
        "Standard accuracy (SA, %), after-attack accuracy (AA, %) and Kendall's tau of integrated gradients (KT) of "
        f"models that differ in how the method is read, trained on and attacked by {attack_title(study, own.attack)}. "
        "Δ: difference to the model's first row."
    )
    below = [
        *notes.opening(study, frame, own=True),
        notes.counts(study, frame, SA, "Test texts (SA)"),
        notes.counts(study, frame, AA, "Attacked test examples (AA)"),
        *(notes.pairs(study, frame, name) for name in extras.pair_sets),
        notes.explanations(study, "ig"),
        notes.incomplete(study, frame),
        notes.dropped(frame),
        notes.limits(study, frame),
        f"Reading of the method where a row says nothing else: {notes.READINGS[study.method.reading]} "
        "(docs/method.md). “shared” are the texts of the base model of a row's model and data set.",
        notes.training(study, frame),
        notes.seeds(study, frame),
    ]
    return Table("readings", caption, frame, layout, notes.joined(below))


def differences(study, cell: Cell, reference: Cell) -> list[str]:
    """What a cell is trained, or what data it reads, otherwise than the reference: “double_softmax”, “keep: all”."""
    mine, others = settings_of(study, cell), settings_of(study, reference)
    return [notes.setting(name, value) for name, value in mine.items() if value != others[name]]


def settings_of(study, cell: Cell) -> dict[str, object]:
    """Everything that decides what a cell's model is, by a readable name."""
    strategy = study.strategies[cell.strategy].model_dump(include={"adversarial", "mask", "groups", "start"})
    rounds, dataset = rounds_of(study, cell), study.datasets[cell.dataset]
    source = dataset.source.model_dump(include={"kind", "corpus", "path", "train"})
    data = {name: value for part in ("splits", "cleaning", "vocabulary") for name, value in getattr(dataset, part)}
    return {
        **switches_of(study, cell.model, cell.strategy),
        **strategy,
        **objective_of(study, cell),
        "rounds": rounds.count,
        "accumulate rounds": rounds.accumulate,
        "train texts attacked": attacked_train(study, cell),
        **training_of(study, cell, last_round(study, cell)).model_dump(),
        "source": " ".join(source.values()),
        **data,
        "max_length": dataset.max_length,
    }


def _labels(study, cell: Cell, reference: Cell) -> tuple[str, ...]:
    """Model, data, strategy, and what differs from the model's first row; that row names its own reading."""
    if cell == reference:
        usual, taken = reading_of(study, cell.model), switches_of(study, cell.model, cell.strategy)
        otherwise = [
            notes.setting(name, value)
            for name, value in taken.items()
            if value != usual[name] and means_something(study, cell.model, cell.strategy, name)
        ]
        differs = "; ".join([f"(reading: {study.method.reading})", *otherwise])
    else:
        differs = "; ".join(differences(study, cell, reference)) or "nothing"
    return (
        model_title(study, cell.model),
        dataset_title(study, cell.dataset),
        strategy_title(study, cell.strategy),
        differs,
    )


def _keys(cell: Cell, attack: str) -> dict[str, object]:
    names = ("dataset", "model", "strategy", "train_attack")
    return {name: getattr(cell, name) for name in names} | {"attack": attack}


def _measured(keys: Mapping[str, object]) -> dict[str, object]:
    """The keys of the measurement: an accuracy on clean text belongs to no attack, whatever attack the row is about."""
    return {**keys, "attack": ""} if keys["metric"] == SA else dict(keys)


def _columns() -> tuple[Column, ...]:
    """SA, AA, KT, each with its difference; in the csv also TI@5 and what stands beside AA in Table 3."""
    columns = []
    for title, keys in SHOWN:
        metric = METRICS[keys["metric"]]
        columns.append(Column(title, keys, metric.unit, f".{metric.decimals}f"))
        unit = DIFFERENCE_UNIT[keys["metric"]]
        columns.append(Column(f"Δ {title}", keys | {"minus": "first row"}, unit, f"+.{metric.decimals}f"))
    hidden = [{"metric": TI, "method": "ig", "k": 5}, {"metric": "incomplete_percent"}]
    hidden += [{"metric": name} for name in BESIDE_AA]
    for keys in hidden:
        metric = METRICS[keys["metric"]]
        columns.append(Column(metric.title, keys, metric.unit, f".{metric.decimals}f", shown=False))
    return tuple(columns)
