"""FLAT's own objectives, with what a study may set of each."""

from pydantic import Field

from flat.plugins.kinds import Objective
from flat.plugins.values import Options, Weight, above_0, from_0, upto

FITS = ("ce_original", "ce_adversarial")
Steps = upto(1_000)
Norm = above_0(1_000_000)


class Climb(Options):
    steps: Steps = Field(3, description="passes of a step, each perturbed further")
    step_size: Norm = Field(0.1, description="length of each climb, in the norm of a text's embeddings")
    initial: from_0(1_000_000) = Field(0.05, description="magnitude of the first perturbation, which is drawn")
    largest_norm: Norm | None = Field(0.15, description="of a text's perturbation; null: no bound")


class FurtherClimb(Climb):
    steps: Steps = 10
    largest_norm: Norm | None = None


class TwoPasses(Options):
    weight: Weight = Field(1.0, description="of the divergence of both passes")


class Scaled(Options):
    temperature: above_0(1_000) = Field(10.0, description="what the logits are divided by in training")


FLAT = Objective(
    name="flat",
    title="FLAT",
    make="flat.training.objectives.flat:Flat",
    terms=(*FITS, "entropy_original", "entropy_adversarial", "importance_gap"),
    weights=("beta", "gamma"),
    reference="Chen and Ji 2022",
)
FREE_LB = Objective(
    name="freelb",
    title="FreeLB",
    make="flat.training.objectives.free_lb:FreeLB",
    options=Climb,
    terms=(*FITS, "perturbation"),
    passes=lambda options: float(options.steps),
    reference="Zhu et al. 2020",
)
FREE_LB_FURTHER = Objective(
    name="freelb-plus",
    title="FreeLB++",
    make="flat.training.objectives.free_lb:FreeLB",
    options=FurtherClimb,
    terms=(*FITS, "perturbation"),
    passes=lambda options: float(options.steps),
    reference="Li et al. 2021",
)
R_DROP = Objective(
    name="r-drop",
    title="R-Drop",
    make="flat.training.objectives.r_drop:RDrop",
    options=TwoPasses,
    terms=(*FITS, "divergence"),
    passes=lambda options: 2.0,
    reference="Liang et al. 2021",
)
TEMPERATURE = Objective(
    name="temperature",
    title="temperature training",
    make="flat.training.objectives.scaled:ScaledLogits",
    options=Scaled,
    terms=FITS,
    reference="Raina et al. 2024",
)
