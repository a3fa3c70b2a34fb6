"""A few texts as the files that training reads, for encoders."""

import numpy as np
import pandas as pd

from flat.files.artefacts import write_table


def data(n=24, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    fillers = np.array(["the", "film", "is", "plot", "very", "abc"])
    return [[*rng.choice(fillers, rng.integers(2, 6)), ["good", "bad", "dull"][y]] for y in labels], labels


def write_split(path, texts, labels):
    ids = [f"e{i}" for i in range(len(texts))]
    write_table(path, pd.DataFrame({"example_id": ids, "words": texts, "label": labels}))
    return str(path)
