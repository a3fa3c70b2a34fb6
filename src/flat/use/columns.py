"""What the columns of a study's tables mean, for those who meet them as data frames (docs/attacks.md)."""

from collections.abc import Iterable

LEDGER = {
    "example_id": "the data set's id of the example",
    "label": "number of its class",
    "status": "succeeded, failed, or skipped: the model had it wrong already",
    "original": "the text, cleaned",
    "perturbed": "the text that the attack ended with; of a failed attack its best try",
    "original_words": "the words of the original",
    "perturbed_words": "the words of the perturbed text",
    "aligned": "for each original word the place of its counterpart among the perturbed ones, -1 if it has none",
    "swaps": "position in the original, from, to; an inserted word has an empty from, a dropped one an empty to",
    "predicted": "number of the class that the model answers to the original",
    "perturbed_predicted": "the same of the perturbed text",
    "logits": "the model's logits of the original, a number a class",
    "perturbed_logits": "the same of the perturbed text",
    "queries": "texts that the attack asked about, remembered ones too",
    "victim_forwards": "different inputs that the model answered",
    "similarity_unchecked": "no sentence encoder compared the two texts",
    "attack_hash": "SHA-256 of the attack lock",
}
MEASUREMENTS = {
    "dataset": "name of the data set",
    "model": "name of the model",
    "strategy": "how the model was trained",
    "train_attack": "the attack that made its adversarial training texts; none of models that saw none",
    "seed": "seed of its training",
    "round": "the round of training that is measured",
    "attack": "the test attack; empty where none is involved",
    "method": "the explanation method; empty where none is involved",
    "pair_set": "which pairs of texts are averaged; empty where none are",
    "metric": 'what is measured: frame.attrs["metrics"] has title and unit',
    "k": "of TI@k; 0 of metrics without one",
    "value": "the number; NaN is undefined",
    "n": "examples or pairs behind it",
    "dropped": "rankings that were left out because they were constant",
}


def metrics(names: Iterable[str]) -> dict[str, str]:
    """Title and unit of each metric that is known here."""
    from flat.analysis.measurements import METRICS  # for cost

    known = {name: METRICS[name] for name in sorted(names) if name in METRICS}
    return {name: f"{metric.title} ({metric.unit})" for name, metric in known.items()}
