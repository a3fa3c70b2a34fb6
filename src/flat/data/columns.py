"""Which column of a file holds the texts, and which the labels, where that is clear."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from flat.data.checks import missing
from flat.errors import DataError

# usual names; the first of each decides against the others
TEXTS = ("text", "sentence", "review", "message", "body", "content", "question", "tweet", "comment", "document", "sms")
LABELS = ("label", "class", "category", "target", "topic", "sentiment", "intent", "labels", "classes")
MOST_CLASSES = 50  # that are looked for; a label column that is named may have more
LEAST_WORDS = 2.5  # a text has on average
LONGEST_LABEL = 4  # words
SHOWN = 44  # characters of an example


def find(columns: Mapping[str, Sequence], text: Sequence[str], label: str | None, where: str) -> tuple[list[str], str]:
    """The columns of texts (several: those given) and of labels.

    Args:
        columns: name -> values, one a row.
        text, label: what the user says; empty and None: to be found.

    Raises:
        DataError: a named column is not there, or it is not clear which one is meant.
    """
    for name in [*text, *([label] if label else [])]:
        if name not in columns:
            raise DataError(where, f"no column {name!r}", f"the columns are\n{describe(columns)}")
    if label in text:
        raise DataError(
            where, f"column {label!r} cannot be both text and label", f"the columns are\n{describe(columns)}"
        )
    free = {name: values for name, values in columns.items() if name not in (*text, label)}
    labels = [label] if label else [name for name, values in free.items() if _like_labels(values)]
    texts = list(text) or [name for name, values in free.items() if _like_texts(values)]
    chosen = list(text) or [_one(texts, TEXTS, "text", columns, where)]
    return chosen, label or _one([name for name in labels if name not in chosen], LABELS, "label", columns, where)


def describe(columns: Mapping[str, Sequence]) -> str:
    """A line for each column: how many values it has, and the first."""
    lines = []
    for name, values in columns.items():
        held = [value for value in values if not missing(value)]
        example = " ".join(str(held[0]).split()) if held else ""
        example = example if len(example) <= SHOWN else example[: SHOWN - 3] + "..."
        said = f"{len(set(map(str, held))):,} different values, such as {example!r}" if held else "empty"
        lines.append(f"      {name}: {said}")
    return "\n".join(lines)


def _one(found: list[str], usual: Sequence[str], what: str, columns: Mapping[str, Sequence], where: str) -> str:
    named = [name for name in found if name.strip().casefold() in usual]
    named = [name for name in named if name.strip().casefold() == usual[0]] or named
    if len(found) == 1 or len(named) == 1:
        return (named or found)[0]
    said = f"several columns may be the {what}: {', '.join(found)}" if found else f"no column looks like the {what}"
    raise DataError(where, said, f"say --{what} COLUMN; the columns are\n{describe(columns)}")


def _like_texts(values: Sequence) -> bool:
    held = [value for value in values if not missing(value)]
    if not held or not all(isinstance(value, str) for value in held):
        return False
    return fmean(len(value.split()) for value in held) >= LEAST_WORDS and len(set(held)) > 0.3 * len(held)


def _like_labels(values: Sequence) -> bool:
    held = [value for value in values if not missing(value)]
    if not held or not all(isinstance(value, str | int | float) for value in held):
        return False
    different = set(map(str, held))
    short = max(len(value.split()) for value in different) <= LONGEST_LABEL
    return short and 2 <= len(different) <= min(MOST_CLASSES, len(held) // 2)
