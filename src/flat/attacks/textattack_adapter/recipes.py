"""The paper's seven attacks: TextAttack's own recipes, and which of their components take local resources.

``flat.plugins.own.attacks`` declares them, and ``flat.attacks.textattack_adapter.build`` builds them. The unmodified
``Recipe.build`` of TextAttack is called, so that every default parameter is TextAttack's. Only the names of components
that would download something are bound, while it runs, to others.
"""

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import components
from flat.attacks.textattack_adapter.environment import textattack

Target = Callable[[object], list]
"""From a built attack to the components that a parameter belongs to."""


@contextmanager
def bound(module, names: Mapping[str, object]) -> Iterator[None]:
    """Within, a module has these objects under these names."""
    before = {name: getattr(module, name) for name in names}
    vars(module).update(names)
    try:
        yield
    finally:
        vars(module).update(before)


@dataclass(frozen=True)
class Recipe:
    """How an attack of the study is built.

    Attributes:
        module: TextAttack's recipe module, below ``textattack.attack_recipes``.
        name: its recipe class.
        replace: name in the module -> function of the resources that gives what the name is bound to.
        parameters: what a study may override: name -> (the components that have it, their attribute).
        arguments: what else it may set: arguments of TextAttack's ``build``.
    """

    module: str
    name: str
    replace: dict[str, Callable[[AttackResources], Callable]]
    parameters: dict[str, tuple[Target, str]] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    def __call__(self, victim, resources: AttackResources, **options):
        """The TextAttack attack against ``victim``."""
        module = importlib.import_module(f"textattack.attack_recipes.{self.module}")
        given = {name: options.pop(name) for name in self.arguments if name in options}
        with bound(module, {name: make(resources) for name, make in self.replace.items()}):
            attack = getattr(module, self.name).build(victim, **given)
        self.override(attack, options)
        return attack

    def override(self, attack, parameters: Mapping[str, object]) -> None:
        """Set parameters of a built attack (names of ``parameters``)."""
        for name, value in parameters.items():
            targets, attribute = self.parameters[name]
            for part in targets(attack):
                setattr(part, attribute, value)


def transformations(*kinds: str) -> Target:
    """The attack's transformations, those inside a composite one too; all, or those of TextAttack classes."""

    def find(attack):
        whole = attack.transformation
        return [t for t in getattr(whole, "transformations", [whole]) if not kinds or _is_a(t, *kinds)]

    return find


def _search(attack):
    return [attack.search_method]


def constraint(kind: str) -> Target:
    return lambda attack: [next(c for c in attack.constraints if _is_a(c, kind))]


def _is_a(part, *kinds: str) -> bool:
    return any(cls.__name__ in kinds for cls in type(part).__mro__)


def stopwords(resources: AttackResources) -> Callable:
    """StopwordModification with the study's list where the recipe brings none of its own."""
    stock = textattack.constraints.pre_transformation.StopwordModification
    return lambda stopwords=None, **options: stock(stopwords or resources.stopwords, **options)


def with_resources(stock: Callable, **fixed: str) -> Callable[[AttackResources], Callable]:
    """``stock`` with keyword arguments taken from the resources: argument name -> role."""
    return lambda resources: functools.partial(stock, **{name: getattr(resources, r) for name, r in fixed.items()})


def masked(kind: str, **fixed: str) -> Callable[[AttackResources], Callable]:
    """As ``with_resources``, for components with a masked language model, which import transformers: only if wanted."""

    def bind(resources: AttackResources) -> Callable:
        from flat.attacks.textattack_adapter import masked_components  # for cost: transformers

        return with_resources(getattr(masked_components, kind), **fixed)(resources)

    return bind


def hub_of_one_model(resources: AttackResources) -> object:
    """Stands for the module ``transformers`` in CLARE's recipe: every name leads to the study's own model."""
    model = resources.masked_language_model
    return SimpleNamespace(
        AutoModelForCausalLM=SimpleNamespace(from_pretrained=lambda name: model),
        AutoTokenizer=SimpleNamespace(from_pretrained=lambda name: model.tokenizer),
    )


_semantics = textattack.constraints.semantics
similarity = with_resources(components.SentenceSimilarity, encoder="sentence_encoder")
synonym_space = {
    "WordSwapEmbedding": with_resources(textattack.transformations.WordSwapEmbedding, embedding="synonyms"),
    "WordEmbeddingDistance": with_resources(_semantics.WordEmbeddingDistance, embedding="synonyms"),
}
_tags_and_meaning = {
    "PartOfSpeech": with_resources(components.PartOfSpeech, tagger="tagger"),
    "UniversalSentenceEncoder": similarity,
}

max_candidates = (transformations(), "max_candidates")
_similarity_parameters = {
    "similarity_threshold": (constraint("UniversalSentenceEncoder"), "threshold"),
    "similarity_window": (constraint("UniversalSentenceEncoder"), "window_size"),
    "skip_short_texts": (constraint("UniversalSentenceEncoder"), "skip_text_shorter_than_window"),
    "compare_against_original": (constraint("UniversalSentenceEncoder"), "compare_against_original"),
}
_tags_and_meaning_parameters = {
    "allow_verb_noun_swap": (constraint("PartOfSpeech"), "allow_verb_noun_swap"),
    **_similarity_parameters,
}
ranking = {"ranking": (_search, "wir_method")}
_population_parameters = {"pop_size": (_search, "pop_size"), "max_iters": (_search, "max_iters")}
_distance_parameters = {
    "max_percent": (constraint("MaxWordsPerturbed"), "max_percent"),
    "max_mse_dist": (constraint("WordEmbeddingDistance"), "max_mse_dist"),
}

RECIPES: dict[str, Recipe] = {
    "textfooler": Recipe(
        module="textfooler_jin_2019",
        name="TextFoolerJin2019",
        replace={
            **synonym_space,
            **_tags_and_meaning,
        },
        parameters={
            "max_candidates": max_candidates,
            "min_cos_sim": (constraint("WordEmbeddingDistance"), "min_cos_sim"),
            **_tags_and_meaning_parameters,
            **ranking,
        },
    ),
    "pwws": Recipe(
        module="pwws_ren_2019",
        name="PWWSRen2019",
        replace={
            "WordSwapWordNet": with_resources(components.WordNetSwap, synonyms="wordnet"),
            "StopwordModification": stopwords,
        },
        parameters=ranking,
    ),
    "gene": Recipe(
        module="genetic_algorithm_alzantot_2018",
        name="GeneticAlgorithmAlzantot2018",
        replace={
            **synonym_space,
            "Google1BillionWordsLanguageModel": with_resources(components.LanguageModel, lm="language_model"),
            "StopwordModification": stopwords,
        },
        parameters={
            **_population_parameters,
            "max_candidates": max_candidates,
            **_distance_parameters,
            "top_n_per_index": (constraint("GoogleLanguageModel"), "top_n_per_index"),
        },
    ),
    "iga": Recipe(
        module="iga_wang_2019",
        name="IGAWang2019",
        replace={
            **synonym_space,
            "StopwordModification": stopwords,
        },
        parameters={
            **_population_parameters,
            "max_replace_times_per_index": (_search, "max_replace_times_per_index"),
            "max_candidates": max_candidates,
            **_distance_parameters,
        },
    ),
    "pso": Recipe(
        module="pso_zang_2020",
        name="PSOZang2020",
        replace={
            "WordSwapHowNet": with_resources(components.SememeSwap, sememes="sememes", tagger="tagger"),
            "StopwordModification": stopwords,
        },
        parameters={
            **_population_parameters,
            "max_candidates": max_candidates,
            "max_turn_retries": (_search, "max_turn_retries"),
        },
    ),
    "clare": Recipe(
        module="clare_li_2020",
        name="CLARE2020",
        replace={
            "transformers": hub_of_one_model,
            "WordSwapMaskedLM": masked("MaskedSwap"),
            "WordInsertionMaskedLM": masked("MaskedInsertion"),
            "WordMergeMaskedLM": masked("MaskedMerge", tagger="tagger"),
            "UniversalSentenceEncoder": similarity,
            "StopwordModification": stopwords,
        },
        parameters={
            "max_candidates": max_candidates,
            "swap_min_confidence": (transformations("WordSwapMaskedLM"), "min_confidence"),
            "insertion_min_confidence": (transformations("WordInsertionMaskedLM"), "min_confidence"),
            "merge_min_confidence": (transformations("WordMergeMaskedLM"), "min_confidence"),
            **_similarity_parameters,
        },
    ),
    "bae": Recipe(
        module="bae_garg_2019",
        name="BAEGarg2019",
        replace={
            "WordSwapMaskedLM": masked("MaskedSwap", masked_language_model="masked_language_model"),
            **_tags_and_meaning,
            "StopwordModification": stopwords,
        },
        parameters={
            "max_candidates": max_candidates,
            "min_confidence": (transformations(), "min_confidence"),
            **_tags_and_meaning_parameters,
            **ranking,
        },
    ),
}

TEXTFOOLER, PWWS, GENE, IGA, PSO, CLARE, BAE = RECIPES.values()  # as their declarations name them
