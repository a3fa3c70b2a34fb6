"""How alike two explanations of a pair of texts are: Kendall's tau and top-k intersection (EVALUATION section 2).

Both compare the words that two texts have in common, by position: a replaced word and its substitute count as the same
word; an inserted word and one merged away have no counterpart and enter neither. Higher is more consistent.

The main measures rank words by their signed score: what speaks for a class comes first. The ``absolute`` variants rank
by the size of the score, what matters for a class in either direction.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from flat.errors import ArtefactError
from flat.interpretation.pairs import REMEDY, counterparts, ledger_rows, row_of
from flat.interpretation.ranking import KS, chance_topk, likeness

SCHEMA = pa.schema(
    [
        ("strategy", pa.string()),
        ("train_attack", pa.string()),
        ("attack", pa.string()),  # the attack that made the pair
        ("seed", pa.int64()),
        ("example_id", pa.string()),
        ("status", pa.string()),  # of the attack behind the pair: succeeded | failed | skipped
        ("source", pa.string()),  # own | shared | repeat
        ("changed", pa.bool_()),  # any word replaced
        ("n_words", pa.int64()),  # compared positions
        ("kendall_tau", pa.float64()),  # mean over the classes where it is defined; NaN where it is for none
        ("tau_dropped", pa.int64()),  # classes whose tau is undefined
        ("kendall_tau_absolute", pa.float64()),  # the same of the scores' sizes
        ("tau_absolute_dropped", pa.int64()),
        *[(f"ti_{k}", pa.float64()) for k in KS],
        *[(f"ti_absolute_{k}", pa.float64()) for k in KS],
        *[(f"chance_{k}", pa.float64()) for k in KS],
    ]
)
CELL = ("strategy", "train_attack", "attack", "seed")
PAIR_SETS = ("saved", "all", "successful", "shared", "floor")
# attribution side -> source of the pair (original, side)
SOURCES = {"adversarial": "own", "shared": "shared", "repeat": "repeat"}


def measure(
    attributions, own, shared=None, *, strategy: str, train_attack: str, attack: str, seed: int, classes: str = "all"
):
    """The consistency frame (SCHEMA) of one cell under one attack, sorted by example and source.

    Args:
        attributions: frame of ``flat.interpretation.attributions.SCHEMA``.
        own: the cell's ledger. shared: the base model's ledger, where shared pairs were explained.
        classes: "all" averages over every class that was explained, "gold" takes the example's label only.

    Raises:
        ArtefactError: attributions and ledger do not belong together: words differ, a side is missing, texts and swaps
            contradict one another, or a score is not finite.
    """
    import pandas as pd

    ledgers = {"own": ledger_rows(own, "the cell's ledger")}
    ledgers["repeat"] = ledgers["own"]
    if shared is not None:
        ledgers["shared"] = ledger_rows(shared, "the base model's ledger")
    sides: dict[tuple[str, str], dict[int, object]] = {}
    for row in attributions.itertuples(index=False):
        sides.setdefault((row.example_id, row.side), {})[int(row.target)] = row
    rows = []
    for example in sorted({example for example, _ in sides}):
        for side, source in SOURCES.items():
            if (example, side) not in sides:
                if side == "adversarial":
                    raise ArtefactError(f"example {example}", "its adversarial text was not explained", REMEDY)
                continue
            if source not in ledgers:
                raise ArtefactError(f"example {example}", f"explained ({side}), but no ledger of it is given", REMEDY)
            pair = row_of(ledgers[source], example, f"{source} ledger")
            words = list(pair.original_words)
            others = words if source == "repeat" else list(pair.perturbed_words)
            every = list(range(len(words)))
            here, there = (every, every) if source == "repeat" else counterparts(pair, example)
            if not here:
                raise ArtefactError(f"example {example}", "no word of the original is left to compare", REMEDY)
            wanted = [int(pair.label)] if classes == "gold" else sorted(sides[example, side])
            before = _scores(example, "original", sides, wanted, words)[:, here]  # (classes, compared words)
            after = _scores(example, side, sides, wanted, others)[:, there]
            signed, absolute = likeness(before, after), likeness(np.abs(before), np.abs(after))
            about = (example, pair.status, source, words != others, len(here))
            taus = (signed.kendall_tau, signed.tau_dropped, absolute.kendall_tau, absolute.tau_dropped)
            chance = (chance_topk(len(here), k) for k in KS)
            rows.append((strategy, train_attack, attack, seed, *about, *taus, *signed.ti, *absolute.ti, *chance))
    return pd.DataFrame(rows, columns=SCHEMA.names)


def _scores(example: str, side: str, sides: dict, wanted: Sequence[int], words: Sequence[str]) -> np.ndarray:
    """(classes, words) scores of one text, checked against the ledger's words."""
    found = sides.get((example, side), {})
    missing = [target for target in wanted if target not in found]
    if missing:
        raise ArtefactError(f"example {example}", f"class {missing[0]} was not explained ({side})", REMEDY)
    for target in wanted:
        if list(found[target].words) != list(words) or len(found[target].scores) != len(words):
            raise ArtefactError(f"example {example}", f"explained words are not the ledger's ({side})", REMEDY)
    scores = np.array([found[target].scores for target in wanted])
    if not np.isfinite(scores).all():
        raise ArtefactError(f"example {example}", f"a score is not finite ({side})", "look at the model's training log")
    return scores


def select(frame, pair_set: str):
    """The rows of a consistency frame that belong to a pair set (EVALUATION section 2).

    saved: every explained example, skipped ones too. all: those with a changed word, the attack's best failed try
    included. successful: successful attacks. shared: the base model's pairs with a changed word. floor: an original
    against itself under a second seed.
    """
    own = frame["source"] == "own"
    if pair_set == "saved":
        return frame[own]
    if pair_set == "all":
        return frame[own & frame["changed"] & frame["status"].isin(["succeeded", "failed"])]
    if pair_set == "successful":
        return frame[own & (frame["status"] == "succeeded")]
    if pair_set == "shared":
        return frame[(frame["source"] == "shared") & frame["changed"]]
    if pair_set == "floor":
        return frame[frame["source"] == "repeat"]
    raise ValueError(f"unknown pair set {pair_set!r}: {', '.join(PAIR_SETS)}")


def left_out(frame, pair_set: str) -> dict[str, int]:
    """How many explained examples of a cell a pair set has no pair of, by reason; none for ``saved`` and ``floor``.

    skipped: the model errs on the original, so nothing was attacked. failed: the attack did not succeed. unchanged: the
    attack (of ``shared``: on the base model, whatever its outcome) changed no word.
    """
    own = frame[frame["source"] == "own"]
    if pair_set == "all":
        searched = own["status"] != "skipped"
        return {"skipped": int((~searched).sum()), "unchanged": int((searched & ~own["changed"]).sum())}
    if pair_set == "successful":
        return {status: int((own["status"] == status).sum()) for status in ("skipped", "failed")}
    if pair_set == "shared":
        return {"unchanged": len(own) - len(select(frame, "shared"))}
    return {}


def summarise(frame, pair_sets: Sequence[str] = PAIR_SETS):
    """Means over pairs, one row per cell, pair set, metric and k: CELL, pair_set, metric, k, value, n, dropped.

    ``n`` counts the pairs behind a value, ``dropped`` the class rankings whose tau is undefined;
    ``undefined_short_percent`` is the share of them with fewer than two words to compare, the others being constant.
    The metrics ``left_out_*`` are the percentages of explained examples (``n``) without a pair, by reason. A pair set
    without pairs gives NaN with n = 0, except ``floor``, which exists only where a repeat was explained.
    """
    import pandas as pd

    rows = []
    for cell, group in frame.groupby(list(CELL), sort=True):
        explained = int((group["source"] == "own").sum())
        for pair_set in pair_sets:
            pairs = select(group, pair_set)
            if pair_set == "floor" and pairs.empty:
                continue
            found = []
            for variant, tau in (("", "tau_dropped"), ("_absolute", "tau_absolute_dropped")):
                taus = pairs[f"kendall_tau{variant}"].dropna()
                found.append((f"kendall_tau{variant}", 0, taus.mean(), len(taus), int(pairs[tau].sum())))
                name = f"topk_intersection{variant}"
                found += [(name, k, pairs[f"ti{variant}_{k}"].mean(), len(pairs), 0) for k in KS]
            found += [("topk_chance", k, pairs[f"chance_{k}"].mean(), len(pairs), 0) for k in KS]
            undefined = int(pairs["tau_dropped"].sum())
            short = int(pairs.loc[pairs["n_words"] < 2, "tau_dropped"].sum())
            found.append(("undefined_short_percent", 0, _percent(short, undefined), undefined, 0))
            found += [
                (f"left_out_{reason}_percent", 0, _percent(number, explained), explained, 0)
                for reason, number in left_out(group, pair_set).items()
            ]
            rows += [(*cell, pair_set, metric, k, float(value), n, drop) for metric, k, value, n, drop in found]
    return pd.DataFrame(rows, columns=[*CELL, "pair_set", "metric", "k", "value", "n", "dropped"])


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")
