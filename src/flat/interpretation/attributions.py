"""The attributions of one cell: which texts are explained, each distinct one once, and the rows that are written.

Sides of an example:

* ``original``;
* ``adversarial``: the cell's own perturbed text; a skipped example's is the original;
* ``shared``: the base model's perturbed text, where it changed a word;
* ``repeat``: the original once more under a second seed, for the noise floor of LIME.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from flat.errors import ArtefactError, FlatError, StudyError
from flat.files.digests import digest_of
from flat.interpretation.pairs import REMEDY, ledger_rows, row_of
from flat.interpretation.word_attribution import WordAttribution
from flat.models.fingerprint import weights_digest
from flat.models.interface import Classifier
from flat.plugins.kinds import Explainer
from flat.plugins.registry import EXPLAINERS
from flat.resume.journal import Journal
from flat.resume.stopping import orderly_stop
from flat.study.seeds import seed_of

SCHEMA = pa.schema(
    [
        ("example_id", pa.string()),
        ("side", pa.string()),  # original | adversarial | shared | repeat
        ("target", pa.int64()),  # the class explained
        ("words", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),  # one per word, positive speaks for the class
        ("completeness", pa.float32()),  # IG: relative error of the sum; LIME: NaN
        ("steps", pa.int32()),  # IG: path steps; LIME: masks
    ]
)
REMEDY_OF_PLUGIN = "give a list per text, of one score per word for each class (docs/plugins.md)"
log = logging.getLogger("flat")


def _by_device(model: Classifier, cpu: int, cuda: int) -> int:
    return cuda if model.device.type == "cuda" else cpu


@dataclass(frozen=True)
class Question:
    """One text to explain. ``seed`` is the text's own (0 for methods that draw nothing)."""

    words: tuple[str, ...]
    targets: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Asked:
    example_id: str
    side: str
    question: Question


def explain_cell(
    method: str,
    model: Classifier,
    own,
    shared=None,
    *,
    explained: Iterable[str] | None = None,
    options: Mapping | None = None,
    classes: str = "all",
    seed: int,
    journal: str | Path | None = None,
    code: str = "",
):
    """The attributions frame (SCHEMA) of a cell, sorted by example, side and class.

    Args:
        method: the name of an explainer.
        own: the cell's ledger. shared: the base model's ledger under the same attack, or None.
        explained: ids of the examples to explain; None for every example of the ledger.
        options: the method's, as its plugin declares them.
        classes: "all" explains every class of a text, "gold" its label only.
        seed: the seed of the data set's explanations. A text's own seed is derived from it, the example's id and the
            repeat. So the order and number of texts change nothing. An original and its adversarial texts,
            in whatever cell, are asked with the same masks.
        journal: where explained texts are noted, to resume after a kill; the caller deletes it at the end.
        code: digest of the code that explains; notes of other code are not gone on from.

    Raises:
        ArtefactError: an explained example is absent from a ledger, or the ledgers disagree on its original text.
        StudyError: ``method`` is unknown.
        SystemExit: SIGTERM or SIGINT came; the texts in hand are explained and noted.
    """
    import pandas as pd  # for cost

    if method not in EXPLAINERS:
        raise StudyError(f"interpretation: {method}", "no such method", EXPLAINERS.refusal(method))
    explainer, options = EXPLAINERS[method], dict(options or {})
    repeats = int(options.get("repeats", 0)) if explainer.random else 0
    asked = questions(
        own,
        shared,
        explained=explained,
        classes=range(model.classes) if classes == "all" else None,
        repeats=repeats,
        seed=seed,
        random=explainer.random,
    )
    answers = answer(method, model, [a.question for a in asked], options, journal, code)
    rows = [
        (a.example_id, a.side, target, a.question.words, found.scores, found.completeness, found.steps)
        for a in asked
        for target, found in zip(a.question.targets, answers[a.question], strict=True)
    ]
    return pd.DataFrame(rows, columns=SCHEMA.names)


def answer(
    method: str,
    model: Classifier,
    asked: Iterable[Question],
    options: Mapping,
    journal: str | Path | None = None,
    code: str = "",
) -> dict[Question, list[WordAttribution]]:
    """Each distinct question answered once, in batches that depend on the questions alone; finished ones are noted."""
    distinct = sorted(set(asked), key=lambda q: (len(q.words), q.words, q.targets, q.seed))
    keys = {question: _key(question) for question in distinct}
    notes = None
    if journal is not None:
        about = [method, dict(options), code, model.device.type, weights_digest(model.state_dict()), [*keys.values()]]
        notes = Journal(journal, digest_of(about))
    try:
        return _answer(EXPLAINERS[method], model, distinct, options, notes, keys)
    finally:
        if notes:
            notes.close()


def _answer(method: Explainer, model: Classifier, distinct: list[Question], options: Mapping, notes, keys) -> dict:
    explain, chosen = method.load(), method.options.model_validate(dict(options))
    noted = notes.noted if notes else {}
    if noted:
        log.info("resuming: %d of %d texts are in the journal", len(noted), len(distinct))
    found, size = {}, _by_device(model, 1, 16)
    with orderly_stop() as stop:
        for start in range(0, len(distinct), size):
            batch = distinct[start : start + size]
            if stop:
                log.info("stopped with %d of %d texts explained", len(found), len(distinct))
                break
            if all(keys[question] in noted for question in batch):
                answers = [_read_noted(noted[keys[question]]) for question in batch]
            else:
                parts = ([list(q.words) for q in batch], [list(q.targets) for q in batch], [q.seed for q in batch])
                model.forget()  # so that no answer hangs on the texts that this process had before
                answers = as_attributions(explain(model, *parts, chosen), batch, method.name)
                if notes:
                    notes.append({keys[q]: _to_note(a) for q, a in zip(batch, answers, strict=True)})
            found |= zip(batch, answers, strict=True)
    return found


def as_attributions(answers, asked: list[Question], method: str) -> list[list[WordAttribution]]:
    """What an explainer answered, checked: for each question and class a score per word.

    Raises:
        FlatError: it is not that; the first text that it is not for is named.
    """
    answers = list(answers)
    if len(answers) != len(asked):
        raise FlatError(f"explainer {method}", f"{len(answers)} answers for {len(asked)} texts", REMEDY_OF_PLUGIN)
    found = []
    for question, given in zip(asked, answers, strict=True):
        of_text = [
            one if isinstance(one, WordAttribution) else WordAttribution(np.asarray(one, np.float32), float("nan"), 0)
            for one in given
        ]
        shapes = [one.scores.shape for one in of_text]
        if shapes != [(len(question.words),)] * len(question.targets):
            raise FlatError(
                f"explainer {method}",
                f"scores of shapes {shapes} for {len(question.targets)} classes of the {len(question.words)} words "
                f"{' '.join(question.words)!r}",
                REMEDY_OF_PLUGIN,
            )
        found.append(of_text)
    return found


def _key(question: Question) -> str:
    return digest_of([question.words, question.targets, question.seed])[:32]


def _to_note(answers: list[WordAttribution]) -> list:
    """Plain numbers that JSON gives back bit by bit."""
    return [[a.scores.tolist(), a.completeness, a.steps] for a in answers]


def _read_noted(note: list) -> list[WordAttribution]:
    return [WordAttribution(np.array(scores, dtype=np.float32), error, steps) for scores, error, steps in note]


def questions(
    own,
    shared,
    *,
    explained: Iterable[str] | None,
    classes: Iterable[int] | None,
    repeats: int,
    seed: int,
    random: bool,
) -> list[Asked]:
    """What is asked about each example, sorted by example and side. ``classes`` None: the example's label only.

    Raises:
        ArtefactError: as ``explain_cell``.
    """
    own_rows = ledger_rows(own, "the cell's ledger")
    shared_rows = {} if shared is None else ledger_rows(shared, "the base model's ledger")
    ids = sorted(own_rows) if explained is None else sorted(set(explained))
    again = set(sorted(ids, key=lambda example: seed_of(seed, "repeat", example))[:repeats])
    asked = []
    for example in ids:
        row = row_of(own_rows, example, "the cell's ledger")
        original = tuple(row.original_words)
        targets = (int(row.label),) if classes is None else tuple(classes)
        texts = {"original": (original, 0), "adversarial": (tuple(row.perturbed_words), 0)}
        if shared is not None:
            other = row_of(shared_rows, example, "the base model's ledger")
            if tuple(other.original_words) != original:
                raise ArtefactError(f"example {example}", "two ledgers hold different original texts", REMEDY)
            if tuple(other.perturbed_words) != original:
                texts["shared"] = (tuple(other.perturbed_words), 0)
        if example in again:
            texts["repeat"] = (original, 1)
        for side, (words, repeat) in texts.items():
            own_seed = seed_of(seed, example, repeat) if random else 0
            asked.append(Asked(example, side, Question(words, targets, own_seed)))
    return asked
