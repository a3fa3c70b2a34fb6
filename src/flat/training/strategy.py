"""What a training strategy's loss is: the interface of objectives, which plugins of this kind make (``flat.plugins``).

The trainer asks an objective before each epoch for texts of its own, and in each step for the loss. It owns everything
else: batches, order, optimiser, checkpoints. docs/add-an-objective.md shows one from beginning to end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from flat.errors import FlatError
from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.plugins.registry import OBJECTIVES
from flat.study.fields import OWN_OBJECTIVE
from flat.training.objective import Weights
from flat.training.pairs import Pairs

TOTAL = "total"  # the term that is minimised; every objective has it


@dataclass(frozen=True)
class Step:
    """One batch, or the part of it that fits into memory; its tensors lie on the model's device.

    Attributes:
        original: B training texts with ``labels`` (B,).
        adversarial: the round's adversarial texts of these originals (P of them), or None.
        rows: (P,) the row in ``original`` that each adversarial text belongs to; it has that row's label.
        counterparts: (P, words) as ``flat.training.pairs.counterparts`` gives them.
        made: the texts that ``Objective.before_epoch`` made of these originals (M of them), or None.
        made_rows: (M,) the row in ``original`` that each of them belongs to; it has that row's label.
        weights: the strategy's weights and readings: beta, gamma, double_softmax, pairs_weight ...
        gumbel: CPU generator of the mask's noise: hand it to ``Classifier.classify``.
        draws: CPU generator for all else that the objective draws. Its seed comes from the training's seed, the epoch,
            the step and the batch, so that a training that goes on from a checkpoint draws the same.
    """

    model: Classifier
    original: Batch
    labels: Tensor
    adversarial: Batch | None
    rows: Tensor
    counterparts: Tensor
    weights: Weights
    gumbel: torch.Generator
    draws: torch.Generator
    made: Batch | None = None
    made_rows: Tensor | None = None


@dataclass(frozen=True)
class Epoch:
    """The beginning of an epoch. The model is in evaluation mode, and its weights are not to be changed.

    Attributes:
        number: from 1.
        texts, labels: the train split, by row.
        rows: the training rows that this epoch takes.
        draws: generator of this epoch, seeded as ``Step.draws`` is: the only source of randomness to use.
    """

    number: int
    model: Classifier
    texts: Sequence[Sequence[str]]
    labels: np.ndarray
    rows: np.ndarray
    draws: np.random.Generator


class Objective:
    """Base of objectives. A subclass gives ``loss``, or ``losses`` where a step takes several backward passes.

    An object keeps nothing that training changes: a training that goes on from a checkpoint makes it anew.

    Attributes:
        terms: the names of what it reports beside ``total``, where the plugin declares none.
    """

    terms: tuple[str, ...] = ()

    def loss(self, step: Step) -> Mapping[str, Tensor]:
        """The declared terms and ``total``, which is minimised, by name: each a tensor of one number."""
        raise NotImplementedError

    def losses(self, step: Step) -> Iterator[Mapping[str, Tensor]]:
        """As ``loss``, in several parts. The trainer takes the gradient of each part's total before it asks for the
        next one, so that each part's graph is freed, and adds gradients and terms up.

        A leaf tensor that a part's total depends on has its gradient, times a positive number, when the next part is
        asked for: FreeLB climbs along it without a backward pass of its own.
        """
        yield self.loss(step)

    def before_epoch(self, epoch: Epoch) -> Pairs | None:
        """Texts made of training texts, for this epoch's steps (``Step.made``). They are part of checkpoints."""
        return None

    @property
    def makes_texts(self) -> bool:
        """Whether it has texts of its own: then no training text tells which words are trained on."""
        return type(self).before_epoch is not Objective.before_epoch


@dataclass(frozen=True)
class Chosen:
    """An objective as a strategy of a study chose it.

    Attributes:
        name: of the plugin. options: its options, as plain data.
        terms: names of what it reports beside ``total``: with it the columns of history.csv.
        passes: forward and backward passes over a text, plain training's being 1.
    """

    name: str
    objective: Objective
    terms: tuple[str, ...]
    passes: float = 1.0
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return (TOTAL, *self.terms)

    def checked(self, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The terms in the order of the columns.

        Raises:
            FlatError: they are not the declared ones.
        """
        if set(terms) != set(self.columns):
            raise FlatError(
                f"objective {self.name}",
                f"its loss has the terms {', '.join(terms)}, declared are {', '.join(self.columns)}",
                "declare in terms what loss returns, but for total, which each must have",
            )
        return {name: terms[name] for name in self.columns}


def chosen(
    name: str = OWN_OBJECTIVE, options: Mapping[str, object] | None = None, resources: Mapping[str, str] | None = None
) -> Chosen:
    """An objective by its name, made with options that were checked before.

    Args:
        resources: role -> resource, for the roles that it declares.
    """
    plugin = OBJECTIVES[name]
    checked = plugin.options.model_validate(dict(options or {}))
    made = plugin.load()(checked, **(resources or {}))
    passes = float(plugin.passes(checked))
    return Chosen(name, made, tuple(plugin.terms or made.terms), passes, checked.model_dump(mode="json"))
