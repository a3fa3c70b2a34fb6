"""Synonym replacement: before each epoch some words of some texts are replaced at random (Wei and Zou, EMNLP 2019).

Their synonyms are WordNet's; ours are those of the study's synonym space, which the attacks choose from too.
"""

from collections.abc import Sequence

import numpy as np

from flat.plugins.own.objectives import Replaced
from flat.training.objectives.plain import Plain
from flat.training.objectives.substitutes import Substitutes, of_resources
from flat.training.pairs import Pairs
from flat.training.strategy import Epoch


def replaced(text: Sequence[str], rate: float, substitutes: Substitutes, draws: np.random.Generator) -> list[str]:
    """A text with max(1, rate * words) of its replaceable words replaced; as it is if none can be."""
    places = [place for place, word in enumerate(text) if substitutes.of(word)]
    number = min(len(places), max(1, int(rate * len(text))))
    found = list(text)
    for place in draws.permutation(places)[:number] if places else ():
        others = substitutes.of(text[place])
        found[place] = others[draws.integers(len(others))]
    return found


class Augmentation(Plain):
    """``share`` of an epoch's originals come with a copy whose words are replaced; the copies are new in each epoch."""

    def __init__(self, options: Replaced, **resources: str):
        self.options = options
        self.substitutes = of_resources(resources, options.neighbours, options.least_cosine)

    def before_epoch(self, epoch: Epoch) -> Pairs:
        substitutes, draws = self.substitutes.among(epoch.texts), epoch.draws
        rows = np.sort(draws.permutation(epoch.rows)[: round(self.options.share * len(epoch.rows))])
        texts = [replaced(epoch.texts[row], self.options.rate, substitutes, draws) for row in rows]
        changed = [number for number, row in enumerate(rows) if texts[number] != list(epoch.texts[row])]
        return Pairs([int(rows[n]) for n in changed], [texts[n] for n in changed])
