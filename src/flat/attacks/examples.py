"""Which examples are attacked: one seeded draw per data set, stratified by label, the same for every model."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from flat.errors import ArtefactError, DataError


def draw_examples(frame: pd.DataFrame, n: int | None, seed: int) -> list[str]:
    """Sorted ids of ``n`` examples of ``frame`` (columns example_id, label); all of them if n is None or too large.

    Each label gets its share of n to within one example (largest remainders), whatever the order of the rows.

    Raises:
        DataError: n is negative, or ids are not unique.
    """
    if frame["example_id"].duplicated().any():
        raise DataError("draw of examples", "example ids are not unique", "make preprocess write unique ids")
    if n is not None and n < 0:
        raise DataError("draw of examples", f"{n} examples asked for", "ask for a positive number, or none for all")
    ids_of = {int(label): sorted(part["example_id"]) for label, part in frame.groupby("label")}
    if n is None or n >= len(frame):
        return sorted(frame["example_id"])
    generator = np.random.default_rng(seed)
    drawn = []
    for label, share in quotas({label: len(ids) for label, ids in ids_of.items()}, n).items():
        ids = ids_of[label]
        drawn += [ids[i] for i in generator.permutation(len(ids))[:share]]
    return sorted(drawn)


def attacked_ids(frame: pd.DataFrame, drawn: Collection[str] | None, n: int | None, seed: int, where: str) -> list[str]:
    """The examples of one attack, sorted: ``n`` of those ``drawn`` for the data set, or of the whole split (None).

    Neither ``frame`` (columns example_id, label) nor ``seed`` may depend on the model, so that every model is attacked
    on the same examples.

    Args:
        where: the file that says what is drawn.

    Raises:
        ArtefactError: the split lacks a drawn example.
    """
    return draw_examples(frame if drawn is None else rows_of(frame, drawn, where), n, seed)


def rows_of(frame: pd.DataFrame, ids: Collection[str], where: str) -> pd.DataFrame:
    """The rows of a split that hold these examples, sorted by id.

    Raises:
        ArtefactError: the split lacks an example that ``where`` names.
    """
    found = frame[frame["example_id"].isin(set(ids))].sort_values("example_id")
    if len(found) != len(ids):
        problem = f"{len(ids) - len(found)} of its {len(ids)} examples are not in the split"
        raise ArtefactError(where, problem, "delete it and run snakemake again")
    return found


def check_words(frame: pd.DataFrame) -> None:
    """Make sure that each text of ``frame`` (columns example_id, text, words) is its words joined by one space.

    Raises:
        DataError: one is not.
    """
    for name, text, words in zip(frame["example_id"], frame["text"], frame["words"], strict=True):
        if text.split(" ") != list(words):
            raise DataError(f"example {name}", "its text is not its words joined by one space", "run preprocess again")


def quotas(sizes: dict[int, int], n: int) -> dict[int, int]:
    """n split in proportion to ``sizes`` by largest remainders; ties go to the larger class, then the lower label."""
    total = sum(sizes.values())
    shares = {label: n * size // total for label, size in sorted(sizes.items())}
    left = n - sum(shares.values())
    by_remainder = sorted(shares, key=lambda label: (-(n * sizes[label] % total), -sizes[label], label))
    for label in by_remainder[:left]:
        shares[label] += 1
    return shares
