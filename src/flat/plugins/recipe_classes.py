"""TextAttack's recipes, and classes written like them, named by their paths: read as source, never imported.

So a study is refused before its first job where the class is not there, is no recipe, or needs what cannot be had.
"""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from flat.files.installed import textattack_is_there

LIBRARY = "textattack"
BASE = "AttackRecipe"  # the base of TextAttack's recipes, whose own build does nothing

ROLES_OF = {
    "WordSwapEmbedding": ("synonyms",),
    "WordEmbeddingDistance": ("synonyms",),
    "UniversalSentenceEncoder": ("sentence_encoder",),
    "SBERT": ("sentence_encoder",),
    "PartOfSpeech": ("tagger",),
    "WordSwapHomoglyphSwap": (),  # reads a file that TextAttack's release lacks
    "StopwordModification": ("stopwords",),  # where it is given no list
    "WordSwapWordNet": ("wordnet",),
    "Google1BillionWordsLanguageModel": ("language_model",),
    "WordSwapHowNet": ("sememes", "tagger"),
    "WordSwapMaskedLM": ("masked_language_model",),
    "WordInsertionMaskedLM": ("masked_language_model",),
    "WordMergeMaskedLM": ("masked_language_model", "tagger"),
}
"""Component of TextAttack -> the roles of the resources that take the place of its downloads."""

_NAMES = "Flair's tagger of named entities, which no resource of the catalogue stands in for"
_CHINESE = "a Chinese lexicon, which no resource of the catalogue stands in for"
_GOAL = "another goal than the ledger's, an untargeted misclassification"
CANNOT = {
    "WordSwapChangeName": _NAMES,
    "WordSwapChangeLocation": _NAMES,
    "NamedEntityRecognition": _NAMES,
    "LearningToWriteLanguageModel": "the language models of Learning to Write, a download",
    "GPT2": "GPT-2, a download",
    "ThoughtVector": "counter-fitted vectors as such, of which the catalogue's stand-in has only neighbours",
    "InferSent": "InferSent's sentence encoder, a download",
    "MultilingualUniversalSentenceEncoder": "the multilingual sentence encoder, a download that needs TensorFlow",
    "BERTScore": "the network of BERTScore, a download",
    "COLA": "a classifier of acceptable sentences, a download",
    "LanguageTool": "LanguageTool, a download that needs Java",
    "BackTranslation": "translation models, a download",
    "BackTranscription": "models of speech, a download",
    "WordSwapGradientBased": "a model of TextAttack's own, with its embedding layer and tokenizer",
    "ChineseHomophoneCharacterSwap": _CHINESE,
    "ChineseMorphonymCharacterSwap": _CHINESE,
    "ChineseWordSwapHowNet": _CHINESE,
    "ChineseWordSwapMaskedLM": _CHINESE,
    "TargetedClassification": _GOAL,
    "InputReduction": _GOAL,
    "MinimizeBleu": _GOAL,
    "NonOverlappingOutput": _GOAL,
    "MaximizeLevenshtein": _GOAL,
    "LogitSum": _GOAL,
    "TargetedStrict": _GOAL,
    "TargetedBonus": _GOAL,
}
"""Component of TextAttack -> what it needs that cannot be had here."""
PACKAGES = {"WordSwapChangeNumber": ("num2words", "word2number"), "WordSwapInflections": ("lemminflect",)}
"""Component of TextAttack -> packages that it imports, and that TextAttack alone does not bring."""


class NoRecipe(Exception):
    """A path leads to no recipe that can be run; the message says why."""


@dataclass(frozen=True)
class Source:
    """A module as its source says it.

    Attributes:
        package: where its relative imports start from.
    """

    module: str
    path: Path
    package: str
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)


@dataclass(frozen=True)
class RecipeClass:
    """A recipe's class.

    Attributes:
        source: the module that defines it.
        name: of the class there.
        roles: of the resources that its components ask for.
        defaults: argument of its ``build`` -> its value, where it has one that a study can write.
        gradients: words are ranked by the model's gradients.
    """

    source: Source
    name: str
    roles: tuple[str, ...]
    defaults: dict[str, bool | int | float | str]
    gradients: bool


def is_path(name: str) -> bool:
    """Whether a recipe's name is the path of a class: no plugin's name has such signs."""
    return "." in name or ":" in name


@cache
def read(path: str) -> RecipeClass:
    """The recipe of "package.module.Class" or "package.module:Class".

    Raises:
        NoRecipe: there is none, or it needs what cannot be had.
    """
    module, _, name = path.rpartition(":" if ":" in path else ".")
    parts = [*module.split("."), name]
    if not all(part.isidentifier() for part in parts):
        raise NoRecipe("write package.module.Class, of an installed package")
    source = _source(module)
    if source is None:
        raise NoRecipe(f"there is no module {module} in this environment")
    home, node = _class(source, name)
    build = next((function for function in _builds(home, node)), None)
    if build is None:
        raise NoRecipe(f"{name} has no build(model_wrapper): it is no {BASE}")
    calls = list(_calls(home, node, set()))
    for component, _ in calls:
        needs = CANNOT.get(component) or _absent(component)
        if needs:
            raise NoRecipe(f"its {component} needs {needs}")
    roles = [role for component, call in calls for role in _roles(component, call)]
    ranked = [call for component, call in calls if component == "GreedyWordSwapWIR"]
    return RecipeClass(home, node.name, tuple(dict.fromkeys(roles)), _defaults(build), any(map(_by_gradient, ranked)))


def _absent(component: str) -> str:
    absent = [name for name in PACKAGES.get(component, ()) if importlib.util.find_spec(name) is None]
    return f"the package {' and '.join(absent)}" if absent else ""


def _roles(component: str, call: ast.Call) -> tuple[str, ...]:
    if component == "StopwordModification" and (call.args or any(k.arg == "stopwords" for k in call.keywords)):
        return ()
    return ROLES_OF.get(component, ())


def _by_gradient(call: ast.Call) -> bool:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "wir_method")]
    return any(isinstance(value, ast.Constant) and value.value == "gradient" for value in given)


@cache
def _source(module: str) -> Source | None:
    top, *rest = module.split(".")
    textattack_is_there()  # else its resource is taken for it
    try:
        spec = importlib.util.find_spec(top)  # of a package at the top: nothing is imported
    except ValueError:  # a module without a spec
        spec = None
    name = top
    for part in rest:
        if spec is None or not spec.submodule_search_locations:
            return None
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, spec.submodule_search_locations)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    text = Path(spec.origin).read_text(encoding="utf-8")
    package = module if spec.submodule_search_locations else module.rpartition(".")[0]
    return Source(module, Path(spec.origin), package, text, ast.parse(text))


def _class(source: Source, name: str) -> tuple[Source, ast.ClassDef]:
    found = _found(source, name, set())
    if found is None:
        raise NoRecipe(f"{source.module} has no class {name}")
    return found


def _found(source: Source, name: str, seen: set[tuple[str, str]]) -> tuple[Source, ast.ClassDef] | None:
    """Where a class is defined that a module has under a name."""
    if (source.module, name) in seen:
        return None
    seen.add((source.module, name))
    for node in reversed(source.tree.body):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return source, node
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            if alias.name == "*" or (alias.asname or alias.name) == name:
                home = _source(_home(node, source))
                inner = home and _found(home, name if alias.name == "*" else alias.name, seen)
                if inner:
                    return inner
    return None


def _home(node: ast.ImportFrom, source: Source) -> str:
    if not node.level:
        return node.module or ""
    above = source.package.split(".")[: len(source.package.split(".")) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _builds(source: Source, node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The ``build`` of a class and of its bases, nearest first; not that of TextAttack's base, which does nothing."""
    if node.name == BASE:
        return
    yield from (part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "build")
    for base in node.bases:
        found = _found(source, base.id, set()) if isinstance(base, ast.Name) else None
        if found:
            yield from _builds(*found)


def _calls(source: Source, node: ast.ClassDef, seen: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """(name, call) of what a recipe's class, the functions beside it and the recipes that it builds on call."""
    key = f"{source.module}.{node.name}"
    if key in seen or node.name == BASE:
        return
    seen.add(key)
    others = [part for part in source.tree.body if isinstance(part, ast.FunctionDef)]
    whole = [part for root in (node, *others) for part in ast.walk(root)]
    for call in (part for part in whole if isinstance(part, ast.Call)):
        called = call.func
        if isinstance(called, ast.Attribute):
            yield called.attr, call
        elif isinstance(called, ast.Name):
            yield _of_library(source, called.id), call
    for name in {part.id for part in whole if isinstance(part, ast.Name)}:
        found = _found(source, name, set()) if name[:1].isupper() else None
        if found and any(_builds(*found)):
            yield from _calls(*found, seen)


def _of_library(source: Source, name: str) -> str:
    """TextAttack's name of what a module imports from there under a name; "" for anything else."""
    for node in source.tree.body:
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            if (alias.asname or alias.name) == name and _home(node, source).split(".")[0] == LIBRARY:
                return alias.name
    return ""


def _defaults(build: ast.FunctionDef) -> dict[str, bool | int | float | str]:
    """The arguments of ``build`` after the model, with values that a study can write."""
    arguments, defaults = build.args.args, build.args.defaults
    paired = list(zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True))
    paired += [(a, d) for a, d in zip(build.args.kwonlyargs, build.args.kw_defaults, strict=True) if d is not None]
    found = {argument.arg: value.value for argument, value in paired if isinstance(value, ast.Constant)}
    return {name: value for name, value in found.items() if isinstance(value, bool | int | float | str)}
