"""The attacks by name: TextAttack's own recipes, and which of their components take local resources.

``flat.study.known.recipes`` says which resources each needs, ``flat.attacks.textattack_adapter.build`` builds them;
docs/attacks.md says how to add one.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import components
from flat.attacks.textattack_adapter.environment import textattack

Target = Callable[[object], list]
"""From a built attack to the components that a parameter belongs to."""


@dataclass(frozen=True)
class Recipe:
    """How an attack of the study is built.

    Attributes:
        module: TextAttack's recipe module, below ``textattack.attack_recipes``.
        name: its recipe class.
        replace: name in the module -> function of the resources that gives what the name is bound to.
        parameters: what a study may override: name -> (the components that have it, their attribute).
    """

    module: str
    name: str
    replace: dict[str, Callable[[AttackResources], Callable]]
    parameters: dict[str, tuple[Target, str]] = field(default_factory=dict)


def _transformations(*kinds: str) -> Target:
    """The attack's transformations, those inside a composite one too; all, or those of TextAttack classes."""

    def find(attack):
        whole = attack.transformation
        return [t for t in getattr(whole, "transformations", [whole]) if not kinds or _is_a(t, *kinds)]

    return find


def _search(attack):
    return [attack.search_method]


def _constraint(kind: str) -> Target:
    return lambda attack: [next(c for c in attack.constraints if _is_a(c, kind))]


def _is_a(part, *kinds: str) -> bool:
    return any(cls.__name__ in kinds for cls in type(part).__mro__)


def _stopwords(resources: AttackResources) -> Callable:
    """StopwordModification with the study's list where the recipe brings none of its own."""
    stock = textattack.constraints.pre_transformation.StopwordModification
    return lambda stopwords=None, **options: stock(stopwords or resources.stopwords, **options)


def _with(stock: Callable, **fixed: str) -> Callable[[AttackResources], Callable]:
    """``stock`` with keyword arguments taken from the resources: argument name -> role."""
    return lambda resources: functools.partial(stock, **{name: getattr(resources, r) for name, r in fixed.items()})


def _masked(kind: str, **fixed: str) -> Callable[[AttackResources], Callable]:
    """As ``_with``, for a component with a masked language model; those import transformers, so only where wanted."""

    def bind(resources: AttackResources) -> Callable:
        from flat.attacks.textattack_adapter import masked_components  # for cost: transformers

        return _with(getattr(masked_components, kind), **fixed)(resources)

    return bind


def _hub_of_one_model(resources: AttackResources) -> object:
    """Stands for the module ``transformers`` in CLARE's recipe: every name leads to the study's own model."""
    model = resources.masked_language_model
    return SimpleNamespace(
        AutoModelForCausalLM=SimpleNamespace(from_pretrained=lambda name: model),
        AutoTokenizer=SimpleNamespace(from_pretrained=lambda name: model.tokenizer),
    )


_semantics = textattack.constraints.semantics
_similarity = _with(components.SentenceSimilarity, encoder="sentence_encoder")
_synonym_space = {
    "WordSwapEmbedding": _with(textattack.transformations.WordSwapEmbedding, embedding="synonyms"),
    "WordEmbeddingDistance": _with(_semantics.WordEmbeddingDistance, embedding="synonyms"),
}
_tags_and_meaning = {
    "PartOfSpeech": _with(components.PartOfSpeech, tagger="tagger"),
    "UniversalSentenceEncoder": _similarity,
}

_max_candidates = (_transformations(), "max_candidates")
_similarity_parameters = {
    "similarity_threshold": (_constraint("UniversalSentenceEncoder"), "threshold"),
    "similarity_window": (_constraint("UniversalSentenceEncoder"), "window_size"),
    "skip_short_texts": (_constraint("UniversalSentenceEncoder"), "skip_text_shorter_than_window"),
    "compare_against_original": (_constraint("UniversalSentenceEncoder"), "compare_against_original"),
}
_tags_and_meaning_parameters = {
    "allow_verb_noun_swap": (_constraint("PartOfSpeech"), "allow_verb_noun_swap"),
    **_similarity_parameters,
}
_ranking = {"ranking": (_search, "wir_method")}
_population_parameters = {"pop_size": (_search, "pop_size"), "max_iters": (_search, "max_iters")}
_distance_parameters = {
    "max_percent": (_constraint("MaxWordsPerturbed"), "max_percent"),
    "max_mse_dist": (_constraint("WordEmbeddingDistance"), "max_mse_dist"),
}

RECIPES: dict[str, Recipe] = {
    "textfooler": Recipe(
        module="textfooler_jin_2019",
        name="TextFoolerJin2019",
        replace={
            **_synonym_space,
            **_tags_and_meaning,
        },
        parameters={
            "max_candidates": _max_candidates,
            "min_cos_sim": (_constraint("WordEmbeddingDistance"), "min_cos_sim"),
            **_tags_and_meaning_parameters,
            **_ranking,
        },
    ),
    "pwws": Recipe(
        module="pwws_ren_2019",
        name="PWWSRen2019",
        replace={
            "WordSwapWordNet": _with(components.WordNetSwap, synonyms="wordnet"),
            "StopwordModification": _stopwords,
        },
        parameters=_ranking,
    ),
    "gene": Recipe(
        module="genetic_algorithm_alzantot_2018",
        name="GeneticAlgorithmAlzantot2018",
        replace={
            **_synonym_space,
            "Google1BillionWordsLanguageModel": _with(components.LanguageModel, lm="language_model"),
            "StopwordModification": _stopwords,
        },
        parameters={
            **_population_parameters,
            "max_candidates": _max_candidates,
            **_distance_parameters,
            "top_n_per_index": (_constraint("GoogleLanguageModel"), "top_n_per_index"),
        },
    ),
    "iga": Recipe(
        module="iga_wang_2019",
        name="IGAWang2019",
        replace={
            **_synonym_space,
            "StopwordModification": _stopwords,
        },
        parameters={
            **_population_parameters,
            "max_replace_times_per_index": (_search, "max_replace_times_per_index"),
            "max_candidates": _max_candidates,
            **_distance_parameters,
        },
    ),
    "pso": Recipe(
        module="pso_zang_2020",
        name="PSOZang2020",
        replace={
            "WordSwapHowNet": _with(components.SememeSwap, sememes="sememes", tagger="tagger"),
            "StopwordModification": _stopwords,
        },
        parameters={
            **_population_parameters,
            "max_candidates": _max_candidates,
            "max_turn_retries": (_search, "max_turn_retries"),
        },
    ),
    "clare": Recipe(
        module="clare_li_2020",
        name="CLARE2020",
        replace={
            "transformers": _hub_of_one_model,
            "WordSwapMaskedLM": _masked("MaskedSwap"),
            "WordInsertionMaskedLM": _masked("MaskedInsertion"),
            "WordMergeMaskedLM": _masked("MaskedMerge", tagger="tagger"),
            "UniversalSentenceEncoder": _similarity,
            "StopwordModification": _stopwords,
        },
        parameters={
            "max_candidates": _max_candidates,
            "swap_min_confidence": (_transformations("WordSwapMaskedLM"), "min_confidence"),
            "insertion_min_confidence": (_transformations("WordInsertionMaskedLM"), "min_confidence"),
            "merge_min_confidence": (_transformations("WordMergeMaskedLM"), "min_confidence"),
            **_similarity_parameters,
        },
    ),
    "bae": Recipe(
        module="bae_garg_2019",
        name="BAEGarg2019",
        replace={
            "WordSwapMaskedLM": _masked("MaskedSwap", masked_language_model="masked_language_model"),
            **_tags_and_meaning,
            "StopwordModification": _stopwords,
        },
        parameters={
            "max_candidates": _max_candidates,
            "min_confidence": (_transformations(), "min_confidence"),
            **_tags_and_meaning_parameters,
            **_ranking,
        },
    ),
}
