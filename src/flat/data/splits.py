"""Seeded, stratified splits. Which texts are drawn depends on the texts and the seed, not on the order of rows."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from flat.errors import DataError
from flat.study.seeds import seed_of

# what a split that the source lacks takes of train where the study names no size
DEFAULT_SHARE = 0.1


def allocate(counts: Sequence[int], size: int) -> list[int]:
    """How many of ``size`` draws fall on each class: proportional to ``counts``, by largest remainders.

    >>> allocate([5, 3, 2], 5)
    [3, 1, 1]
    """
    total = sum(counts)
    shares = [divmod(size * count, total) for count in counts]
    drawn = [whole for whole, _ in shares]
    by_remainder = sorted(range(len(counts)), key=lambda i: (-shares[i][1], i))
    for i in by_remainder[: size - sum(drawn)]:
        drawn[i] += 1
    return drawn


def draw(frame, size: int, seed: int):
    """``size`` rows, stratified by label, as a boolean mask over ``frame`` (columns text, label).

    Each text is ranked by a hash of itself and the seed; the first of each class are taken. So a larger draw under
    the same seed holds the smaller one (but for a row or so of rounding), and shuffled rows give the same texts.
    """
    import numpy as np  # for cost

    chosen = np.zeros(len(frame), dtype=bool)
    labels = frame["label"].to_numpy()
    ranks = _ranks(frame["text"], labels, seed)
    classes = sorted(set(labels.tolist()))
    for label, take in zip(classes, allocate([int((labels == c).sum()) for c in classes], size), strict=True):
        rows = np.flatnonzero(labels == label)
        chosen[sorted(rows, key=lambda row: ranks[row])[:take]] = True
    return chosen


def make_splits(frames: Mapping, sizes: Mapping, seed: int, where: str) -> tuple[dict, dict[str, str]]:
    """The three splits a study asks for, from what the source gives.

    Args:
        frames: the source's splits, train at least, by name; columns text and label.
        sizes: ``train``, ``dev``, ``test``: a number of rows, a share (dev and test; of the split they are drawn
            from) or None for all there are. A split the source lacks is carved from train, None then means a tenth.
        seed: of the data set's draws.

    Returns:
        train, dev and test, in the order of the source's rows, and where each came from, in words.

    Raises:
        DataError: a split asks for more than there is.
    """
    rest, splits, origins = frames["train"], {}, {}
    for name in ("test", "dev"):
        given = frames.get(name)
        wanted = sizes.get(name)
        source = given if given is not None else frames["train"]
        available = len(given) if given is not None else len(rest)
        if given is not None and wanted is None:
            splits[name], origins[name] = given, "given"
            continue
        wanted = DEFAULT_SHARE if wanted is None else wanted
        size = round(wanted * len(source)) if isinstance(wanted, float) else wanted
        _refuse_too_large(name, size, available, where, carved=given is None)
        pool = given if given is not None else rest
        chosen = draw(pool, size, seed_of(seed, "split", name))
        splits[name] = pool[chosen]
        origins[name] = "drawn from the given split" if given is not None else "carved from train"
        if given is None:
            rest = rest[~chosen]
    size = sizes.get("train")
    splits["train"], origins["train"] = rest, "given" if len(rest) == len(frames["train"]) else "what carving left"
    if size is not None:
        _refuse_too_large("train", size, len(rest), where, carved=len(rest) < len(frames["train"]))
        if size < len(rest):
            splits["train"] = rest[draw(rest, size, seed_of(seed, "split", "train"))]
            origins["train"] = "drawn"
    return {name: splits[name].reset_index(drop=True) for name in ("train", "dev", "test")}, origins


def _refuse_too_large(name: str, size: int, available: int, where: str, carved: bool) -> None:
    if not 0 < size <= available or (carved and name != "train" and size == available):
        place = "train after carving" if carved else f"the source's {name} split"
        raise DataError(
            f"{where}: splits.{name}",
            f"{size} examples are asked for, {place} has {available}",
            "ask for fewer (0 < size), or for null: all there are",
        )


def _ranks(texts, labels, seed: int) -> list[tuple[bytes, int]]:
    """A rank for each row; copies of one text in one class are told apart by their number."""
    copies: Counter = Counter()
    ranks = []
    for text, label in zip(texts, labels, strict=True):
        copies[text, label] += 1
        digest = hashlib.blake2b(f"{seed}\x1f{text}\x1f{copies[text, label]}".encode(), digest_size=16)
        ranks.append(digest.digest())
    return ranks
