"""Tables 5, 9 and 10: studies of one data set, model and attack."""

from collections.abc import Mapping

from flat.analysis.measurements import METRICS
from flat.errors import ArtefactError
from flat.paper import catalogue
from flat.paper import printed as paper
from flat.paper.scope import prints
from flat.report.digits import P_VALUE
from flat.report.tables import notes
from flat.report.tables.grid import Extras, beside, framed, setting_title, settings, train_attack_of
from flat.report.tables.index import Index
from flat.report.tables.layout import Column, Layout, Row, Table, Value
from flat.study.cells import Cell
from flat.study.settings import objective_of

SA, AA = "test_accuracy_percent", "after_attack_accuracy_percent"
# (beta, gamma) as the paper prints them, with the name of the strategy that the pipeline gives to each pattern
PRINTED_WEIGHTS = {
    ("on", "on"): ("0.1", "0.001", "FLAT"),
    ("on", "off"): ("0.1", "0", "FLAT-nogamma"),
    ("off", "on"): ("0", "0.001", "FLAT-nobeta"),
    ("off", "off"): ("0", "0", "FLAT-neither"),
}
CORRELATIONS = {
    "word_importance-word_frequency": "word importance, word frequency",
    "word_importance-substitution_frequency": "word importance, substitution frequency",
    "word_frequency-substitution_frequency": "word frequency, substitution frequency",
}


def ablation(study, index: Index, extras: Extras) -> Table:
    """Table 5."""
    own = study.artefacts.ablation
    rows = []
    for setting in settings(study, catalogue.ABLATION, own):
        mine = setting == _setting(own)
        patterns: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for strategy in own.strategies if mine else ():
            beta, gamma = _weights(study, setting, strategy)
            patterns.setdefault(_pattern(beta, gamma), []).append((f"{beta:g}", f"{gamma:g}", strategy))
        for pattern in beside(study, PRINTED_WEIGHTS if setting == catalogue.ABLATION else (), patterns):
            for beta, gamma, strategy in patterns.get(pattern, [PRINTED_WEIGHTS[pattern]]):
                keys = _keys(study, setting, strategy) | {"beta": pattern[0], "gamma": pattern[1]}
                printed = {**setting, "beta": pattern[0], "gamma": pattern[1]}
                rows.append(Row((setting_title(study, setting), beta, gamma), keys, printed))
    caption = (
        "Ablation of FLAT's two terms: the entropy of the masks (weight β) and the difference in importance between a "
        "word and its substitute (weight γ). Standard accuracy (SA) and after-attack accuracy (AA), %."
    )
    titles = ("Cell", "β", "γ")
    other = [f"({row.labels[1]}, {row.labels[2]})" for row in rows if _differs(row)]
    weights = ""
    if other and prints(study):
        weights = f"The paper's (β, γ) are 0.1 and 0.001 where a term is on; here: {', '.join(other)}."
    return _accuracies("5", caption, titles, rows, [weights], study, index, extras)


def group_masks(study, index: Index, extras: Extras) -> Table:
    """Table 10."""
    own = study.artefacts.groups
    rows = []
    for setting in settings(study, catalogue.GROUP_MASKS, own):
        mine = {study.strategies[s].groups: s for s in own.strategies} if setting == _setting(own) else {}
        for groups in sorted(beside(study, paper.GROUPS, mine)):
            keys = _keys(study, setting, mine.get(groups, f"group{groups}")) | {"groups": groups}
            rows.append(Row((setting_title(study, setting), str(groups)), keys, {**setting, "groups": groups}))
    caption = (
        "Group masks: words are grouped by k-means over synonym vectors and each group shares one trainable mask. "
        "Standard accuracy (SA) and after-attack accuracy (AA), %."
    )
    titles = ("Cell", "Groups")
    return _accuracies("10", caption, titles, rows, [], study, index, extras)


def correlations(study, index: Index, extras: Extras) -> Table:
    """Table 9. ``extras.correlations`` is empty where the analysis was not run."""
    own = study.artefacts.importance
    values = _correlations(extras.correlations)
    rows = []
    for setting in settings(study, catalogue.IMPORTANCE, own):
        keys = _keys(study, setting, own.strategy)
        for name, title in CORRELATIONS.items():
            printed = {**setting, "correlation": name}
            rows.append(Row((setting_title(study, setting), title), keys | {"correlation": name}, printed))
    columns = (
        Column("Pearson's r", {"metric": "pearson_r"}, "correlation", ".3f"),
        Column("p-value", {"metric": "p_value"}, "probability", P_VALUE),
    )
    layout = Layout(("Cell", "Correlation of"), tuple(rows), columns, blocks=1)
    ran = {"dataset": own.dataset, "model": own.model}

    def find(keys: Mapping[str, object]) -> Value | None:
        here = all(keys[name] == value for name, value in ran.items())
        here = here and keys["train_attack"] == train_attack_of(study, own.strategy, own.attack)
        return values.get((keys["correlation"], keys["metric"])) if here else None

    frame = framed("9", study, layout, find, extras)
    words = [f"{CORRELATIONS[name]} {value.n}" for (name, metric), value in values.items() if metric == "pearson_r"]
    below = [
        *notes.opening(study, frame),
        f"Words behind each correlation: {'; '.join(words)}." if words else "",
        "Word importance is the probability of the word's mask; frequencies are counted in the train split, "
        "substitutions in adversarial texts.",
        notes.limits(study, frame),
        notes.reading(study, frame),
        notes.training(study, frame),
        f"The model of seed {study.seeds[0]}; a p-value speaks of this one model's words.",
    ]
    caption = (
        "Pearson correlation between the importance FLAT gives to words, their frequency, and how often the attack "
        "substitutes them."
    )
    return Table("9", caption, frame, layout, notes.joined(below))


def _accuracies(key, caption, label_titles, rows, more_notes, study, index, extras) -> Table:
    """SA and AA of each row."""
    columns = [
        Column("SA", {"metric": SA}, METRICS[SA].unit, ".2f"),
        Column("AA", {"metric": AA}, METRICS[AA].unit, ".2f"),
    ]
    layout = Layout(label_titles, tuple(rows), tuple(columns), blocks=1)

    def find(keys: Mapping[str, object]) -> Value | None:
        # an accuracy on clean text belongs to no attack, whatever attack the row is about
        return index.find({**keys, "attack": ""} if keys["metric"] == SA else keys)

    frame = framed(key, study, layout, find, extras)
    below = [
        *notes.opening(study, frame),
        *more_notes,
        notes.counts(study, frame, SA, "Test texts (SA)"),
        notes.counts(study, frame, AA, "Attacked test examples (AA)"),
        *notes.closing(study, frame),
    ]
    return Table(key, caption, frame, layout, notes.joined(below))


def _correlations(rows) -> dict[tuple[str, str], Value]:
    """Rows with correlation, r, p, n -> values by (correlation, metric)."""
    values = {}
    for row in rows:
        if row["correlation"] not in CORRELATIONS:
            raise ArtefactError(
                "correlations", f"unknown pair {row['correlation']!r}", f"allowed: {list(CORRELATIONS)}"
            )
        for metric, field in (("pearson_r", "r"), ("p_value", "p")):
            values[row["correlation"], metric] = Value(float(row[field]), float("nan"), int(row["n"]), 1)
    return values


def _setting(own) -> dict[str, str]:
    return {"dataset": own.dataset, "model": own.model, "attack": own.attack}


def _keys(study, setting: Mapping[str, str], strategy: str) -> dict[str, object]:
    return {**setting, "strategy": strategy, "train_attack": train_attack_of(study, strategy, setting["attack"])}


def _weights(study, setting: Mapping[str, str], strategy: str) -> tuple[float, float]:
    trained_on = train_attack_of(study, strategy, setting["attack"])
    cell = Cell(setting["dataset"], setting["model"], strategy, trained_on, study.seeds[0])
    objective = objective_of(study, cell)
    return objective["beta"], objective["gamma"]


def _pattern(beta: float, gamma: float) -> tuple[str, str]:
    return "on" if beta > 0 else "off", "on" if gamma > 0 else "off"


def _differs(row: Row) -> bool:
    """Whether the row's weights are not those the paper prints for the same terms."""
    return tuple(row.labels[1:]) != PRINTED_WEIGHTS[row.keys["beta"], row.keys["gamma"]][:2]
