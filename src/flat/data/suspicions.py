"""What looks wrong in a file of texts but may be meant: warnings with the file's rows, never refusals."""

from collections import defaultdict
from statistics import median

from flat.data.reading.tables import some_rows

OUTLIER = 100  # times the median length

# words that tokenizers or models take for marks of their own wherever they stand in a text
RESERVED = frozenset(
    ("[MASK]", "[SEP]", "[CLS]", "[PAD]", "[UNK]", "<mask>", "<pad>", "<s>", "</s>", "<cls>", "<sep>", "<|endoftext|>")
)


def lengths(frame, where: str) -> list[str]:
    """A warning about texts (of a frame with columns text and row) that are many times as long as the usual one."""
    counts = [*map(len, frame["text"].tolist())]
    usual = median(counts) if counts else 0
    rows = [row for row, count in zip(frame["row"].tolist(), counts, strict=True) if count > OUTLIER * usual]
    if not rows:
        return []
    return [
        f"{where}, {some_rows(rows)}: more than {OUTLIER} times as long as the median text ({usual:g} characters; the "
        f"longest has {max(counts)}): see that no quotation mark swallowed the next rows"
    ]


def marks(frame, where: str) -> list[str]:
    """A warning about cleaned texts (of a frame with columns text and row) that hold a reserved word."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, text in zip(frame["row"].tolist(), frame["text"].tolist(), strict=True):
        if "[" in text or "<" in text:
            for word in RESERVED.intersection(text.split(" ")):
                rows[word].append(row)
    return [
        f"{where}, {some_rows(places)}: the word {word} stands there, which the tokenizers of some models take for a "
        "mark of their own"
        for word, places in sorted(rows.items())
    ]
