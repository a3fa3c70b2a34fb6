"""What a plugin declares of itself, by kind. A declaration imports nothing heavy: ``make`` is asked for in the jobs.

Bounds and requirements stand here so that a study is refused before its first job. ``flat.conformance`` holds a plugin
to what it declares.
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from flat.plugins.values import Options

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """Base of the six kinds.

    Attributes:
        name: how a study names it: letters, digits and hyphens, at most 40.
        make: what does the work, or where it lies ("package.module:name"), so that a study is read without it.
        title: as tables and figures print it; the name, where it is left out.
        options: the pydantic model of its options (a subclass of ``Options``), each with its bounds.
        reference: the publication that it follows.
        files: files beside the declaring module that it reads; an edit of one reruns what the plugin made.

    Raises:
        TypeError, ValueError: a field is none of these; the message names the plugin and the field.
    """

    name: str
    make: Callable[..., Any] | str
    title: str = ""
    options: type[Options] = Options
    reference: str = ""
    files: tuple[str, ...] = ()
    group: ClassVar[str] = ""
    called: ClassVar[str] = "plugin"

    def __post_init__(self):
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ValueError(f"{self.called} {self.name!r}: a name has letters, digits and hyphens, at most 40")
        if not (callable(self.make) or (isinstance(self.make, str) and re.fullmatch(r"[\w.]+:\w+", self.make))):
            raise TypeError(f"{self.called} {self.name}: make is a function, a class, or 'package.module:name'")
        if not (isinstance(self.options, type) and issubclass(self.options, Options)):
            raise TypeError(f"{self.called} {self.name}: options is a class that extends flat.plugins.Options")
        if isinstance(self.files, str) or not all(isinstance(file, str) for file in self.files):
            raise TypeError(f"{self.called} {self.name}: files is a tuple of file names")

    @property
    def shown(self) -> str:
        """As tables and figures print it."""
        return self.title or self.name

    def load(self) -> Callable[..., Any]:
        """What does the work, imported where ``make`` says only where it lies."""
        if callable(self.make):
            return self.make
        module, _, name = self.make.partition(":")
        return getattr(importlib.import_module(module), name)


@dataclass(frozen=True, kw_only=True)
class Model(Plugin):
    """A kind of text classifier.

    Attributes:
        built_from: "vectors": ``make(words, vectors, classes, max_length, mask, **options)`` gives a
            ``flat.models.interface.Classifier`` of a vocabulary and its word vectors. "encoder": ``make(folder,
            classes=, max_length=, mask=, mask_hidden=, switches=, labels=, **options)``. "texts": a black box,
            ``make(classes, **options)`` gives an object whose ``predict_proba(texts)`` answers strings with
            probabilities (texts, classes). It is attacked and explained without gradients, and not trained
            (docs/add-a-model.md).
    """

    built_from: Literal["vectors", "encoder", "texts"]
    group: ClassVar[str] = "models"
    called: ClassVar[str] = "model"

    @property
    def trained(self) -> bool:
        """Whether there is anything to train, and gradients to explain by."""
        return self.built_from != "texts"


@dataclass(frozen=True, kw_only=True)
class Attack(Plugin):
    """An attack: a recipe of TextAttack with our ledger, lock, journal and limits, or an attack of one's own.

    Attributes:
        roles: the roles of the lexical resources that it needs (``flat.study.known.recipes``).
        search: it has the exact and lazy searches of FLAT; others run on TextAttack's own.
        own: ``make(**options)`` gives an object with ``attack(victim, example, rng)``, which answers with a
            ``flat.plugins.Found``; with roles it is ``make(resources=resources, **options)``. Otherwise
            ``make(victim, resources, **options)`` gives a ``textattack.Attack`` on ``victim``, whose goal is
            UntargetedClassification. ``resources``: a ``flat.attacks.lexicon.resources.AttackResources``. ``options``:
            those that a study gives, and the defaults of the others but for None (docs/add-an-attack.md).
        gradients: it needs the model's gradients; a black box cannot be attacked by it.
    """

    roles: tuple[str, ...] = ()
    search: bool = False
    own: bool = False
    gradients: bool = False
    group: ClassVar[str] = "attacks"
    called: ClassVar[str] = "attack"


@dataclass(frozen=True, kw_only=True)
class Objective(Plugin):
    """A training strategy's loss: ``make(options)`` gives a ``flat.training.strategy.Objective``.

    ``options`` is an instance of ``options``. An objective with roles is given a resource's name for each, as keywords:
    ``make(options, synonyms="synonyms-standin")``.

    Attributes:
        terms: the names of its loss's parts, columns of history.csv, without ``total``; empty: those that the object
            itself names (``flat.training.strategy.Objective.terms``).
        passes: (options) -> forward and backward passes over a text in a step, plain training's being 1: what the
            cost model and the guard of equal compute count.
        masked: it needs a variational mask.
        weights: of the keys beta and gamma of a strategy those that it reads; a study cannot set the others.
        roles: the roles of the lexical resources that it needs (``flat.study.known.recipes``).
        built_from: the models that it can train, by what they are built from; empty: all.
    """

    terms: tuple[str, ...] = ()
    passes: Callable[[Any], float] = lambda options: 1.0
    masked: bool = False
    weights: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    built_from: tuple[str, ...] = ()
    group: ClassVar[str] = "objectives"
    called: ClassVar[str] = "objective"


@dataclass(frozen=True)
class Complete:
    """The scores of a text's words sum to what the model's answer gains over a baseline.

    Attributes:
        baseline: "embeddings": of the model's baseline embeddings; "unknown": of the text with every word unknown;
            "empty": of no word.
        output: of the class explained, its "logit" or its "probability".
        within: largest error of the sum, relative to the gain.
    """

    baseline: Literal["embeddings", "unknown", "empty"]
    output: Literal["logit", "probability"]
    within: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Explainer(Plugin):
    """An explanation method: ``make(model, texts, targets, seeds, options)`` scores each word.

    texts: lists of words. targets: the classes to explain, a list per text. seeds: a whole number per text. options:
    an instance of ``options``. It returns a list per text of one answer per class: scores (words,), or a
    ``flat.interpretation.word_attribution.WordAttribution``.

    Attributes:
        answers: (options, classes) -> how many answers of the model explain that many classes of a text of 20 words:
            what its cost grows with.
        random: two seeds give two answers; then ``options.repeats`` texts are explained twice, for the noise floor.
        gradients: it needs gradients; a black box cannot be explained by it.
        complete: what its scores sum to, or None.
        built_from: the models that it can explain, by what they are built from; empty: all.
        beyond_main: it explains the models of Fig. 3 and of the table of readings too, not only the main tables'.
    """

    answers: Callable[[Any, int], float] = lambda options, classes: 20.0 * classes
    random: bool = False
    gradients: bool = False
    complete: Complete | None = None
    built_from: tuple[str, ...] = ()
    beyond_main: bool = False
    group: ClassVar[str] = "explainers"
    called: ClassVar[str] = "explainer"

    def __post_init__(self):
        super().__post_init__()
        if self.random and "repeats" not in self.options.model_fields:
            raise TypeError(f"explainer {self.name}: random methods need the option repeats, for their noise floor")
        if self.name in ("classes", "methods"):
            raise ValueError(f"explainer {self.name}: interpretation.{self.name} means something else")

    def suits(self, model: Model) -> bool:
        """Whether it can explain this kind of model."""
        return (model.trained or not self.gradients) and (not self.built_from or model.built_from in self.built_from)


@dataclass(frozen=True, kw_only=True)
class Metric(Plugin):
    """A measure of explanations.

    Attributes:
        of: "pairs": ``make(before, after, options)`` compares the scores (words,) of the words that a text and its
            adversarial text share, for one class. "explanations": ``make(ask, words, target, scores, options)`` judges
            one explanation; ``ask(texts)`` answers lists of words with probabilities (texts, classes), and
            ``ask.unknown`` is the word that stands for one that is left out. Both return a number, NaN where it is
            undefined. The mean over the classes where it is defined is a text's value.
        low, high: between which the values lie; None: unbounded.
        better: "higher", "lower", or "neither".
        unit: as tables print it; empty for a plain number.
    """

    of: Literal["pairs", "explanations"]
    low: float | None = None
    high: float | None = None
    better: Literal["higher", "lower", "neither"] = "higher"
    unit: str = ""
    group: ClassVar[str] = "metrics"
    called: ClassVar[str] = "metric"

    def holds(self, value: float) -> bool:
        """Whether a value lies in the declared range; NaN, undefined, does."""
        return not ((self.low is not None and value < self.low) or (self.high is not None and value > self.high))


@dataclass(frozen=True, kw_only=True)
class Source(Plugin):
    """Where texts come from: ``make(options)`` gives train, and dev and test where there are any, as rows.

    A row is a mapping of ``text``, ``label`` (the name of a class, or its number) and ``id`` (absent or None: rows are
    numbered). Rows may also be a pandas frame with these columns. A reader that must tell of more gives a
    ``flat.data.sources.Reader``.

    Attributes:
        paths: the options that name files or folders of the user's, each a path, or a list or mapping of paths. What
            these hold counts as the data set's.
        resources: the resources of the catalogue that it reads, or a function of the options that tells them.
    """

    paths: tuple[str, ...] = ()
    resources: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    group: ClassVar[str] = "sources"
    called: ClassVar[str] = "source of texts"

    def __post_init__(self):
        super().__post_init__()
        fields = self.options.model_fields
        if taken := {"kind", "plugin", "own", "resources", "named"} & set(fields):
            raise ValueError(f"{self.called} {self.name}: source.{min(taken)} means something else")
        if isinstance(self.paths, str) or not set(self.paths) <= set(fields):
            raise ValueError(f"{self.called} {self.name}: paths is a tuple of names of its options")

    def named(self, options: Options) -> dict[str, str]:
        """Each file of the user's that options name, by its key below ``source``."""
        found = {}
        for name in self.paths:
            value = getattr(options, name)
            items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            found |= {name: value} if isinstance(value, str) else {f"{name}.{key}": path for key, path in items}
        return found

    def needs(self, options: Options) -> tuple[str, ...]:
        """The resources of the catalogue that it reads with these options."""
        return tuple(self.resources(options) if callable(self.resources) else self.resources)


KINDS: dict[str, type[Plugin]] = {kind.group: kind for kind in (Model, Attack, Objective, Explainer, Metric, Source)}
