"""The table of readings: what each reading of the method does to accuracy, robustness and explanations."""

from collections.abc import Iterable, Mapping

from flat.analysis.guards.flags import METRICS as GUARD_METRICS
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
KNOWN_WORDS, OOV = "aa_known_words_percent", "oov_success_percent"
UNKNOWN_PHI, MEAN_PHI = "unknown_word_importance", "mean_word_importance"
CALIBRATED, SATURATED = "aa_calibrated_percent", "saturated_percent"
OF_GUARDS = (CALIBRATED, SATURATED, "aa_at_one_percent", "temperature")  # in guards.parquet
OF_CLEAN_TEXT = (SA, UNKNOWN_PHI, MEAN_PHI)  # belongs to no attack
COMPARED = (("SA", {"metric": SA}), ("AA", {"metric": AA}), ("KT", {"metric": KT, "method": "ig"}))
DIFFERENCE_UNIT = {SA: "percentage points", AA: "percentage points", KT: METRICS[KT].unit}
# where the number comes from, as far as it was measured
ORIGIN = {
    CALIBRATED: "AA at T",
    SATURATED: "saturated %",
    KNOWN_WORDS: "AA, known words",
    OOV: "unknown word used %",
    UNKNOWN_PHI: "φ(unknown)",
    MEAN_PHI: "φ, mean",
}


def readings(study, index: Index, extras: Extras) -> Table:
    """The table of ``artefacts.readings``, see there which row is compared with which."""
    own = study.artefacts.readings
    cells = [a.cell for a in reading_cells(study) if a.cell.seed == study.seeds[0]]
    models = list(dict.fromkeys(cell.model for cell in cells))
    first: dict[tuple, Cell] = {}
    for cell in cells:
        first.setdefault(_kind(study, cell.model, cell.strategy), cell)
    cells.sort(key=lambda cell: models.index(cell.model))  # a model's rows together, else as the study has them
    rows = [
        Row(_labels(study, cell, first[_kind(study, cell.model, cell.strategy)]), _keys(cell, own.attack))
        for cell in cells
    ]
    guarded = Index(extras.guards)

    def find(keys: Mapping[str, object]) -> Value | None:
        asked = _measured(keys)
        if keys["metric"] in OF_GUARDS:
            return guarded.find(asked)
        if not keys.get("minus"):
            return index.find(asked)
        reference = first[_kind(study, keys["model"], keys["strategy"])]
        if keys["dataset"] == reference.dataset and keys["strategy"] == reference.strategy:
            return None  # it would be 0 whatever was measured
        return index.difference(asked, _measured({**keys, **_keys(reference, own.attack)}))

    pair_sets = extras.pair_sets if own.explained else ()
    columns = _columns(own.explained)
    layout = Layout(("Model", "Data", "Trained as", "Differs in"), tuple(rows), columns, pair_sets, blocks=1)
    frame = framed("readings", study, layout, find, extras)
    explained = "Kendall's tau (KT) and top-5 intersection (TI@5) of integrated gradients"
    caption = (
        f"Standard accuracy (SA, %){',' if own.explained else ' and'} after-attack accuracy (AA, %)"
        f"{f', {explained},' if own.explained else ''} of models that differ in how the method is read, trained on and "
        f"attacked by {attack_title(study, own.attack)}. Δ: difference to the first row of the model that is trained "
        "in the same way (base, adversarially, with the same kind of mask); that row itself has none."
    )
    below = [
        *notes.opening(study, frame, own=True),
        notes.counts(study, frame, SA, "Test texts (SA)"),
        notes.counts(study, frame, AA, "Attacked test examples (AA)"),
        *_origin(study, frame),
        *(_explained(study, frame, pair_sets) if own.explained else ()),
        notes.limits(study, frame),
        f"Reading of the method where a row says nothing else: {notes.READINGS[study.method.reading]} "
        "(docs/method.md).",
        notes.training(study, frame),
        notes.seeds(study, frame, ORIGIN),
    ]
    return Table("readings", caption, frame, layout, notes.joined(below))


def _origin(study, frame) -> list[str]:
    """What the columns say that tell where AA comes from, of those that were measured; an empty entry was not."""
    said = {
        CALIBRATED: notes.counts(
            study, frame, CALIBRATED, "AA at T: attacked again at the temperature T fitted on dev, on examples"
        ),
        SATURATED: "Saturated: the largest probability of the answer to the original exceeds "
        f"{study.guards.saturated_probability:g}.",
        KNOWN_WORDS: "AA, known words: a success that uses a substitute unknown to the model counts as failed. Unknown "
        "word used: the share of the successes that do.",
        UNKNOWN_PHI: "φ: learned importance after the last round, of the word that stands for all unknown ones, and "
        "the mean over the vocabulary.",
    }
    ran = set(notes.used(frame, "metric"))
    return [sentence for metric, sentence in said.items() if metric in ran]


def _explained(study, frame, pair_sets: Iterable[str]) -> list[str]:
    return [
        *(notes.pairs(study, frame, name) for name in pair_sets),
        "“shared” are the texts of the base model of a row's model and data set.",
        notes.explanations(study, "ig"),
        notes.incomplete(study, frame),
        notes.dropped(frame),
    ]


def _kind(study, model: str, strategy: str) -> tuple[str, bool, str]:
    """How a model is trained; rows of one kind are compared."""
    trained = study.strategies[strategy]
    return model, trained.adversarial, trained.mask


def differences(study, cell: Cell, reference: Cell) -> list[str]:
    """What a cell is trained, or what data it reads, otherwise than the reference: “double_softmax”, “keep: all”."""
    mine, others = settings_of(study, cell), settings_of(study, reference)
    return [notes.setting(name, value) for name, value in mine.items() if value != others[name]]


def settings_of(study, cell: Cell) -> dict[str, object]:
    """Everything that decides what a cell's model is, by a readable name."""
    strategy = study.strategies[cell.strategy].model_dump(include={"adversarial", "mask", "groups", "start"})
    rounds, dataset = rounds_of(study, cell), study.datasets[cell.dataset]
    own = {"kind", "corpus", "path", "train"} if dataset.source.kind in ("package", "hub", "files") else None
    source = dataset.source.model_dump(include=own)
    data = {name: value for part in ("splits", "cleaning", "vocabulary") for name, value in getattr(dataset, part)}
    return {
        **switches_of(study, cell.model, cell.strategy),
        **strategy,
        **objective_of(study, cell),
        "rounds": rounds.count,
        "accumulate rounds": rounds.accumulate,
        "train texts attacked": attacked_train(study, cell),
        **training_of(study, cell, last_round(study, cell)).model_dump(),
        "source": " ".join(map(str, source.values())),
        **data,
        "max_length": dataset.max_length,
    }


def _labels(study, cell: Cell, reference: Cell) -> tuple[str, ...]:
    """Model, data, strategy, and what differs from the row that it is compared with; that row names its own reading."""
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
    """The keys of the measurement: what a model is on clean text belongs to no attack, whatever its row is about."""
    return {**keys, "attack": ""} if keys["metric"] in OF_CLEAN_TEXT else dict(keys)


def _columns(explained: bool) -> tuple[Column, ...]:
    """SA, AA, KT, each with its difference, TI@5, where AA comes from; in the csv also what Table 3 has beside AA."""
    columns = []
    for title, keys in COMPARED:
        if "method" in keys and not explained:
            continue
        metric = METRICS[keys["metric"]]
        columns.append(Column(title, keys, metric.unit, f".{metric.decimals}f"))
        unit = DIFFERENCE_UNIT[keys["metric"]]
        columns.append(
            Column(f"Δ {title}", keys | {"minus": "first row"}, unit, f"+.{metric.decimals}f", optional=True)
        )
    if explained:
        columns.append(Column("TI@5", {"metric": TI, "method": "ig", "k": 5}, METRICS[TI].unit, ".2f"))
    columns += [_column(name, title, optional=True) for name, title in ORIGIN.items()]
    hidden = ["incomplete_percent", *OF_GUARDS, *BESIDE_AA]
    return (*columns, *(_column(name, shown=False) for name in hidden if name not in ORIGIN))


def _column(name: str, title: str = "", **how: bool) -> Column:
    metric = GUARD_METRICS[name] if name in OF_GUARDS else METRICS[name]
    return Column(title or metric.title, {"metric": name}, metric.unit, f".{metric.decimals}f", **how)
