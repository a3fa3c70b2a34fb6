"""The interval of every number that tables print: over seeds and examples, or over one seed's examples."""

import pyarrow as pa

from flat.analysis import statistics
from flat.analysis.outcomes import AA, ACCURACIES, KT, TI, Outcomes, resample
from flat.interpretation.metrics import bounds as bounds_of
from flat.plugins.own.metrics import ALWAYS
from flat.plugins.registry import METRICS
from flat.study.seeds import seed_of

KEYS = ("dataset", "model", "strategy", "train_attack", "attack", "method", "pair_set", "metric", "k")
SCHEMA = pa.schema(
    [(name, pa.int64() if name == "k" else pa.string()) for name in KEYS]
    + [
        ("value", pa.float64()),  # mean over seeds
        ("low", pa.float64()),  # 95 %: seeds and examples resampled; of one seed the examples alone
        ("high", pa.float64()),
        ("seeds", pa.int64()),
        ("n", pa.int64()),  # examples or pairs of one seed, the fewest
    ]
)
SHOWN_K = 5  # TI@5
RANGES = {AA: (0.0, 100.0)} | {name: bounds_of(ALWAYS[name]) for name in (KT, TI)}
RANGES |= dict.fromkeys(ACCURACIES, (0.0, 100.0))


def estimate(study, measurements, root: str = ".", draws: int = statistics.DRAWS):
    """The frame (SCHEMA) of all accuracies, AA, KT, TI@5 and the metrics that the study names, sorted by keys.

    Of one seed: Wilson's interval of a share, else the examples resampled; no row where all examples are alike.
    """
    import pandas as pd  # for cost

    outcomes = Outcomes(study, measurements, root)
    ranges = RANGES | {name: bounds_of(METRICS[name]) for name in study.metrics}
    several = measurements[measurements["metric"].isin(ranges)]
    several = several[several["metric"].ne(TI) | several["k"].eq(SHOWN_K)]
    several = several[several["value"].notna()]
    rows = []
    for keys, group in several.groupby(list(KEYS), sort=True):
        found = outcomes.find(dict(zip(KEYS, keys, strict=True)))
        measured = set(group["seed"])
        kept = [seed for seed in found.seeds if seed in measured] if found else []
        if len(kept) < min(2, len(measured)):
            continue
        found = found.of_seeds(kept)
        metric, alone = keys[KEYS.index("metric")], len(found.seeds) == 1
        n, mean = int(min(found.totals or (~pd.isna(found.values)).sum(axis=1))), float(found.means.mean())
        bounds, is_share = ranges[metric], metric in (AA, *ACCURACIES)
        if alone and is_share:
            low, high = statistics.wilson_share(mean, n)
        else:
            seed = seed_of(study.seed, "bootstrap-seeds", *map(str, keys))
            low, high = statistics.interval(resample(found, None, seed, draws))
        if alone and low == high:
            continue
        if low == high and mean in bounds and is_share:
            low, high = statistics.exact_share(mean, n)
        low, high = max(low, bounds[0]), min(high, bounds[1])
        rows.append((*keys, mean, low, high, len(found.seeds), n))
    return pd.DataFrame(rows, columns=SCHEMA.names)
