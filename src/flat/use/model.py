"""A trained model that takes raw text: it predicts, explains and is attacked as in the study that trained it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flat.errors import DataError, StudyError
from flat.interpretation.attributions import Question, answer
from flat.models.interface import Classifier
from flat.plugins import kinds
from flat.plugins.registry import EXPLAINERS
from flat.study.bounds.options import check_options
from flat.study.cells import Cell
from flat.study.paths import Paths
from flat.study.schema import Study as Settings
from flat.study.seeds import seed_of
from flat.use.answers import Attacked, Explanation, Prediction
from flat.use.as_jobs import computing
from flat.use.attacking import Asked, attack_one, spec_for
from flat.use.files import Files
from flat.use.named import shown
from flat.use.texts import Read, Reading, unread


@dataclass(frozen=True, repr=False)
class Model:
    """A trained model, opened by ``open_model`` or ``open_study(...).model(...)``.

    Attributes:
        cell: dataset, model, strategy, train_attack and seed.
        folder: its checkpoint.
        classes: the names of its classes, in the data set's order.
        notes: why it is not asked with its study's own options and seeds, where that is so.
    """

    cell: Cell
    folder: Path
    classes: tuple[str, ...]
    _network: Classifier
    _reading: Reading
    _files: Files
    _kind: kinds.Model
    _settings: Settings | None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """DATASET/MODEL/STRATEGY[/TRAIN_ATTACK]/seedN."""
        return shown(self.cell)

    def predict(self, texts: str | Sequence[str]) -> Prediction | list[Prediction]:
        """Class names with probabilities.

        The text is cleaned as the data set's own texts were, whatever it looks like.

        Args:
            texts: a text, or a list of texts.

        Returns:
            A prediction; of a list one a text, in its order.

        Raises:
            DataError: a text is empty, or cleaning leaves no word of it.
        """
        if isinstance(texts, str):
            return self._predicted([self._reading.read(texts)])[0]
        return self._predicted([self._reading.read(text, number) for number, text in enumerate(texts, start=1)])

    def explain(
        self,
        text: str | None = None,
        method: str = "ig",
        target: str | int | None = None,
        *,
        example: str | None = None,
        **options: object,
    ) -> Explanation:
        """How much each word speaks for a class, computed as the study's interpretation jobs do.

        Args:
            text: a raw text.
            method: an explainer by name: ``ig``, ``lime``, or any other of ``flat.plugins.registry.EXPLAINERS``.
            target: the class that scores speak for, by name or number; None: the one that the model answers.
            example: in place of a text, the id of one of the data set's test examples. What a method draws is then
                what the study's own job drew, so that the scores are those of its ``attributions.parquet``.
            options: of the method. Those left out are the study's, or as the method declares them.

        Returns:
            The words with their scores, and the model's prediction.

        Raises:
            DataError: the text is empty, or there is no such example.
            StudyError: no such method, option or class; or a method that needs gradients, of a black box.
        """
        read, name = self._asked(text, example)
        explainer = self._explainer(method)
        own = getattr(self._settings.interpretation, method, None) if self._settings else None
        given = (own.model_dump(mode="json") if own is not None else {}) | options
        chosen = check_options(given, explainer.options, f"explain: {method}", f"options of {method}")
        prediction = self._predicted([read])[0]
        wanted = self.classes.index(prediction.label) if target is None else self._class(target)
        classes = (wanted,) if self._classes_asked == "gold" else tuple(range(len(self.classes)))
        seed = seed_of(seed_of(self._seed, "explain", self.cell.dataset), name, 0) if explainer.random else 0
        question = Question(read.words, classes, seed)
        with computing(self._threads):
            found = answer(method, self._network, [question], chosen.model_dump(mode="json"))[question]
        of_class = found[classes.index(wanted)]
        error = None if np.isnan(of_class.completeness) else float(of_class.completeness)
        scores = tuple(float(score) for score in of_class.scores)
        return Explanation(prediction, method, self.classes[wanted], scores, error, int(of_class.steps))

    def attack(
        self,
        text: str | None = None,
        recipe: str = "textfooler",
        label: str | int | None = None,
        *,
        example: str | None = None,
        query_budget: int | None = None,
        time_limit: float | None = None,
        resources: Mapping[str, str] | None = None,
        **parameters: object,
    ) -> Attacked:
        """Look for a text that the model answers otherwise, by the study's own attack engine.

        Args:
            text: a raw text.
            recipe: an attack of the study by its name, with its resources, limits and parameters; or a recipe, which
                the study's attack of that recipe stands for where there is one. Otherwise as the recipe declares it.
            label: the class that the text has, by name or number. None: the example's own; of a text the class that
                the model answers.
            example: in place of a text, the id of one of the data set's test examples. What the attack draws is then
                what the study's own job drew, so that the row is that of its ledger.
            query_budget: questions to the model at most; None: the study's limit.
            time_limit: seconds at most; None: the study's limit.
            resources: role -> resource, for roles that are to be played by others.
            parameters: of the recipe; those left out are the study's, or TextAttack's.

        Returns:
            The outcome, the answers before and after, what was swapped.

        Raises:
            DataError: the text is empty, or there is no such example.
            StudyError: no such attack, parameter or class.
            AttackError: the attack needs gradients and the model is a black box, or a resource that nobody named.
            ResourceError: a resource is not in place (``flat resources fetch``).
        """
        read, name = self._asked(text, example)
        own = self._example(example)["label"] if example is not None else None
        before = self._predicted([read])[0]
        gold = self._class(label) if label is not None else self.classes.index(before.label) if own is None else own
        limits = {"query_budget": query_budget, "time_limit": time_limit}
        plan = spec_for(self._settings, recipe, limits, dict(resources or {}), parameters, self._network)
        asked = Asked(name, read.text, int(gold), seed_of(self._seed, "attack-test"))
        paths = Paths(str(self._files.root))
        with computing(self._threads):
            row = attack_one(self._network, plan, asked, paths, self.cell.dataset)
        swaps = tuple((swap["position"], swap["from"], swap["to"]) for swap in row["swaps"])
        perturbed = Read(tuple(row["perturbed_words"]))
        # as the attack noted it: on the border of two classes the text alone may be of the other one
        after = before if row["perturbed"] == row["original"] else self._told(perturbed, row["perturbed_logits"])
        return Attacked(plan.name, self.classes[gold], row["status"], before, after, swaps, row["queries"], row)

    def __repr__(self) -> str:
        return "\n".join([f"{self.name}: {', '.join(self.classes)} ({self.folder})", *self.notes])

    # --- what a question rests on

    def _predicted(self, texts: list[Read]) -> list[Prediction]:
        if not texts:
            return []
        with computing(self._threads):
            logits = self._network.logits([list(read.words) for read in texts])
        return [self._told(read, row) for read, row in zip(texts, logits, strict=True)]

    def _told(self, read: Read, logits: Sequence[float]) -> Prediction:
        row = np.asarray(logits, dtype=np.float64)
        weights = np.exp(row - row.max())
        named = {name: float(value) for name, value in zip(self.classes, weights / weights.sum(), strict=True)}
        notes = (*read.notes, *unread(self._network, read.words))
        return Prediction(read.text, read.words, self.classes[int(row.argmax())], named, notes)

    def _asked(self, text: str | None, example: str | None) -> tuple[Read, str]:
        """What is asked about, and the name that its draws are seeded by."""
        if (text is None) == (example is None):
            found = "neither a text nor an example is given" if text is None else "a text and an example are given"
            raise DataError("the text", found, "give a text, or the id of a test example")
        if example is None:
            read = self._reading.read(text)
            return read, f"text {read.text}"
        if self._settings is None:
            raise StudyError(
                f"example {example}",
                "the study's seeds are not known here, so that its draws cannot be repeated",
                "open the model by its study: open_study('config/STUDY.yaml').model(...)",
            )
        return Read(tuple(self._example(example)["words"])), example

    def _example(self, example: str):
        """The row of a test example."""
        frame = self._files.table(Paths(str(self._files.root)).split(self.cell.dataset, "test"))
        found = frame[frame["example_id"] == example]
        if not len(found):
            ids = ", ".join(frame["example_id"][:3])
            raise DataError(f"example {example}", f"{self.cell.dataset} has no such test example", f"as in {ids}")
        return found.iloc[0]

    def _class(self, wanted: str | int) -> int:
        """The number of a class.

        Raises:
            StudyError: there is no such class.
        """
        if isinstance(wanted, str) and wanted in self.classes:
            return self.classes.index(wanted)
        if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < len(self.classes):
            return wanted
        known = ", ".join(self.classes)
        raise StudyError(f"class {wanted}", f"{self.cell.dataset} has no such class", f"choose of {known}")

    def _explainer(self, method: str) -> kinds.Explainer:
        if method not in EXPLAINERS:
            raise StudyError(f"explain: {method}", "no such method", EXPLAINERS.refusal(method))
        kind = self._kind
        if not EXPLAINERS[method].suits(kind):
            why = (
                f"needs gradients, and {self.cell.model} is a black box"
                if not kind.trained
                else f"cannot explain a {kind.name}"
            )
            fitting = ", ".join(name for name in EXPLAINERS if EXPLAINERS[name].suits(kind))
            raise StudyError(f"explain: {method}", why, f"choose of {fitting}")
        return EXPLAINERS[method]

    @property
    def _seed(self) -> int:
        return self._settings.seed if self._settings else 0

    @property
    def _threads(self) -> int | None:
        return self._settings.torch_threads if self._settings else None

    @property
    def _classes_asked(self) -> str:
        """Whether the study explains every class of a text at once, on which integrated gradients' steps depend."""
        return self._settings.interpretation.classes if self._settings else "all"
