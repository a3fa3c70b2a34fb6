"""Tables 3, 4 and 8: robustness of prediction (AA) and of interpretation (KT, TI@5) under attack."""

from collections.abc import Iterable

from flat.analysis.measurements import METRICS
from flat.paper import catalogue
from flat.paper import printed as paper
from flat.paper.scope import prints
from flat.report.tables import notes, pair_notes
from flat.report.tables.grid import (
    Extras,
    attack_title,
    beside,
    dataset_title,
    framed,
    main_datasets,
    model_title,
    strategy_title,
    train_attack_of,
)
from flat.report.tables.index import Index
from flat.report.tables.layout import Column, Layout, Row, Table

AA = "after_attack_accuracy_percent"
BESIDE_AA = (
    "attacked_accuracy_percent",
    "attack_success_percent",
    "mean_queries",
    "perturbed_words_percent",
    "unchecked_similarity_percent",
    "aa_known_words_percent",
    "oov_swap_percent",
    "oov_success_percent",
)


def robustness(study, index: Index, extras: Extras) -> Table:
    """Table 3."""
    caption = (
        "Robustness of prediction and interpretation: after-attack accuracy (AA, %), and Kendall's tau (KT) and top-5 "
        "intersection (TI@5) of integrated gradients between original and adversarial texts. Each model is attacked as "
        "it was trained."
    )
    return _build("3", caption, "ig", study, index, extras)


def robustness_lime(study, index: Index, extras: Extras) -> Table:
    """Table 8."""
    caption = (
        "Robustness of interpretation under LIME: Kendall's tau (KT) and top-5 intersection (TI@5) between original "
        "and adversarial texts."
    )
    return _build("8", caption, "lime", study, index, extras)


def _build(key: str, caption: str, method: str, study, index: Index, extras: Extras) -> Table:
    datasets = main_datasets(study)
    columns = [c for name in datasets for c in _columns(name, dataset_title(study, name), method)]
    rows = _rows(study)
    pair_sets = extras.pair_sets + (("floor",) if index.has(method=method, pair_set="floor") else ())
    layout = Layout(("Attack", "Model"), tuple(rows), tuple(columns), pair_sets, blocks=1)
    frame = framed(key, study, layout, index.find, extras)
    attacked = (
        notes.counts(study, frame, AA, "Attacked test examples, the same for every model") if method == "ig" else ""
    )
    below = [
        *notes.opening(study, frame),
        pair_notes.COUNTED,
        attacked,
        *(notes.pairs(study, frame, name) for name in pair_sets),
        pair_notes.which_pairs(study),
        notes.explanations(study, method),
        notes.incomplete(study, frame),
        pair_notes.chance(study, frame, pair_sets[0]),
        notes.dropped(frame),
        *pair_notes.left_out(frame, pair_sets),
        pair_notes.by_size(frame, pair_sets[0]),
        pair_notes.floor(frame),
        *notes.closing(study, frame),
    ]
    return Table(key, caption, frame, layout, notes.joined(below))


def _rows(study) -> list[Row]:
    """TextFooler LSTM-base, LSTM-adv, LSTM-FLAT, CNN-base ...; then PWWS likewise."""
    main = study.artefacts.main
    rows = []
    for attack in beside(study, paper.TRAIN_ATTACKS, main.train_attacks):
        for model in beside(study, paper.MODELS, main.models):
            for strategy in beside(study, paper.STRATEGIES, main.strategies):
                trained_on = train_attack_of(study, strategy, attack)
                keys = {"model": model, "strategy": strategy, "train_attack": trained_on, "attack": attack}
                label = f"{model_title(study, model)}-{strategy_title(study, strategy)}"
                rows.append(Row((attack_title(study, attack), label), keys))
    return rows


def _columns(dataset: str, group: str, method: str) -> Iterable[Column]:
    if method == "ig":
        yield _column(dataset, group, AA, "AA")
    yield _column(dataset, group, "kendall_tau", "KT", method=method)
    yield _column(dataset, group, "topk_intersection", "TI@5", method=method, k=5)
    yield _column(dataset, group, "topk_chance", "TI@5 by chance", shown=False, method=method, k=5)
    yield _column(dataset, group, "kendall_tau_absolute", "KT of sizes", shown=False, method=method)
    yield _column(dataset, group, "topk_intersection_absolute", "TI@5 of sizes", shown=False, method=method, k=5)
    for metric in ("undefined_short_percent", *pair_notes.REASONS):
        yield _column(dataset, group, metric, METRICS[metric].title, shown=False, method=method)
    if method == "ig":
        yield _column(dataset, group, "incomplete_percent", "incomplete", shown=False)
        for metric in BESIDE_AA:
            yield _column(dataset, group, metric, METRICS[metric].title, shown=False)


def _column(dataset: str, group: str, metric: str, title: str, shown: bool = True, **keys: object) -> Column:
    spec = f".{METRICS[metric].decimals}f"
    return Column(
        title, {"dataset": dataset, "metric": metric, **keys}, METRICS[metric].unit, spec, group, shown, counted=shown
    )


def transfer(study, index: Index, extras: Extras) -> Table:
    """Table 4."""
    own = study.artefacts.transfer
    places = [{"dataset": own.dataset, "train_attack": own.train_attack}]
    if prints(study) and places != [catalogue.TRANSFER]:
        places.insert(0, dict(catalogue.TRANSFER))
    rows = []
    for place in places:
        where = f"{dataset_title(study, place['dataset'])}, {attack_title(study, place['train_attack'])}"
        for model in beside(study, paper.MODELS, own.models):
            for strategy in beside(study, paper.STRATEGIES, own.strategies):
                trained_on = train_attack_of(study, strategy, place["train_attack"])
                keys = {"dataset": place["dataset"], "model": model, "strategy": strategy, "train_attack": trained_on}
                rows.append(Row((where, f"{model_title(study, model)}-{strategy_title(study, strategy)}"), keys))
    columns = [
        Column(attack_title(study, attack), {"attack": attack, "metric": AA}, METRICS[AA].unit, ".2f", counted=True)
        for attack in beside(study, paper.TRANSFER_ATTACKS, own.attacks)
    ]
    layout = Layout(("Trained on", "Model"), tuple(rows), tuple(columns), blocks=1)
    frame = framed("4", study, layout, index.find, extras)
    below = [
        *notes.opening(study, frame),
        pair_notes.COUNTED,
        notes.counts_by_attack(study, frame, AA, "Attacked test examples, the same for every model"),
        *notes.closing(study, frame),
    ]
    caption = (
        "Transfer: after-attack accuracy (%) under attacks that the models were not trained on. adv and FLAT saw the "
        "training attack named first; base saw none."
    )
    return Table("4", caption, frame, layout, notes.joined(below))
