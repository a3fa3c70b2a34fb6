"""A data set made ready: read, cleaned, checked, split, with its vocabulary and the facts of Tables 1 and 6."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from flat.data import checks, vocabulary
from flat.data.cleaning import cleaner, mask_unknown
from flat.data.sources import SPLITS, Source, read
from flat.data.splits import make_splits

log = logging.getLogger("flat.data")


@dataclass
class Prepared:
    """``train``, ``dev``, ``test``: frames with example_id, text (cleaned), label (class number), words (its list)."""

    train: object
    dev: object
    test: object
    vocabulary: tuple[list[str], list[int]]  # words and counts
    summary: dict


def prepare(options: Mapping, name: str, seed: int, mirror: str | None = None) -> Prepared:
    """Everything later steps need of data set ``name``.

    Args:
        options: the study's entry of the data set (docs/add-a-dataset.md).
        seed: of the study's data draws; each data set and split derives its own.
        mirror: folder or address with copies of hub files.

    Raises:
        DataError: the data cannot be used as they are; names file, row and remedy.
        ResourceError: a package-shipped corpus has not been fetched.
    """
    from flat.seeds import seed_of

    source = read(options, mirror)
    dropped = dict(source.dropped)
    for split in list(source.frames):
        source.frames[split], repeated = _cleaned(source, split, options)
        dropped |= {f"{split}: {why}": count for why, count in repeated.items() if count}
    where = f"data set {name}"
    splits, origins = make_splits(source.frames, options.get("splits") or {}, seed_of(seed, name), where)
    overlaps, warnings = {}, []
    for split in ("test", "dev"):
        overlaps[split], said = checks.check_overlap(
            splits["train"], splits[split], split, options.get("max_overlap", 0.02), where
        )
        warnings += [said] if said else []
    for split in SPLITS:
        checks.refuse_empty_classes(splits[split], options["classes"], f"{where}, {split}")
        splits[split]["words"] = splits[split]["text"].str.split(" ")
    wanted = options.get("vocabulary") or {}
    over, min_count = wanted.get("over", ["train"]), wanted.get("min_count", 0)
    words, counts = vocabulary.build((w for split in over for w in splits[split]["words"]), min_count)
    known = set(words)
    unknown = {split: vocabulary.unknown_share(splits[split]["words"], known) for split in ("dev", "test")}
    if (options.get("cleaning") or {}).get("mask_unknown"):
        for split in ("dev", "test"):
            splits[split]["words"] = [mask_unknown(w, known) for w in splits[split]["words"]]
            splits[split]["text"] = splits[split]["words"].str.join(" ")
    for warning in warnings:
        log.warning("%s: %s", name, warning)
    summary = {
        "dataset": name,
        "classes": list(options["classes"]),
        "sizes": {split: len(splits[split]) for split in SPLITS},
        "mean_words": _mean(length for split in SPLITS for length in splits[split]["words"].str.len()),
        "vocabulary_size": len(words),
        "min_count": min_count,
        "max_length": options["max_length"],
        "vocabulary_over": list(over),
        "unknown_share": unknown,
        "splits": {split: _facts(splits[split], origins[split], options) for split in SPLITS},
        "overlap_with_train": overlaps,
        "dropped": dropped,
        "warnings": warnings,
        "cleaning": dict(options.get("cleaning") or {}),
        "source": source.identity,
    }
    columns = ["example_id", "text", "label", "words"]
    return Prepared(*(splits[split][columns] for split in SPLITS), (words, counts), summary)


def _cleaned(source: Source, split: str, options: Mapping):
    """A split's frame with cleaned texts, repeated ones treated as the study says, and how many that left out."""
    cleaning = options.get("cleaning") or {}
    frame = source.frames[split].copy()
    frame["text"] = [*map(cleaner(cleaning), frame["text"])]
    checks.refuse_empty_after_cleaning(frame, source.where[split], cleaning.get("style", "sst"))
    return checks.treat_duplicates(frame, options.get("duplicates", "keep"), source.where[split])


def _facts(frame, origin: str, options: Mapping) -> dict:
    lengths = frame["words"].str.len()
    per_class = frame["label"].value_counts()
    return {
        "origin": origin,
        "per_class": {name: int(per_class.get(number, 0)) for number, name in enumerate(options["classes"])},
        "mean_words": _mean(lengths),
        "longest": int(lengths.max()),
        "longer_than_max_length": int((lengths > options["max_length"]).sum()),
    }


def _mean(values) -> float:
    values = list(values)
    return float(sum(values) / len(values))
