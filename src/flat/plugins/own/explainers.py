"""FLAT's own explanation methods."""

from typing import Annotated, Literal

from pydantic import Field

from flat.plugins.kinds import Complete, Explainer
from flat.plugins.values import Count, Options, Share, above_0, upto

CAPTUM = "flat.interpretation.explainers.captum_methods"


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


class Occluded(Options):
    by: Literal["unknown", "deletion"] = Field("unknown", description="what comes in a word's place")
    output: Literal["logit", "probability"] = "logit"


class Shapley(Options):
    samples: upto(10_000_000) = 500
    exact_below: Annotated[int, Field(ge=0, le=14)] = 9
    repeats: Count = Field(20, description="texts explained twice, for the noise floor")


class Sequential(Options):
    steps: upto(100_000) = 20


class Discretised(Options):
    steps: Annotated[int, Field(ge=2, le=100_000)] = 30
    neighbours: upto(100_000) = 200
    strategy: Literal["greedy", "count"] = "greedy"


class Rollout(Options):
    residual: Share = 0.5


class Noisy(Options):
    samples: upto(100_000) = Field(20, description="points drawn")
    noise: Share = Field(0.1, description="standard deviation around the text, a share of its embeddings' range")
    repeats: Count = Field(20, description="texts explained twice, for the noise floor")


class Orders(Options):
    orders: upto(1_000_000) = Field(25, description="orders of a text's words that are drawn")
    repeats: Count = Field(20, description="texts explained twice, for the noise floor")


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
    make="flat.interpretation.lime_of_study:explain",
    reference="Ribeiro, Singh and Guestrin 2016",
    answers=lambda options, classes: options.samples,
    random=True,
)
OCCLUSION = Explainer(
    name="occlusion",
    title="Occlusion",
    options=Occluded,
    make="flat.interpretation.explainers.occlusion:explain",
    reference="Li, Monroe and Jurafsky 2016",
    answers=lambda options, classes: 21,
)
KERNEL_SHAP = Explainer(
    name="kernel-shap",
    title="KernelSHAP",
    options=Shapley,
    make="flat.interpretation.explainers.kernel_shap:explain",
    reference="Lundberg and Lee 2017",
    answers=lambda options, classes: options.samples,
    random=True,
    complete=Complete(baseline="unknown", output="probability", within=0.01),
)
INPUT_X_GRADIENT = Explainer(
    name="input-x-gradient",
    title="Input x gradient",
    make="flat.interpretation.explainers.gradients:input_x_gradient",
    reference="Shrikumar et al. 2016",
    answers=lambda options, classes: 1 + 2 * classes,
    gradients=True,
)
SEQUENTIAL_IG = Explainer(
    name="sequential-ig",
    title="Sequential IG",
    options=Sequential,
    make="flat.interpretation.explainers.gradients:sequential",
    reference="Enguehard 2023",
    answers=lambda options, classes: 20 * options.steps * (1 + 2 * classes),
    gradients=True,
)
DISCRETISED_IG = Explainer(
    name="discretised-ig",
    title="Discretised IG",
    options=Discretised,
    make="flat.interpretation.explainers.gradients:discretised",
    reference="Sanyal and Ren 2021",
    answers=lambda options, classes: options.steps * (1 + 2 * classes),
    gradients=True,
)
ATTENTION_ROLLOUT = Explainer(
    name="attention-rollout",
    title="Attention rollout",
    options=Rollout,
    make="flat.interpretation.explainers.rollout:explain",
    reference="Abnar and Zuidema 2020",
    answers=lambda options, classes: 1,
    gradients=True,
    built_from=("encoder",),
)
GRADIENT_SHAP = Explainer(
    name="gradient-shap",
    title="GradientShap",
    options=Noisy,
    make=f"{CAPTUM}:gradient_shap",
    reference="Lundberg and Lee 2017",
    answers=lambda options, classes: 3 * options.samples * classes,
    random=True,
    gradients=True,
)
SMOOTH_GRAD = Explainer(
    name="smooth-grad",
    title="SmoothGrad",
    options=Noisy,
    make=f"{CAPTUM}:smooth_grad",
    reference="Smilkov et al. 2017",
    answers=lambda options, classes: 3 * options.samples * classes,
    random=True,
    gradients=True,
)
SHAPLEY_SAMPLING = Explainer(
    name="shapley-sampling",
    title="Shapley sampling",
    options=Orders,
    make=f"{CAPTUM}:shapley_sampling",
    reference="Castro, Gomez and Tejada 2009",
    answers=lambda options, classes: 20 * options.orders,
    random=True,
    complete=Complete(baseline="unknown", output="probability", within=0.01),
)
