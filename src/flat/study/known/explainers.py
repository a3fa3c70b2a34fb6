"""The explanation methods that a study can name. ``flat.interpretation.attributions`` says what answers for each."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Explainer:
    """What a study must know of an explanation method; its options are ``interpretation.<method>`` of the schema.

    Attributes:
        answers: (options, classes) -> how many answers of the model explain that many classes of a text of 20 words:
            what its cost grows with.
        beyond_main: it explains the models of Fig. 3 and of the table of readings too, not only the main tables'.
    """

    answers: Callable[[object, int], int]
    beyond_main: bool = False


EXPLAINERS: dict[str, Explainer] = {
    "ig": Explainer(lambda options, classes: options.steps * classes, beyond_main=True),
    "lime": Explainer(lambda options, classes: options.samples),
}
