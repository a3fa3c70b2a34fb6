"""The sentences below Tables 3 and 8 about the pairs behind an entry: who has none and why, other readings, noise."""

from collections.abc import Iterable

from flat.paper.scope import prints
from flat.report.tables import notes

REASONS = {
    "left_out_skipped_percent": "the model errs on the original",
    "left_out_failed_percent": "the attack failed",
    "left_out_unchanged_percent": "the attack changed no word",
}


COUNTED = (
    "n: the examples or pairs of one seed that an entry rests on. Decimals follow it (docs/tables.md); 1/5 says that "
    "the attack failed on one of five texts."
)


def which_pairs(study) -> str:
    """Which pair set is for what."""
    equal = "“shared” has the same texts for every strategy, those that were found against the base model"
    if not prints(study):
        return f"{equal}; “all” has each model's own."
    return (
        "The paper does not say which pairs it averages: “saved” is the set to compare with its numbers, so that those "
        f"of explanations stand there alone; {equal}; “all” has each model's own."
    )


def chance(study, frame, pair_set: str) -> str:
    """TI@5 of two random rankings of the texts at hand, by data set: what the printed TI has to beat."""
    parts = []
    for name in notes.used(frame, "dataset"):
        chosen = frame[
            (frame["dataset"] == name)
            & (frame["metric"] == "topk_chance")
            & (frame["pair_set"] == pair_set)
            & frame["ours"].notna()
        ]
        if len(chosen):
            parts.append(f"{study.datasets[name].title} {chosen['ours'].mean():.2f}")
    return f"TI@5 expected by chance for texts of these lengths: {', '.join(parts)}." if parts else ""


def left_out(frame, pair_sets: Iterable[str]) -> list[str]:
    """Which share of the explained examples has no pair in a pair set, by reason; a sentence per pair set."""
    sentences = []
    for pair_set in pair_sets:
        chosen = frame[(frame["pair_set"] == pair_set) & frame["ours"].notna()]
        parts = []
        for metric, reason in REASONS.items():
            rows = chosen[chosen["metric"] == metric]
            if len(rows):
                examples = rows["ours_n"].sum()
                parts.append(f"{(rows['ours'] * rows['ours_n']).sum() / max(examples, 1):.1f} % because {reason}")
        if parts:
            sentences.append(f"Explained examples without a pair in “{pair_set}”: {', '.join(parts)}.")
    return sentences


def by_size(frame, pair_set: str) -> str:
    """KT and TI@5 when words are ranked by the size of their score, over all entries of a pair set."""
    chosen = frame[(frame["pair_set"] == pair_set) & frame["ours"].notna()]
    signed, sizes = (chosen.loc[chosen["metric"] == f"kendall_tau{variant}", "ours"] for variant in ("", "_absolute"))
    common = chosen.loc[chosen["metric"] == "topk_intersection_absolute", "ours"]
    if not len(sizes) or not len(common):
        return ""
    return (
        f"Words ranked by the size of their score instead of by the signed score: KT {sizes.mean():.2f} (signed "
        f"{signed.mean():.2f}), TI@5 {common.mean():.2f}, means over the entries of “{pair_set}”; the csv has each."
    )


def floor(frame) -> str:
    """What a repeated explanation says about the method's own noise."""
    chosen = frame[(frame["pair_set"] == "floor") & (frame["metric"] == "kendall_tau") & frame["ours"].notna()]
    if not len(chosen):
        return ""
    return (
        f"LIME's own noise: an original against itself under a second seed has KT {chosen['ours'].mean():.2f} on "
        "average; it is larger the longer the text. A KT near “floor” shows no difference."
    )
