"""A data set made ready: read, cleaned, checked, split, with its vocabulary and the facts of Tables 1 and 6."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from flat.data import checks, overlap, suspicions, vocabulary
from flat.data.cleaning import cleaner, mask_unknown
from flat.data.sources import SPLITS, Source, read
from flat.data.splits import make_splits
from flat.errors import DataError
from flat.study.seeds import seed_of

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
    source = read(options, mirror)
    dropped, warnings = dict(source.dropped), list(source.warnings)
    frames = {split: _cleaned(source, split, options, dropped, warnings) for split in source.frames}
    splits, origins, repeated = _divided(frames, source, options, name, seed)
    dropped |= repeated
    where = f"data set {name}"
    overlaps = {split: overlap.overlapping(splits["train"], splits[split]) for split in ("test", "dev")}
    most = _most_overlap(options)
    if any(overlap.share_of(places, splits[split]) > most for split, places in overlaps.items()):
        raise _too_much_overlap(frames, source, options, name, seed, splits, overlaps)
    warnings += [
        f"{overlap.said_of(places, splits[split], split)} (at most {most:.1%} are allowed)"
        for split, places in overlaps.items()
        if places
    ]
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
        "overlap_with_train": {split: overlap.share_of(places, splits[split]) for split, places in overlaps.items()},
        "dropped": dropped,
        "warnings": warnings,
        "cleaning": dict(options.get("cleaning") or {}),
        "source": source.identity,
    }
    columns = ["example_id", "text", "label", "words"]
    return Prepared(*(splits[split][columns] for split in SPLITS), (words, counts), summary)


def _cleaned(source: Source, split: str, options: Mapping, dropped: dict[str, int], warnings: list[str]):
    """A split's frame with cleaned texts; what was left out and what looks wrong are added to the last two."""
    cleaning, where = options.get("cleaning") or {}, source.where[split]
    frame = source.frames[split].copy()
    warnings += suspicions.lengths(frame, where)
    frame["text"] = [*map(cleaner(cleaning), frame["text"].tolist())]
    frame, emptied = checks.treat_empty(frame, options.get("empty", "refuse"), where, cleaning.get("style", "sst"))
    if emptied:
        dropped[f"{split}: nothing left after cleaning"] = emptied
    warnings += suspicions.marks(frame, where)
    return frame


def _divided(frames: Mapping, source: Source, options: Mapping, name: str, seed: int):
    """The three splits, where each came from, and how many repeated texts were left out."""
    kept, dropped = {}, {}
    for split, frame in frames.items():
        kept[split], repeated = checks.treat_duplicates(frame, options.get("duplicates", "keep"), source.where[split])
        dropped |= {f"{split}: {why}": count for why, count in repeated.items() if count}
    return *make_splits(kept, options.get("splits") or {}, seed_of(seed, name), f"data set {name}"), dropped


def _most_overlap(options: Mapping) -> float:
    return options.get("max_overlap", 0.02)


def _too_much_overlap(frames, source: Source, options: Mapping, name: str, seed: int, splits, overlaps) -> DataError:
    """The error about it, with the rows, and with the keys of the study that would end it."""
    most, said, rows = _most_overlap(options), [], []
    for split, places in overlaps.items():
        if overlap.share_of(places, splits[split]) > most:
            said.append(overlap.said_of(places, splits[split], split))
            rows.append(overlap.rows_of(places, splits[split], source.where.get(split, source.where["train"])))
    remedies = [f"remove them from one of the files ({'; '.join(rows)})"]
    if _dropping_helps(frames, source, options, name, seed):
        remedies.append("or set duplicates: drop, which leaves repeated texts of one file out")
    shares = [overlap.share_of(places, splits[split]) for split, places in overlaps.items()]
    remedies.append(f"or raise max_overlap to {overlap.enough(shares)}")
    return DataError(f"data set {name}", f"{'; '.join(said)}; at most {most:.1%} are allowed", ", ".join(remedies))


def _dropping_helps(frames, source: Source, options: Mapping, name: str, seed: int) -> bool:
    """Whether these data would pass with ``duplicates: drop``."""
    try:
        splits, _, _ = _divided(frames, source, {**options, "duplicates": "drop"}, name, seed)
    except DataError:
        return False
    found = (overlap.share_of(overlap.overlapping(splits["train"], splits[s]), splits[s]) for s in ("test", "dev"))
    return max(found) <= _most_overlap(options)


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
