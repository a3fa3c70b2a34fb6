"""A source: sentences made of good and bad words, the same each time."""

import random

from flat.plugins import Options, Source

GOOD = ["fine", "warm", "great", "superb", "lovely"]
BAD = ["dull", "slow", "awful", "poor", "weak"]
REST = ["a", "the", "film", "plot", "story", "with", "and", "very", "cast", "this"]


class Size(Options):
    texts: int = 200


def read(options: Size) -> dict[str, list[dict]]:
    draw = random.Random(7)
    rows = []
    for number in range(options.texts):
        label = number % 2
        own = draw.sample(GOOD if label else BAD, 2)
        words = [*draw.sample(REST, 4), own[0], *draw.sample(REST, 2), own[1]]
        rows.append({"text": " ".join(words) + f" {number}", "label": label})
    return {"train": rows}


MADE = Source(name="made", title="made sentences", options=Size, make=read)
