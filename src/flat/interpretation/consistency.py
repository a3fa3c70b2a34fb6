"""How alike two explanations of a pair of texts are: Kendall's tau and top-k intersection (docs/interpretation.md).

Both compare the words that two texts have in common, by position. A replaced word and its substitute count as the same
word. An inserted word and one merged away have no counterpart and enter neither. Higher is more consistent.

The main measures rank words by their signed score: what speaks for a class comes first. The ``absolute`` variants rank
by the size of the score, what matters for a class in either direction.

Metrics of pairs that a study names (``flat.plugins.kinds.Metric``) have two columns each: ``metric_NAME``, the mean
over the classes where it is defined, and ``dropped_NAME``, the number of the others.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from flat.errors import ArtefactError
from flat.interpretation import metrics
from flat.interpretation.pairs import REMEDY, counterparts, ledger_rows, row_of
from flat.interpretation.ranking import KS, chance_topk, likeness

# a tau's column -> the column that counts its dropped ones; (metric, k) of a mean over pairs -> its column
TAUS = {"kendall_tau": "tau_dropped", "kendall_tau_absolute": "tau_absolute_dropped"}
SHARES = {"topk_intersection": "ti_", "topk_intersection_absolute": "ti_absolute_", "topk_chance": "chance_"}
MEANS = {(metric, k): f"{column}{k}" for metric, column in SHARES.items() for k in KS}
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
        *[(column, pa.float64()) for column in MEANS.values()],
    ]
)
CELL = ("strategy", "train_attack", "attack", "seed")
PAIR_SETS = ("saved", "all", "successful", "shared", "floor")
MARKS = ("source", "status", "changed")  # what says which pair sets a row belongs to
VALUE, DROPPED = "metric_", "dropped_"  # before a metric's name: its columns
# attribution side -> source of the pair (original, side)
SOURCES = {"adversarial": "own", "shared": "shared", "repeat": "repeat"}


def schema(names: Iterable[str] = ()) -> pa.Schema:
    """SCHEMA and the columns of further metrics, by their names."""
    more = [((VALUE + name, pa.float64()), (DROPPED + name, pa.int64())) for name in names]
    return pa.schema([*SCHEMA, *[pa.field(*column) for pair in more for column in pair]])


def measure(
    attributions,
    own,
    shared=None,
    *,
    strategy: str,
    train_attack: str,
    attack: str,
    seed: int,
    classes: str = "all",
    further: Mapping[str, Mapping] | None = None,
):
    """The consistency frame (``schema``) of one cell under one attack, sorted by example and source.

    Args:
        attributions: frame of ``flat.interpretation.attributions.SCHEMA``.
        own: the cell's ledger. shared: the base model's ledger, where shared pairs were explained.
        classes: "all" averages over every class that was explained, "gold" takes the example's label only.
        further: the metrics of pairs that a study names, with their options.

    Raises:
        FlatError: a further metric returned what it must not.
        ArtefactError: attributions and ledger do not belong together: words differ, a side is missing, texts and swaps
            contradict one another, or a score is not finite.
    """
    import pandas as pd  # for cost

    of_pairs = metrics.chosen(further, "pairs")
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
            pairs = list(zip(before, after, strict=True))
            more = [metrics.mean([m.value(example, *pair) for pair in pairs]) for m in of_pairs]
            found = (*taus, *signed.ti, *absolute.ti, *chance, *(part for pair in more for part in pair))
            rows.append((strategy, train_attack, attack, seed, *about, *found))
    return pd.DataFrame(rows, columns=schema(m.name for m in of_pairs).names)


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


def belonging(rows, pair_set: str):
    """Whether each row belongs to a pair set (docs/interpretation.md).

    saved: every explained example, skipped ones too. all: those with a changed word, the attack's best failed try
    included. successful: successful attacks. shared: the base model's pairs with a changed word. floor: an original
    against itself under a second seed.

    Args:
        rows: a consistency frame, or its columns MARKS as NumPy arrays.
    """
    own, status = rows["source"] == "own", rows["status"]
    if pair_set == "saved":
        return own
    if pair_set == "all":
        return own & rows["changed"] & ((status == "succeeded") | (status == "failed"))
    if pair_set == "successful":
        return own & (status == "succeeded")
    if pair_set == "shared":
        return (rows["source"] == "shared") & rows["changed"]
    if pair_set == "floor":
        return rows["source"] == "repeat"
    raise ValueError(f"unknown pair set {pair_set!r}: {', '.join(PAIR_SETS)}")


def left_out(rows, pair_set: str) -> dict[str, int]:
    """How many explained examples of a cell a pair set has no pair of, by reason; none for ``saved`` and ``floor``.

    skipped: the model errs on the original, so nothing was attacked. failed: the attack did not succeed. unchanged: the
    attack (of ``shared``: on the base model, whatever its outcome) changed no word. ``rows`` as for ``belonging``.
    """
    own, status = rows["source"] == "own", rows["status"]
    if pair_set == "all":
        skipped = own & (status == "skipped")
        return {"skipped": int(skipped.sum()), "unchanged": int((own & ~skipped & ~rows["changed"]).sum())}
    if pair_set == "successful":
        return {reason: int((own & (status == reason)).sum()) for reason in ("skipped", "failed")}
    if pair_set == "shared":
        return {"unchanged": int(own.sum()) - int(belonging(rows, "shared").sum())}
    return {}


class Cuts:
    """A consistency frame cut into cells (values of CELL) and pair sets: ``places`` of rows, since cutting the frame
    itself, hundreds of times, costs more than what is computed of the cuts."""

    def __init__(self, frame):
        self._cells = frame.groupby(list(CELL)).indices
        self._marks = {name: frame[name].to_numpy(dtype=bool if name == "changed" else object) for name in MARKS}

    @property
    def cells(self) -> list[tuple]:
        return sorted(self._cells)

    def marks(self, cell: tuple) -> dict[str, np.ndarray]:
        """MARKS of a cell's rows."""
        return {name: column[self._cells[cell]] for name, column in self._marks.items()}

    def places(self, cell: tuple, pair_set: str) -> np.ndarray:
        """Where the pairs of a cell are in the frame, from 0; none of a cell that it has no row of."""
        if cell not in self._cells:
            return np.array([], dtype=int)
        return self._cells[cell][belonging(self.marks(cell), pair_set)]


def summarise(frame, pair_sets: Sequence[str] = PAIR_SETS):
    """Means over pairs, one row per cell, pair set, metric and k: CELL, pair_set, metric, k, value, n, dropped.

    ``n`` counts the pairs behind a value, ``dropped`` the class rankings whose tau, or further metric, is undefined;
    ``undefined_short_percent`` is the share of them with fewer than two words to compare, the others being constant.
    The metrics ``left_out_*`` are the percentages of explained examples (``n``) without a pair, by reason. A pair set
    without pairs gives NaN with n = 0, except ``floor``, which exists only where a repeat was explained.
    """
    import pandas as pd  # for cost

    cuts = Cuts(frame)
    further = [name.removeprefix(VALUE) for name in frame.columns if name.startswith(VALUE)]
    with_drops = {metric: (metric, dropped) for metric, dropped in TAUS.items()}
    with_drops |= {name: (VALUE + name, DROPPED + name) for name in further}
    columns = {name for pair in with_drops.values() for name in pair} | {"n_words"}
    numbers = {name: frame[name].to_numpy() for name in columns}
    averaged = np.array([frame[column].to_numpy() for column in MEANS.values()])
    rows = []
    for cell in cuts.cells:
        marked = cuts.marks(cell)
        explained = int((marked["source"] == "own").sum())
        for pair_set in pair_sets:
            chosen = cuts.places(cell, pair_set)
            pairs = len(chosen)
            if pair_set == "floor" and not pairs:
                continue
            found = []
            for metric, (column, dropped) in with_drops.items():
                defined = numbers[column][chosen]
                defined = defined[~np.isnan(defined)]
                found.append((metric, 0, *_means(defined[None]), len(defined), int(numbers[dropped][chosen].sum())))
            means = _means(np.take(averaged, chosen, axis=1))
            found += [(*key, mean, pairs, 0) for key, mean in zip(MEANS, means, strict=True)]
            drops, short = numbers["tau_dropped"][chosen], numbers["n_words"][chosen] < 2
            undefined = int(drops.sum())
            found.append(("undefined_short_percent", 0, _percent(int(drops[short].sum()), undefined), undefined, 0))
            found += [
                (f"left_out_{reason}_percent", 0, _percent(number, explained), explained, 0)
                for reason, number in left_out(marked, pair_set).items()
            ]
            rows += [(*cell, pair_set, *values) for values in found]
    return pd.DataFrame(rows, columns=[*CELL, "pair_set", "metric", "k", "value", "n", "dropped"])


def _means(values: np.ndarray) -> list[float]:
    """Each row's mean over its values that are defined, summed as pandas sums a column; NaN where none is."""
    defined = ~np.isnan(values)
    counts = defined.sum(axis=1)
    sums = np.where(defined, values, 0.0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0).tolist()


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")
