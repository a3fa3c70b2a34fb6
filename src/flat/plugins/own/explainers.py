"""FLAT's own explanation methods."""

from typing import Annotated

from pydantic import Field

from flat.plugins.kinds import Complete, Explainer
from flat.plugins.values import Options, above_0, upto


class IntegratedGradients(Options):
    steps: upto(1_000_000) = 50
    tolerance: above_0(1_000) = 0.05
    frozen_mask: bool = False


class Lime(Options):
    samples: upto(10_000_000) = 1000
    exact_below: Annotated[int, Field(ge=0, le=14)] = 10
    repeats: Annotated[int, Field(ge=0, le=1_000_000_000, description="texts explained twice, for the noise floor")] = (
        20
    )


IG = Explainer(
    name="ig",
    title="Integrated gradients",
    options=IntegratedGradients,
    make="flat.interpretation.integrated_gradients:for_study",
    reference="Sundararajan, Taly and Yan 2017",
    answers=lambda options, classes: options.steps * classes,
    gradients=True,
    complete=Complete(baseline="embeddings", output="logit"),
    beyond_main=True,
)
LIME = Explainer(
    name="lime",
    title="LIME",
    options=Lime,
    make="flat.interpretation.lime_words:for_study",
    reference="Ribeiro, Singh and Guestrin 2016",
    answers=lambda options, classes: options.samples,
    random=True,
)
