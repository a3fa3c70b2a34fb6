"""Shares of the transfer matrix, counted from what every model answered (flat.analysis.replay)."""

from flat.analysis.replay import ASKED, SOURCE
from flat.analysis.robustness import Metric, percent

METRICS = {
    "replayed_accuracy_percent": Metric("accuracy on replayed texts", "percent", 1, 1),
    "transfer_percent": Metric("transfer rate", "percent", 1, -1),
    "original_accuracy_percent": Metric("accuracy on the originals", "percent", 1, 1),
}


def summarise(frame):
    """The matrix as tidy rows, one per model asked, source, metric and seed: ASKED, source, metric, value, n.

    replayed_accuracy_percent: right answers / all attacked examples, a skipped example's unchanged text included.
    transfer_percent: of the texts that fooled the source and whose originals the model asked has right, the share that
    it gets wrong. original_accuracy_percent (no source): right answers / all originals.
    """
    import pandas as pd

    rows = []
    for asked, group in frame.groupby(list(ASKED), sort=True):
        originals = group.drop_duplicates("example_id")["original_correct"]
        rows.append((*asked, "", "", "", "original_accuracy_percent", *_share(originals)))
        for source, texts in group.groupby(list(SOURCE), sort=True):
            fooling = texts[(texts["source_status"] == "succeeded") & texts["original_correct"]]
            rows.append((*asked, *source[:3], "replayed_accuracy_percent", *_share(texts["correct"])))
            rows.append((*asked, *source[:3], "transfer_percent", *_share(~fooling["correct"])))
    return pd.DataFrame(rows, columns=[*ASKED, *SOURCE[:3], "metric", "value", "n"])


def _share(answers) -> tuple[float, int]:
    """Percent of true values, and of how many."""
    return percent(int(answers.sum()), len(answers)), len(answers)
