"""The attacks by name: TextAttack's own recipes, built with local resources.

``build`` calls the unmodified ``Recipe.build`` of TextAttack, so that every default parameter is TextAttack's; only the
names of components that would download something are bound, while it runs, to those of ``flat.attacks.components``.
To add a recipe, add an entry to ``RECIPES``.
"""

import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flat.attacks import components
from flat.attacks.resources import AttackResources
from flat.attacks.textattack_environment import textattack
from flat.errors import StudyError

Target = Callable[[object], object]


@dataclass(frozen=True)
class Recipe:
    """How an attack of the study is built.

    Attributes:
        module: TextAttack's recipe module, below ``textattack.attack_recipes``.
        name: its recipe class.
        roles: the resources it needs.
        replace: name in the module -> function of the resources that gives what the name is bound to.
        parameters: what a study may override: name -> (the component that has it, its attribute).
    """

    module: str
    name: str
    roles: tuple[str, ...]
    replace: dict[str, Callable[[AttackResources], Callable]]
    parameters: dict[str, tuple[Target, str]] = field(default_factory=dict)


def _transformation(attack):
    return attack.transformation


def _search(attack):
    return attack.search_method


def _constraint(kind: str) -> Target:
    def find(attack):
        return next(c for c in attack.constraints if kind in {cls.__name__ for cls in type(c).__mro__})

    return find


def _stopwords(resources: AttackResources) -> Callable:
    """StopwordModification with the study's list where the recipe brings none of its own."""
    stock = textattack.constraints.pre_transformation.StopwordModification
    return lambda stopwords=None, **options: stock(stopwords or resources.stopwords, **options)


def _with(stock: Callable, **fixed: str) -> Callable[[AttackResources], Callable]:
    """``stock`` with keyword arguments taken from the resources: argument name -> role."""
    return lambda resources: functools.partial(stock, **{name: getattr(resources, r) for name, r in fixed.items()})


_semantics = textattack.constraints.semantics
_similarity = _constraint("UniversalSentenceEncoder")

RECIPES: dict[str, Recipe] = {
    "textfooler": Recipe(
        module="textfooler_jin_2019",
        name="TextFoolerJin2019",
        roles=("synonyms", "sentence_encoder", "tagger"),
        replace={
            "WordSwapEmbedding": _with(textattack.transformations.WordSwapEmbedding, embedding="synonyms"),
            "WordEmbeddingDistance": _with(_semantics.WordEmbeddingDistance, embedding="synonyms"),
            "PartOfSpeech": _with(components.PartOfSpeech, tagger="tagger"),
            "UniversalSentenceEncoder": _with(components.SentenceSimilarity, encoder="sentence_encoder"),
        },
        parameters={
            "max_candidates": (_transformation, "max_candidates"),
            "min_cos_sim": (_constraint("WordEmbeddingDistance"), "min_cos_sim"),
            "allow_verb_noun_swap": (_constraint("PartOfSpeech"), "allow_verb_noun_swap"),
            "similarity_threshold": (_similarity, "threshold"),
            "similarity_window": (_similarity, "window_size"),
            "skip_short_texts": (_similarity, "skip_text_shorter_than_window"),
            "compare_against_original": (_similarity, "compare_against_original"),
            "ranking": (_search, "wir_method"),
        },
    ),
    "pwws": Recipe(
        module="pwws_ren_2019",
        name="PWWSRen2019",
        roles=("wordnet", "stopwords"),
        replace={
            "WordSwapWordNet": _with(components.WordNetSwap, synonyms="wordnet"),
            "StopwordModification": _stopwords,
        },
        parameters={"ranking": (_search, "wir_method")},
    ),
}


@contextmanager
def _bound(module, names: dict[str, object]) -> Iterator[None]:
    before = {name: getattr(module, name) for name in names}
    vars(module).update(names)
    try:
        yield
    finally:
        vars(module).update(before)


def entry(spec: dict) -> Recipe:
    """The registered recipe of an attack.

    Raises:
        StudyError: the recipe is not in the registry.
    """
    if spec["recipe"] not in RECIPES:
        raise StudyError(
            f"attacks.*.recipe: {spec['recipe']}",
            "this version cannot build that attack",
            f"choose one of {', '.join(sorted(RECIPES))}",
        )
    return RECIPES[spec["recipe"]]


def build(spec: dict, victim, resources: AttackResources):
    """The TextAttack attack that ``spec`` describes, against ``victim`` (a ``flat.attacks.victim.Victim``).

    Args:
        spec: ``recipe``, ``query_budget`` (None: no limit), ``parameters`` (overrides of the recipe's defaults).

    Raises:
        StudyError: an unknown recipe or parameter.
        ResourceError: a resource it needs is absent.
    """
    recipe = entry(spec)
    overrides = spec.get("parameters") or {}
    unknown = sorted(set(overrides) - set(recipe.parameters))
    if unknown:
        raise StudyError(
            f"attacks.{spec['recipe']}.parameters.{unknown[0]}",
            "the recipe has no such parameter",
            f"choose of {', '.join(sorted(recipe.parameters))}",
        )
    module = importlib.import_module(f"textattack.attack_recipes.{recipe.module}")
    with _bound(module, {name: make(resources) for name, make in recipe.replace.items()}):
        attack = getattr(module, recipe.name).build(victim)
    for name, value in overrides.items():
        target, attribute = recipe.parameters[name]
        setattr(target(attack), attribute, value)
    if spec.get("query_budget") is not None:
        attack.goal_function.query_budget = int(spec["query_budget"])
    return attack
