"""FLAT's own objectives, with what a study may set of each."""

from pydantic import Field

from flat.plugins.kinds import Objective
from flat.plugins.values import Cosine, Count, Options, Weight, above_0, from_0, upto

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


Part = above_0(1)


class Replaced(Options):
    share: Part = Field(1.0, description="of an epoch's texts, that come with a copy")
    rate: Part = Field(0.1, description="of a copy's words, that are replaced; at least one is")
    neighbours: upto(1_000) = Field(10, description="nearest words that a substitute is drawn from")
    least_cosine: Cosine = Field(0.5, description="of a substitute and its word")


class Attacked(Options):
    share: Part = Field(0.2, description="of an epoch's texts, that come with an adversarial text")
    clean_epochs: Count = Field(1, description="epochs of a round before the first with adversarial texts")
    rate: Part = Field(0.1, description="of a text's words, that may be replaced")
    least_words: upto(1_000) = Field(4, description="words that may be replaced however short the text")
    neighbours: upto(1_000) = Field(20, description="nearest words that a substitute is chosen from")
    least_cosine: Cosine = Field(0.8, description="of a substitute and its word")


class Hull(Options):
    weight: Weight = Field(4.0, description="of the divergence from the answer at the worst point of the hull")
    sparsity: Weight = Field(10.0, description="of the entropy of a point's weights, in the search for it")
    steps: Steps = Field(10, description="of that search")
    rate: above_0(1_000) = Field(10.0, description="learning rate of that search (Adam)")
    neighbours: upto(1_000) = Field(8, description="nearest words that a hull is made of")
    least_cosine: Cosine = Field(0.5, description="of such a word and its own")


FLAT = Objective(
    name="flat",
    title="FLAT",
    make="flat.training.objectives.flat:Flat",
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
AUGMENTATION = Objective(
    name="augmentation",
    title="synonym augmentation",
    make="flat.training.objectives.augmentation:Augmentation",
    options=Replaced,
    terms=(*FITS, "ce_made"),
    passes=lambda options: 1.0 + options.share,
    roles=("synonyms", "stopwords"),
    reference="Wei and Zou 2019",
)
A2T = Objective(
    name="a2t",
    title="A2T",
    make="flat.training.objectives.a2t:A2T",
    options=Attacked,
    terms=(*FITS, "ce_made"),
    passes=lambda options: 1.0 + options.share,
    roles=("synonyms", "stopwords", "tagger"),
    reference="Yoo and Qi 2021",
)
CONVEX_HULL = Objective(
    name="ascc",
    title="ASCC-defense",
    make="flat.training.objectives.convex_hull:ConvexHull",
    options=Hull,
    terms=(*FITS, "divergence"),
    passes=lambda options: 2.0 + options.steps,
    roles=("synonyms", "stopwords"),
    built_from=("vectors",),
    reference="Dong et al. 2021",
)
