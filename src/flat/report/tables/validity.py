"""The table of validity: what successful adversarial texts look like, and AA at stricter thresholds."""

from collections.abc import Mapping

from flat.analysis.validity import METRICS, OF_SENTENCES, OF_WORDS
from flat.report.tables import notes
from flat.report.tables.grid import Extras, framed
from flat.report.tables.guards import attacked_rows
from flat.report.tables.index import over_seeds
from flat.report.tables.layout import Column, Layout, Table, Value
from flat.study.grid import checked_cells

COLUMNS = {
    "pairs": "pairs",
    "perturbed_words_percent": "perturbed %",
    "sentence_similarity": "similarity",
    "unchecked_sentence_similarity": "similarity, unchecked",
    "introduced_errors": "grammar errors",
    "antonym_percent": "antonyms %",
    "after_attack_accuracy_percent": "AA",
    "aa_word_percent": "AA, words",
    "aa_sentence_percent": "AA, sentence",
    "aa_both_percent": "AA, both",
}
IN_CSV = ("unjudged_percent",)
JUDGES = {OF_WORDS: ("synonym space", "synonyms"), OF_SENTENCES: ("sentence encoder", "sentence_encoder")}
NAMED = 5  # cells that a note names
_KEYS = ("dataset", "model", "strategy", "train_attack", "attack", "metric")


def validity(study, index, extras: Extras) -> Table:
    """The cells of Tables 3 and 8; ``extras.validity`` holds the summary of every adversarial text."""
    values = _values(extras.validity)
    rows = attacked_rows(study, checked_cells(study))
    columns = [_column(metric, title) for metric, title in COLUMNS.items()]
    columns += [_column(metric, METRICS[metric].title, shown=False) for metric in IN_CSV]
    layout = Layout(("Data", "Attack", "Model"), tuple(rows), tuple(columns), blocks=2)

    def find(keys: Mapping[str, object]) -> Value | None:
        return values.get(tuple(keys[name] for name in _KEYS))

    frame = framed("validity", study, layout, find, extras)
    at = study.validity
    below = [
        *notes.opening(study, frame, own=True),
        f"AA, words: a success counts only if every replaced word has a cosine of at least {at.word_cosine:g} to its "
        "substitute in the synonym space; sentence: only if the cosine of the two whole texts is at least "
        f"{at.sentence_similarity:g}; both: only if both hold. Recounted from the stored adversarial texts: a search "
        "under such constraints might have found others, so that its AA may be lower.",
        "Similarity is measured for every success, also where the attack's own check skipped the text (“unchecked”). "
        "Changes that the synonym space cannot judge violate nothing; the csv has their share.",
        *_without_judge(extras.validity),
        _blind(study, extras.validity),
        "Antonyms: a replaced word and its substitute are antonyms in some sense of WordNet.",
        _grammar(extras.validity),
        notes.counts_by_attack(study, frame, "after_attack_accuracy_percent", "Attacked test examples"),
        notes.limits(study, frame),
        notes.seeds(study, frame),
    ]
    caption = (
        "Validity of successful adversarial texts: words changed, cosine of the sentence vectors of both texts, "
        "grammar errors that the attack introduced (errors a text), pairs in which a word became its opposite, and "
        "after-attack accuracy (AA, %) when successes beyond stricter thresholds count as failed."
    )
    return Table("validity", caption, frame, layout, notes.joined(below))


def _column(metric: str, title: str, shown: bool = True) -> Column:
    return Column(title, {"metric": metric}, METRICS[metric].unit, f".{METRICS[metric].decimals}f", shown=shown)


def _without_judge(summary) -> list[str]:
    """Which columns nothing judged, and how to have them judged: a sentence for the synonym space and the encoder."""
    if summary is None:
        return []
    cells, sentences = (summary["metric"] == "pairs").sum(), []
    for metrics, (what, role) in JUDGES.items():
        if (summary["metric"] == metrics[0]).sum() < cells:
            titles = ", ".join(f"“{COLUMNS[metric]}”" for metric in metrics if metric in COLUMNS)
            sentences.append(
                f"“not run” in {titles}: no attack of this study names a {what}, which would judge them. Name one in "
                f"attacks.*.resources.{role} (docs/resources.md) and run again."
            )
    return sentences


def _blind(study, summary) -> str:
    """The cells whose changes the synonym space does not know at all, so that nothing judges their words."""
    if summary is None:
        return ""
    shares = summary[(summary["metric"] == "unjudged_percent") & (summary["n"] > 0)]
    least = shares.groupby(list(_KEYS[:-1]), sort=True)["value"].min()
    names = [
        f"{study.models[model].title}-{study.strategies[strategy].title} on {study.datasets[dataset].title}, "
        f"{study.attacks[attack].title}"
        for dataset, model, strategy, _, attack in least[least >= 100].index
    ]
    if not names:
        return ""
    more = f"; {len(names) - NAMED} more in the csv (unjudged_percent 100)" if len(names) > NAMED else ""
    return (
        "The synonym space knows no replaced word of these cells, so that “AA, words” and “AA, both” are “not run” "
        f"there: {'; '.join(names[:NAMED])}{more}."
    )


def _grammar(summary) -> str:
    """What counted the grammar errors, and where nothing did."""
    if summary is None:
        return ""
    counted = summary[summary["metric"] == "introduced_errors"]
    parts = []
    if len(counted):
        parts.append(
            "Grammar errors: those of the adversarial text minus those of its original, mean over successes; "
            "agreement, verb forms, articles, pronouns and repeated words, as found by "
            f"{', '.join(sorted(set(counted['measured_by'])))}, which finds few of all errors (docs/guards.md)."
        )
    if len(counted) < (summary["metric"] == "pairs").sum():
        parts.append("Grammar errors “not run”: harper-py cannot be imported where the texts were measured.")
    return " ".join(parts)


def _values(summary) -> dict[tuple, Value]:
    """_KEYS -> the mean over seeds."""
    if summary is None:
        return {}
    seeds: dict[tuple, dict[int, tuple[float, int, int]]] = {}
    for record in summary.to_dict("records"):
        key = tuple(record[name] for name in _KEYS)
        seeds.setdefault(key, {})[record["seed"]] = (record["value"], record["n"], 0)
    return {key: over_seeds(found) for key, found in seeds.items()}
