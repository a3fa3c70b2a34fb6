"""Recipes that a study names by the path of their class: built with the study's resources in place of downloads."""

import importlib
import sys
from collections.abc import Callable
from contextlib import ExitStack

from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import components
from flat.attacks.textattack_adapter.recipes import (
    bound,
    hub_of_one_model,
    masked,
    similarity,
    stopwords,
    synonym_space,
    with_resources,
)
from flat.errors import AttackError, FlatError
from flat.plugins.recipe_classes import LIBRARY

RECIPES = f"{LIBRARY}.attack_recipes"


def _of_one_model(kind: str, **fixed: str) -> Callable[[AttackResources], Callable]:
    """A component with the study's masked language model, whichever the recipe names."""

    def bind(resources: AttackResources) -> Callable:
        make, model = masked(kind, **fixed)(resources), resources.masked_language_model
        return lambda *args, **options: make(
            *args, **(options | {"masked_language_model": model, "tokenizer": model.tokenizer})
        )

    return bind


REPLACE: dict[str, Callable[[AttackResources], Callable]] = {
    **synonym_space,
    "UniversalSentenceEncoder": similarity,
    "SBERT": with_resources(components.SentenceBert, encoder="sentence_encoder"),
    "PartOfSpeech": with_resources(components.PartOfSpeech, tagger="tagger"),
    "WordSwapHomoglyphSwap": with_resources(components.HomoglyphSwap),
    "StopwordModification": stopwords,
    "WordSwapWordNet": with_resources(components.WordNetSwap, synonyms="wordnet"),
    "Google1BillionWordsLanguageModel": with_resources(components.LanguageModel, lm="language_model"),
    "WordSwapHowNet": with_resources(components.SememeSwap, sememes="sememes", tagger="tagger"),
    "WordSwapMaskedLM": _of_one_model("swap"),
    "WordInsertionMaskedLM": _of_one_model("MaskedInsertion"),
    "WordMergeMaskedLM": _of_one_model("MaskedMerge", tagger="tagger"),
}
"""Component of TextAttack -> what makes the one that takes its place; roles: ``flat.plugins.recipe_classes``."""


def build(module: str, name: str, victim, resources: AttackResources, options: dict):
    """What ``build(victim, **options)`` of a recipe's class gives.

    Raises:
        AttackError: the class is not there, or its code broke.
        ResourceError: a resource it needs is absent.
    """
    where = f"attacks.*.recipe: {module}.{name}"
    try:
        home = importlib.import_module(module)
        recipe = getattr(home, name)
        with ExitStack() as stack:
            for each in {id(m): m for m in (home, *_library())}.values():
                stack.enter_context(bound(each, _replaced(each, resources)))
            return recipe.build(victim, **options)
    except FlatError:
        raise
    except Exception as error:
        raise AttackError(
            where, f"{type(error).__name__}: {error}", "the class cannot be built here: try another recipe"
        ) from error


def _library() -> list:
    """TextAttack's recipe modules that are loaded, which the class may build on."""
    return [module for name, module in sys.modules.items() if name.startswith(f"{RECIPES}.") and module is not None]


def _replaced(module, resources: AttackResources) -> dict[str, object]:
    """What is bound to names of a module while its recipe is built; a resource is loaded when it is first called for.

    Of a name that a recipe imports only some builds use: A2T's masked language model, say.
    """
    found = {}
    for name, value in vars(module).items():
        component = getattr(value, "__name__", "")
        component = name if name in REPLACE else component  # the language model has another name in its own module
        if component in REPLACE and str(getattr(value, "__module__", "")).split(".")[0] == LIBRARY:
            found[name] = _when_called(REPLACE[component], resources)
        elif component == "transformers" and module.__name__.startswith(RECIPES):
            found[name] = _Hub(resources)
    return found


def _when_called(make: Callable[[AttackResources], Callable], resources: AttackResources) -> Callable:
    return lambda *args, **options: make(resources)(*args, **options)


class _Hub:
    """Stands for the module ``transformers`` in a recipe of TextAttack; loads the study's model when it is asked."""

    def __init__(self, resources: AttackResources):
        self._resources = resources

    def __getattr__(self, name: str):
        return getattr(hub_of_one_model(self._resources), name)
