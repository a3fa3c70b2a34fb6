"""How alike two explanations of a pair of texts are: Kendall's tau and top-k intersection (EVALUATION section 2).

Both compare the words that two texts have in common, by position: a replaced word and its substitute count as the same
word; an inserted word and one merged away have no counterpart and enter neither. Higher is more consistent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from flat.errors import ArtefactError
from flat.interpretation.pairs import REMEDY, counterparts, ledger_rows, row_of

KS = tuple(range(1, 11))
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
        *[(f"ti_{k}", pa.float64()) for k in KS],
        *[(f"chance_{k}", pa.float64()) for k in KS],
    ]
)
CELL = ("strategy", "train_attack", "attack", "seed")
# attribution side -> source of the pair (original, side)
SOURCES = {"adversarial": "own", "shared": "shared", "repeat": "repeat"}
PAIR_SETS = ("saved", "all", "successful", "shared", "floor")


@dataclass(frozen=True)
class PairConsistency:
    """KT and TI@k of one pair, means over the explained classes. ``chance`` is TI@k of two random rankings."""

    kendall_tau: float
    tau_dropped: int
    ti: tuple[float, ...]
    chance: tuple[float, ...]


def kendall_tau(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b of two score vectors (words,), in [-1, 1]; NaN if one is constant or shorter than two.

    Pairs of words tied in one vector count as neither concordant nor discordant and shrink that vector's total.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"kendall_tau of shapes {a.shape} and {b.shape}")
    sign_a, sign_b = np.sign(a[:, None] - a), np.sign(b[:, None] - b)  # (words, words), every pair twice
    untied_a, untied_b = int((sign_a != 0).sum()), int((sign_b != 0).sum())
    if not untied_a or not untied_b:
        return float("nan")
    surplus = float((sign_a * sign_b).sum())  # concordant minus discordant
    return surplus / float(np.sqrt(float(untied_a * untied_b)))  # exactly 1 for equal rankings


def topk_intersection(a: np.ndarray, b: np.ndarray, k: int) -> float:
    """Share of the k positions with the highest scores that ``a`` and ``b`` (words,) have in common, in [0, 1].

    k is cut to the number of words. Of equal scores the earlier position ranks higher.
    """
    return topk_intersections(a, b, (k,))[0]


def topk_intersections(a: np.ndarray, b: np.ndarray, ks: Sequence[int]) -> list[float]:
    """``topk_intersection`` for each k."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"topk_intersection of shapes {a.shape} and {b.shape}")
    worse = np.maximum(ranks(a), ranks(b))  # a position is in both top-k where its worse rank is below k
    return [int((worse < k).sum()) / min(k, len(a)) for k in ks]


def ranks(scores: np.ndarray) -> np.ndarray:
    """Each position's rank from 0, the most positive score; equal scores rank from left to right."""
    found = np.empty(len(scores), dtype=int)
    found[np.argsort(-np.asarray(scores), kind="stable")] = np.arange(len(scores))
    return found


def chance_topk(words: int, k: int) -> float:
    """Expected TI@k of two random rankings of ``words`` words: min(k, words) / words."""
    return min(k, words) / words


def pair_consistency(original: np.ndarray, other: np.ndarray) -> PairConsistency:
    """KT and TI@1..10 of each class's rankings, averaged over the classes: (classes, words) twice."""
    if original.shape != other.shape or original.ndim != 2 or not original.size:
        raise ValueError(f"pair_consistency of shapes {original.shape} and {other.shape}")
    pairs = list(zip(original, other, strict=True))
    taus = np.array([kendall_tau(a, b) for a, b in pairs])
    defined = taus[~np.isnan(taus)]
    return PairConsistency(
        kendall_tau=float(defined.mean()) if len(defined) else float("nan"),
        tau_dropped=len(taus) - len(defined),
        ti=tuple(np.mean([topk_intersections(a, b, KS) for a, b in pairs], axis=0).tolist()),
        chance=tuple(chance_topk(original.shape[1], k) for k in KS),
    )


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
            found = pair_consistency(
                _scores(example, "original", sides, wanted, words)[:, here],  # (classes, compared words)
                _scores(example, side, sides, wanted, others)[:, there],
            )
            about = (example, pair.status, source, words != others, len(here))
            values = (found.kendall_tau, found.tau_dropped, *found.ti, *found.chance)
            rows.append((strategy, train_attack, attack, seed, *about, *values))
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


def summarise(frame, pair_sets: Sequence[str] = PAIR_SETS):
    """Means over pairs, one row per cell, pair set, metric and k: CELL, pair_set, metric, k, value, n, dropped.

    ``n`` counts the pairs behind a value, ``dropped`` the class rankings whose tau is undefined. A pair set without
    pairs gives NaN with n = 0, except ``floor``, which exists only where a repeat was explained.
    """
    import pandas as pd

    rows = []
    for cell, group in frame.groupby(list(CELL), sort=True):
        for pair_set in pair_sets:
            pairs = select(group, pair_set)
            if pair_set == "floor" and pairs.empty:
                continue
            taus = pairs["kendall_tau"].dropna()
            found = [("kendall_tau", 0, taus, int(pairs["tau_dropped"].sum()))]
            found += [("topk_intersection", k, pairs[f"ti_{k}"], 0) for k in KS]
            found += [("topk_chance", k, pairs[f"chance_{k}"], 0) for k in KS]
            rows += [
                (
                    *cell,
                    pair_set,
                    metric,
                    k,
                    float(values.mean()) if len(values) else float("nan"),
                    len(values),
                    dropped,
                )
                for metric, k, values, dropped in found
            ]
    return pd.DataFrame(rows, columns=[*CELL, "pair_set", "metric", "k", "value", "n", "dropped"])
