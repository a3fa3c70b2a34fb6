"""FLAT's own metrics of explanations.

Every study measures Kendall's tau and TI@k (``ALWAYS``), in columns of their own. The others are measured where a study
names them under ``metrics``.
"""

from typing import Annotated

from pydantic import Field

from flat.plugins.kinds import Metric
from flat.plugins.values import Options, above_0, upto

PAIRS, WORDS = "flat.interpretation.pair_metrics", "flat.interpretation.word_removal"


class Top(Options):
    k: upto(100_000) = Field(5, description="top words compared, at most all that both texts have")


class Overlap(Options):
    p: Annotated[float, Field(gt=0, lt=1, description="weight of a depth against the depth above it")] = 0.9


class Shares(Options):
    percent: Annotated[list[above_0(100)], Field(min_length=1, max_length=100)] = Field(
        [1, 5, 10, 20, 50], description="shares of a text's words, each rounded up; the mean over them is measured"
    )


class Curve(Options):
    steps: upto(10_000) = Field(50, description="steps from no word to all, at most one a word")


KENDALL_TAU = Metric(
    name="kendall-tau",
    title="KT",
    of="pairs",
    make=f"{PAIRS}:kendall_tau",
    low=-1,
    high=1,
    unit="rank correlation",
    reference="Kendall 1945",
)
TOPK_INTERSECTION = Metric(
    name="topk-intersection",
    title="TI",
    of="pairs",
    make=f"{PAIRS}:topk_intersection",
    options=Top,
    low=0,
    high=1,
    unit="share",
    reference="Chen and Ji 2022, section 5.2",
)
RBO = Metric(
    name="rbo",
    title="RBO",
    of="pairs",
    make=f"{PAIRS}:rank_biased_overlap",
    options=Overlap,
    low=0,
    high=1,
    unit="share",
    reference="Webber, Moffat and Zobel 2010",
)
SPEARMAN = Metric(
    name="spearman",
    title="Spearman",
    of="pairs",
    make=f"{PAIRS}:spearman",
    low=-1,
    high=1,
    unit="rank correlation",
    reference="Spearman 1904",
)
COMPREHENSIVENESS = Metric(
    name="comprehensiveness",
    title="Comprehensiveness",
    of="explanations",
    make=f"{WORDS}:comprehensiveness",
    options=Shares,
    low=-1,
    high=1,
    unit="probability",
    reference="DeYoung et al. 2020",
)
SUFFICIENCY = Metric(
    name="sufficiency",
    title="Sufficiency",
    of="explanations",
    make=f"{WORDS}:sufficiency",
    options=Shares,
    low=-1,
    high=1,
    better="lower",
    unit="probability",
    reference="DeYoung et al. 2020",
)
INSERTION = Metric(
    name="insertion",
    title="Insertion",
    of="explanations",
    make=f"{WORDS}:insertion",
    options=Curve,
    low=0,
    high=1,
    unit="probability",
    reference="Petsiuk, Das and Saenko 2018",
)
DELETION = Metric(
    name="deletion",
    title="Deletion",
    of="explanations",
    make=f"{WORDS}:deletion",
    options=Curve,
    low=0,
    high=1,
    better="lower",
    unit="probability",
    reference="Petsiuk, Das and Saenko 2018",
)

# what every study measures: the name of the measured number -> what declares it
ALWAYS: dict[str, Metric] = {"kendall_tau": KENDALL_TAU, "topk_intersection": TOPK_INTERSECTION}
