"""How much of one's data a new study reads, so that it runs in some minutes on two cores."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from flat.data.survey import Survey
from flat.errors import DataError

MOST = {"train": 4000, "dev": 200, "test": 400}
SHARES = {"dev": 0.1, "test": 0.2}
LEAST_ROWS = 3  # of a class: one a split
ATTACKED = ((300, 100), (200, 80), (120, 60), (80, 40), (50, 30), (30, 20))  # train and test texts
CUTS = (100, 60, 40, 24, 16)  # words


@dataclass(frozen=True)
class Sizes:
    """Examples of each split (None: all there are), words read of a text, and texts attacked.

    Attributes:
        cut: whether some texts are longer than ``words``.
    """

    splits: dict[str, int | None]
    words: int
    cut: bool
    attacked_train: int
    attacked_test: int


def candidates(found: Survey, where: str) -> Iterator[Sizes]:
    """Sizes from the largest to the smallest that are tried.

    Raises:
        DataError: a class has too few rows to stand in each split.
    """
    splits = _splits(found, where)
    longest, usual = found.lengths[-1], max(8, 4 * math.ceil(found.length(0.99) / 4))
    lengths = dict.fromkeys(min(cut, usual) for cut in CUTS)
    test = splits["test"] or found.rows.get("test", 0)
    train = splits["train"] or sum(found.kept.values()) - sum(splits[name] or 0 for name in SHARES)
    for words in lengths:
        for of_train, of_test in ATTACKED:
            yield Sizes(splits, words, longest > words, min(of_train, train), min(of_test, test))


def mean_words(found: Survey, sizes: Sizes) -> float:
    return fmean(min(length, sizes.words) for length in found.lengths)


def _splits(found: Survey, where: str) -> dict[str, int | None]:
    """Sizes of the splits: large enough that the rarest class is in each."""
    total, carved = sum(found.kept.values()), [name for name in SHARES if name not in found.rows]
    few = {name: count for name, count in found.kept.items() if count < LEAST_ROWS and carved}
    if few:
        said = ", ".join(f"{name} has {count} row{'s' * (count != 1)}" for name, count in few.items())
        raise DataError(
            f"{where}: classes",
            f"{said}, and each of train, dev and test needs one (empty and repeated texts do not count)",
            "remove these rows, give their class another's name, or add texts; or name the right column by --label",
        )
    rarest = max(1, min(found.kept.values(), default=1))
    sizes: dict[str, int | None] = {}
    for name in ("dev", "test"):
        if name in carved:
            sizes[name] = max(min(MOST[name], round(SHARES[name] * total)), math.ceil(total / rarest))
        else:
            sizes[name] = MOST[name] if found.rows[name] > MOST[name] and _kept_whole(found, name) else None
    left = total - sum(sizes[name] or 0 for name in carved)
    if left < len(found.kept) or left < total / 4:
        raise DataError(
            f"{where}: classes",
            f"the {total} texts cannot be split: each of train, dev and test needs one of each of the classes",
            "add texts, above all of the rarest classes; or give files by --train, --dev and --test",
        )
    sizes["train"] = MOST["train"] if left > MOST["train"] else None
    return sizes


def _kept_whole(found: Survey, name: str) -> bool:
    """Whether a draw of this size surely holds each class."""
    return MOST[name] * min(found.classes.values()) >= 2 * sum(found.classes.values())
