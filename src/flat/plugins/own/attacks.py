"""FLAT's own attacks: TextAttack's recipes, the roles of the resources that each needs, and what a study may set.

What a study leaves out is as TextAttack has it: such fields have no value of their own.
"""

from typing import Annotated, Literal

from pydantic import Field

from flat.plugins.kinds import Attack
from flat.plugins.values import Cosine, Options, Share, upto

THEIRS = None  # the value is TextAttack's
_RECIPES = "flat.attacks.textattack_adapter.recipes:"
_FURTHER = "flat.attacks.textattack_adapter.further_recipes:"
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


class DeepWordBug(Options):
    use_all_transformations: bool = THEIRS
    max_edit_distance: Number = THEIRS
    ranking: Literal["unk", "delete", "random"] = THEIRS


class Misspelt(Options):
    max_num_word_swaps: Number = THEIRS
    min_length: Number = THEIRS


class WholeText(Options):
    similarity_threshold: Cosine = THEIRS
    compare_against_original: bool = THEIRS


class TextBugger(WholeText):
    max_candidates: Number = THEIRS


class ForTraining(WholeText):
    max_candidates: Number = THEIRS
    min_cos_sim: Cosine = THEIRS
    max_rate: Share = THEIRS
    allow_verb_noun_swap: bool = THEIRS


class BertAttack(WholeText):
    max_candidates: upto(100) = Field(THEIRS, description="the time of a word grows with a power of it")
    max_percent: Share = THEIRS


TEXTFOOLER = Attack(
    name="textfooler",
    title="TextFooler",
    make=_RECIPES + "TEXTFOOLER",
    options=TextFooler,
    roles=("synonyms", "sentence_encoder", "tagger"),
    search=True,
    reference="Jin et al. 2020",
)
PWWS = Attack(
    name="pwws",
    title="PWWS",
    make=_RECIPES + "PWWS",
    options=Ranked,
    roles=("wordnet", "stopwords"),
    search=True,
    reference="Ren et al. 2019",
)
GENE = Attack(
    name="gene",
    title="Gene",
    make=_RECIPES + "GENE",
    options=Genetic,
    roles=("synonyms", "language_model", "stopwords"),
    reference="Alzantot et al. 2018",
)
IGA = Attack(
    name="iga",
    title="IGA",
    make=_RECIPES + "IGA",
    options=ImprovedGenetic,
    roles=("synonyms", "stopwords"),
    reference="Wang, Jin and He 2019",
)
PSO = Attack(
    name="pso",
    title="PSO",
    make=_RECIPES + "PSO",
    options=Swarm,
    roles=("sememes", "tagger", "stopwords"),
    reference="Zang et al. 2020",
)
_MASKED = ("masked_language_model", "sentence_encoder", "tagger", "stopwords")
CLARE = Attack(
    name="clare",
    title="Clare",
    make=_RECIPES + "CLARE",
    options=Clare,
    roles=_MASKED,
    reference="Li et al. 2021",
)
BAE = Attack(
    name="bae",
    title="BAE",
    make=_RECIPES + "BAE",
    options=Bae,
    roles=_MASKED,
    reference="Garg and Ramakrishnan 2020",
)
DEEPWORDBUG = Attack(
    name="deepwordbug",
    title="DeepWordBug",
    make=_FURTHER + "DEEPWORDBUG",
    options=DeepWordBug,
    roles=("stopwords",),
    reference="Gao et al. 2018",
)
PRUTHI = Attack(
    name="pruthi",
    title="Pruthi",
    make=_FURTHER + "PRUTHI",
    options=Misspelt,
    roles=("stopwords",),
    reference="Pruthi, Dhingra and Lipton 2019",
)
TEXTBUGGER = Attack(
    name="textbugger",
    title="TextBugger",
    make=_FURTHER + "TEXTBUGGER",
    options=TextBugger,
    roles=("synonyms", "sentence_encoder", "stopwords"),
    reference="Li et al. 2019",
)
A2T = Attack(
    name="a2t",
    title="A2T",
    make=_FURTHER + "A2T",
    options=ForTraining,
    roles=("synonyms", "sentence_encoder", "tagger", "stopwords"),
    gradients=True,
    reference="Yoo and Qi 2021",
)
BERT_ATTACK = Attack(
    name="bert-attack",
    title="BERT-Attack",
    make=_FURTHER + "BERT_ATTACK",
    options=BertAttack,
    roles=("masked_language_model", "sentence_encoder", "stopwords"),
    reference="Li et al. 2020",
)
