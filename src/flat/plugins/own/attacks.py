"""FLAT's own attacks: TextAttack's recipes, the roles of the resources that each needs, and what a study may set.

What a study leaves out is as TextAttack has it: such fields have no value of their own.
"""

from typing import Annotated, Literal

from pydantic import Field

from flat.plugins.kinds import Attack
from flat.plugins.values import Cosine, Options, Share, upto

THEIRS = None  # the value is TextAttack's
BUILD = "flat.attacks.textattack_adapter.build:build"
Number = upto(1_000_000)
Distance = Annotated[float, Field(ge=0, le=1_000_000)]


class Ranked(Options):
    ranking: Literal["unk", "delete", "weighted-saliency", "gradient", "random"] = THEIRS


class Similar(Options):
    similarity_threshold: Cosine = THEIRS
    similarity_window: Number = THEIRS
    skip_short_texts: bool = THEIRS
    compare_against_original: bool = THEIRS


class TagsAndMeaning(Similar):
    allow_verb_noun_swap: bool = THEIRS


class Population(Options):
    pop_size: Number = THEIRS
    max_iters: Number = THEIRS
    max_candidates: Number = THEIRS


class Near(Population):
    max_percent: Share = THEIRS
    max_mse_dist: Distance = THEIRS


class TextFooler(TagsAndMeaning, Ranked):
    max_candidates: Number = THEIRS
    min_cos_sim: Cosine = THEIRS


class Genetic(Near):
    top_n_per_index: Number = THEIRS


class ImprovedGenetic(Near):
    max_replace_times_per_index: Number = THEIRS


class Swarm(Population):
    max_turn_retries: Number = THEIRS


class Clare(Similar):
    max_candidates: Number = THEIRS
    swap_min_confidence: Share = THEIRS
    insertion_min_confidence: Share = THEIRS
    merge_min_confidence: Share = THEIRS


class Bae(TagsAndMeaning, Ranked):
    max_candidates: Number = THEIRS
    min_confidence: Share = THEIRS


TEXTFOOLER = Attack(
    name="textfooler",
    title="TextFooler",
    make=BUILD,
    options=TextFooler,
    roles=("synonyms", "sentence_encoder", "tagger"),
    search=True,
    reference="Jin et al. 2020",
)
PWWS = Attack(
    name="pwws",
    title="PWWS",
    make=BUILD,
    options=Ranked,
    roles=("wordnet", "stopwords"),
    search=True,
    reference="Ren et al. 2019",
)
GENE = Attack(
    name="gene",
    title="Gene",
    make=BUILD,
    options=Genetic,
    roles=("synonyms", "language_model", "stopwords"),
    reference="Alzantot et al. 2018",
)
IGA = Attack(
    name="iga",
    title="IGA",
    make=BUILD,
    options=ImprovedGenetic,
    roles=("synonyms", "stopwords"),
    reference="Wang, Jin and He 2019",
)
PSO = Attack(
    name="pso",
    title="PSO",
    make=BUILD,
    options=Swarm,
    roles=("sememes", "tagger", "stopwords"),
    reference="Zang et al. 2020",
)
_MASKED = ("masked_language_model", "sentence_encoder", "tagger", "stopwords")
CLARE = Attack(name="clare", title="Clare", make=BUILD, options=Clare, roles=_MASKED, reference="Li et al. 2021")
BAE = Attack(name="bae", title="BAE", make=BUILD, options=Bae, roles=_MASKED, reference="Garg and Ramakrishnan 2020")
