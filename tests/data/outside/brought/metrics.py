"""A metric of pairs: whether the most important word is the same."""

import numpy as np

from flat.plugins import Metric, Options


class None_(Options):
    pass


def same(before, after, options):
    return float(np.argmax(before) == np.argmax(after))


FIRST = Metric(name="same-first", title="Same first word", of="pairs", low=0, high=1, options=None_, make=same)
