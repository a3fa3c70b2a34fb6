"""The goal function's verdicts on many texts at once.

``BatchVerdicts`` are TextAttack's, computed on a batch's array. ``GreedyVerdicts`` serve a search that goes on from the
best text alone: CLARE's, which asks about a thousand texts a step.

TextAttack asks the model about whole texts, 32 at a time. Here the model's editor answers all new texts of a step at
once (``flat.models.edits.editor.Editor.together``), for a fraction of the cost, but for rounding. They decide which
text is best, and whether it fools the model, only where no rounding could decide otherwise. Where it could, the batches
in which TextAttack would have asked about the texts in question are put through the model.

A search that looks at more scores than the best one's (a population's) cannot be answered so.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch

from flat.attacks.greedy.judged import judged
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.victim import Victim
from flat.models.edits.editor import Editor

_Status = textattack.goal_function_results.GoalFunctionResultStatus


class BatchVerdicts:
    """``GoalFunction.get_results`` of UntargetedClassification, a batch at a time.

    Args:
        goal: the goal function.
    """

    def __init__(self, goal):
        self.goal, self.general = goal, goal.get_results

    def clear(self) -> None:
        """Forget the example before."""

    def get_results(self, texts, check_skip: bool = False):
        goal = self.goal
        if goal.query_budget < float("inf"):
            texts = texts[: goal.query_budget - goal.num_queries]
        if check_skip or not len(texts) or not isinstance(goal.ground_truth_output, int):
            return self.general(texts, check_skip=check_skip)
        goal.num_queries += len(texts)
        outputs = torch.stack(list(goal._call_model(texts)))  # (texts, classes)
        label, make = goal.ground_truth_output, goal._goal_function_result_type()
        answers = zip(texts, outputs.numpy(), outputs.argmax(1).tolist(), (1 - outputs[:, label]).tolist(), strict=True)
        results = [
            make(text, row, predicted, self._status(predicted != label), score, goal.num_queries, label)
            for text, row, predicted, score in answers
        ]
        return results, goal.num_queries == goal.query_budget

    def _status(self, fooled: bool):
        return _Status.SUCCEEDED if fooled else _Status.SEARCHING


@dataclass(slots=True)
class Verdict:
    """What the model says of one input.

    Attributes:
        row: its probabilities. score: 1 - that of the label. margin: by how much the label wins; negative: fooled.
        error: how far ``score`` may lie from that of TextAttack's own batch; 0: it is that one.
        batch: number of that batch.
    """

    row: object
    score: float
    margin: float
    error: float
    batch: int


def serves(search, goal) -> bool:
    """Whether a search goes on from the best text alone, and the victim's editor is faster than whole texts."""
    greedy = type(search).__name__ in ("BeamSearch", "GreedySearch") and search.beam_width == 1
    victim = goal.model
    if not (greedy and goal.use_cache and isinstance(victim, Victim)) or victim.stochastic:
        return False
    return type(victim.editor).together is not Editor.together


class GreedyVerdicts(BatchVerdicts):
    """``GoalFunction.get_results`` of UntargetedClassification: right about the first of the best, and about no other.

    Args:
        goal: the goal function, whose model is a ``Victim``.
    """

    def __init__(self, goal):
        super().__init__(goal)
        self.victim = goal.model
        self.clear()

    def clear(self) -> None:
        self._asked: set = set()  # texts, beside those that the goal function remembers
        self._of: dict[Hashable, Verdict] = {}
        self._batches: list[list] = []

    def get_results(self, texts, check_skip: bool = False):
        goal = self.goal
        if check_skip or not isinstance(goal.ground_truth_output, int):
            return super().get_results(texts, check_skip=check_skip)
        if goal.query_budget < float("inf"):
            texts = texts[: goal.query_budget - goal.num_queries]
        if not len(texts):
            return self.general(texts)
        goal.num_queries += len(texts)
        keys = [self.victim.signature(text.tokenizer_input) for text in texts]
        self._ask(texts, keys)
        self._decide(keys)
        label, make = goal.ground_truth_output, goal._goal_function_result_type()
        results = []
        for text, found in zip(texts, [self._of[key] for key in keys], strict=True):
            about = found.row, int(found.row.argmax()), self._status(found.margin < 0), found.score
            results.append(make(text, *about, goal.num_queries, label))
        return results, goal.num_queries == goal.query_budget

    def _ask(self, texts: Sequence, keys: Sequence[Hashable]) -> None:
        """Have a verdict on each text; those that TextAttack would ask the model about are put into its batches."""
        known = [n for n, key in enumerate(keys) if key not in self._of and key in self.victim.answered]
        if known:  # the original
            self._note([texts[n] for n in known], [keys[n] for n in known], -1)
        cached, size = self.goal._call_model_cache, self.goal.batch_size
        new = [n for n, text in enumerate(texts) if text not in cached and text not in self._asked]
        fresh: dict[Hashable, str] = {}
        numbers: dict[Hashable, int] = {}
        for start in range(0, len(new), size):
            part = new[start : start + size]
            for n in part:
                if keys[n] not in self._of and keys[n] not in fresh:
                    fresh[keys[n]], numbers[keys[n]] = texts[n].tokenizer_input, len(self._batches)
            self._batches.append([texts[n] for n in part])
        self._asked.update(texts[n] for n in new)
        if fresh:
            logits = self.victim.editor.together([text.split() for text in fresh.values()])
            self.victim.forwards += len(fresh)
            found = judged(logits, self.goal.ground_truth_output, self.victim.editor.error)
            rows = zip(fresh, found.probabilities.numpy(), *(part.tolist() for part in found[1:]), strict=True)
            self._of.update((key, Verdict(*said, numbers[key])) for key, *said in rows)

    def _decide(self, keys: Sequence[Hashable]) -> None:
        """Ask as TextAttack does until it is sure which text is the first of the best, and whether that one fools the
        model."""
        while True:
            found = [self._of[key] for key in keys]
            least = max(verdict.score - verdict.error for verdict in found)
            rivals = {key for key, verdict in zip(keys, found, strict=True) if verdict.score + verdict.error >= least}
            if len(rivals) > 1 and self._settle([self._of[key] for key in rivals]):
                continue
            best = max(found, key=lambda verdict: verdict.score)  # the first of equals
            if abs(best.margin) <= 2 * best.error and self._settle([best]):
                continue
            equals = sum(verdict.score == best.score for verdict in found)
            # of equals the search goes on from the one that its sort puts first: that hangs on every score
            if best.margin >= 0 and equals > 1 and self._settle(found):
                continue
            return

    def _settle(self, verdicts) -> bool:
        """Make verdicts those of TextAttack's own batches; whether anything had to be asked."""
        batches = sorted({verdict.batch for verdict in verdicts if verdict.error > 0})
        for batch in batches:
            self._settle_batch(batch)
        return bool(batches)

    def _settle_batch(self, number: int) -> None:
        texts = self._batches[number]
        keys = [self.victim.signature(text.tokenizer_input) for text in texts]
        # an input that an earlier batch holds was answered there
        for earlier in sorted({self._of[key].batch for key in keys if self._of[key].error > 0} - {number}):
            self._settle_batch(earlier)
        forwards = self.victim.forwards
        self._note(texts, keys, number)
        self.victim.forwards = forwards  # they are counted already

    def _note(self, texts: Sequence, keys: Sequence[Hashable], number: int) -> None:
        """Verdicts as TextAttack's goal function reaches them, asking the model about a batch."""
        label = self.goal.ground_truth_output
        rows = self.goal._call_model_uncached(texts)
        for key, row in zip(keys, rows, strict=True):
            fooled = int(row.argmax()) != label
            self._of[key] = Verdict(row.numpy(), float(1 - row[label]), -1.0 if fooled else 1.0, 0.0, number)
