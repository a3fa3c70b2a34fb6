"""FreeLB: each step climbs in the space of embeddings, and the weights learn from every point on the way.

Zhu et al., ICLR 2020, Algorithm 1. FreeLB++ (Li et al., EMNLP 2021) takes more steps and bounds no norm.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from flat.models.batch import Batch
from flat.plugins.own.objectives import Climb
from flat.training.objectives.sides import ADVERSARIAL, ORIGINAL, Side, fit, sides, zero
from flat.training.strategy import TOTAL, Objective, Step


def norms(perturbation: Tensor) -> Tensor:
    """L2 norm of each text's perturbation, (texts, 1, 1), over tokens and dimensions; above zero."""
    return perturbation.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None]


def first(embeddings: Tensor, batch: Batch, magnitude: float, draws: torch.Generator) -> Tensor:
    """Uniform from -1 to 1 on each text's own tokens, times magnitude / sqrt(numbers drawn); like ``embeddings``."""
    drawn = torch.rand(embeddings.shape, generator=draws).to(embeddings) * 2 - 1
    numbers = batch.present.sum(1).clamp(min=1) * embeddings.shape[-1]
    scale = magnitude / numbers.to(embeddings.dtype).sqrt()
    return drawn * batch.present.unsqueeze(-1) * scale[:, None, None]


def climbed(perturbation: Tensor, gradient: Tensor, batch: Batch, size: float, largest: float | None) -> Tensor:
    """One step of length ``size`` along each text's gradient, then back into the ball of norm ``largest``."""
    gradient = gradient * batch.present.unsqueeze(-1)
    moved = perturbation + size * gradient / norms(gradient)
    return moved if largest is None else moved * (largest / norms(moved)).clamp(max=1.0)


class FreeLB(Objective):
    """The mean cross entropy over ``steps`` perturbed passes. Each text has its own perturbation.

    A pass's gradient serves the weights and the next perturbation, so that K steps cost K forward and backward passes.
    All passes of a step share dropout and the mask's noise (section 3.3 of Zhu et al.): the loss that is climbed is one
    function.
    """

    def __init__(self, options: Climb):
        self.options = options

    def losses(self, step: Step) -> Iterator[Mapping[str, Tensor]]:
        found = list(sides(step))
        noise = Noise(step)
        moved: list[Tensor | None] = [None] * len(found)
        for _ in range(self.options.steps):
            noise.repeat()
            terms = {f"ce_{name}": zero(step) for name in (ORIGINAL, ADVERSARIAL)}
            total = norm = zero(step)
            for place, side in enumerate(found):
                embeddings = step.model.embed(side.batch)
                before = moved[place]
                moved[place] = self._next(side, embeddings, before, step.draws).requires_grad_()
                logits = step.model.classify(embeddings + moved[place], side.batch, step.gumbel)
                ce = fit(step, logits, side.labels) / self.options.steps
                terms[f"ce_{side.name}"] = ce
                total = total + side.share * ce
                norm = norm + side.share * norms(moved[place].detach()).mean() / self.options.steps
            yield {TOTAL: total} | terms | {"perturbation": norm}

    def _next(self, side: Side, embeddings: Tensor, before: Tensor | None, draws: torch.Generator) -> Tensor:
        """The perturbation of a pass, from the one before and its gradient; the first is drawn."""
        chosen = self.options
        if before is None:
            return first(embeddings.detach(), side.batch, chosen.initial, draws)
        return climbed(before.detach(), before.grad, side.batch, chosen.step_size, chosen.largest_norm)


class Noise:
    """Dropout and mask noise of a pass, drawn again for the next ones."""

    def __init__(self, step: Step):
        self.device, self.gumbel = step.labels.device, step.gumbel
        self.states: tuple | None = None

    def repeat(self) -> None:
        """Put the generators where they were at the first call."""
        on_gpu = self.device.type == "cuda"
        if self.states is None:
            self.states = (
                torch.get_rng_state(),
                self.gumbel.get_state(),
                torch.cuda.get_rng_state(self.device) if on_gpu else None,
            )
            return
        torch.set_rng_state(self.states[0])
        self.gumbel.set_state(self.states[1])
        if on_gpu:
            torch.cuda.set_rng_state(self.states[2], self.device)
