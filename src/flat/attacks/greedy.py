"""TextFooler's and PWWS's search on plain strings: TextAttack's texts, statuses and query counts, several times faster.

Stock TextAttack builds an object for each candidate text and splits it into words some 90 times. Here a text is a list
of words with what stands between them; candidates, tags and cosines of a word are looked up once; only the model and
the sentence encoder see whole texts, in the same batches as TextAttack would send, so that every bit is the same.

``search: exact`` asks what TextAttack asks. ``search: lazy`` asks the model about every candidate that passes the cheap
constraints, and the sentence encoder only about the best of them, one after the other until one is similar enough: the
same text and status for a fraction of the encoder's work, but more queries than TextAttack counts. An answer's last
bits depend on the batch it came in, so wherever two candidates are too near to call (substitutes that the model does
not know are all one word to it), the lazy search starts the example again and is exact.

Source: ``Attack``, ``GreedyWordSwapWIR`` and the constraints of TextAttack 0.3.11, against which the tests compare.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import torch

from flat.attacks.plain_text import Text, window
from flat.attacks.textattack_environment import textattack

BATCH = 32  # texts of one model call, as TextAttack's goal function cuts them
CHUNK = 2  # candidates that the lazy search has encoded at a time
NEAR = 2e-6  # scores, margins and similarities nearer than this may change places with the batch

KNOWN = {
    "search": ("GreedyWordSwapWIR",),
    "transformation": ("WordSwapEmbedding", "WordNetSwap", "WordSwapWordNet"),
    "constraint": ("WordEmbeddingDistance", "PartOfSpeech", "SentenceSimilarity"),
    "before": ("RepeatModification", "StopwordModification", "InputColumnModification"),
    "goal": ("UntargetedClassification",),
}
RANKINGS = ("delete", "unk", "weighted-saliency")


@dataclass(frozen=True)
class Found:
    """What a search ended with.

    Attributes:
        status: succeeded | failed | skipped.
        queries: as TextAttack counts them, repeated questions too.
        index_map: for each word of the original, as TextAttack counts words, the index of its word in the perturbed
            text, -1 if none; None where words were only replaced.
    """

    status: str
    perturbed: str
    queries: int
    index_map: list[int] | None = None


def supports(attack) -> bool:
    """Whether the search of a built attack is one that this module repeats exactly."""
    search, goal = attack.search_method, attack.goal_function
    parts = [("search", search), ("transformation", attack.transformation), ("goal", goal)]
    parts += [("constraint", c) for c in attack.constraints]
    parts += [("before", c) for c in attack.pre_transformation_constraints]
    if any(type(part).__name__ not in KNOWN[kind] for kind, part in parts):
        return False
    by_word = [c for c in attack.constraints if not hasattr(c, "skips")]
    similar = [c for c in attack.constraints if hasattr(c, "skips")]
    return (
        search.wir_method in RANKINGS
        and search.truncate_words_to is None
        and goal.query_budget == float("inf")
        and goal.use_cache
        and not goal.maximizable
        and goal.allow_skip
        and goal.target_max_score is None
        and all(c.compare_against_original for c in by_word)
        and attack.constraints == [*by_word, *similar]  # the encoder is asked last
        and len(similar) <= 1
    )


class TooNear(Exception):
    """The lazy search met a decision that the last bits of an answer would make."""


@dataclass
class Candidate:
    """A text with one word replaced. ``number``: the place of its word among the substitutes."""

    text: str
    word: str
    number: int
    similarity: float = 1.0


class GreedySearch:
    """The greedy search of a built attack; one object serves any number of examples.

    Args:
        attack: a TextAttack attack for which ``supports`` holds.
        lazy: ask the sentence encoder as late as possible.
    """

    def __init__(self, attack, lazy: bool = False):
        self.attack, self.goal = attack, attack.goal_function
        self.ranking = attack.search_method.wir_method
        self.unknown = attack.search_method.unk_token
        self.similarity = next((c for c in attack.constraints if hasattr(c, "skips")), None)
        self.lazy = lazy and self.similarity is not None
        kinds = {type(c).__name__: c for c in attack.constraints}
        self.distance, self.tagging = kinds.get("WordEmbeddingDistance"), kinds.get("PartOfSpeech")
        self._substitutes: dict[str, list[str]] = {}

    def __call__(self, text: str, label: int) -> Found:
        """Attack one text. The caller has cleared the caches of victim and constraints."""
        if self.lazy:
            try:
                return self._search(text, label, lazy=True)
            except TooNear:
                self.similarity.clear_cache()
                self.goal.model.forget()
        return self._search(text, label, lazy=False)

    def _search(self, text: str, label: int, lazy: bool) -> Found:
        self.label, self.queries = label, 0
        self._known: dict[str, torch.Tensor] = {}
        self._allowed: dict[int, list[str]] = {}
        self.original = Text(text)
        started = textattack.shared.AttackedText(text)
        self.goal.initial_attacked_text, self.goal.ground_truth_output = started, label
        (score,), (margin,) = self._ask([text])
        if margin < 0:
            return Found("skipped", text, self.queries)
        indices = self.attack.get_indices_to_order(started)[1]  # in TextAttack's own order, which ties depend on
        current, step = Text(text), self._lazy_step if lazy else self._exact_step
        for i in map(int, self._order(indices)):
            found = step(current, i, score)
            if found is None:
                continue
            current.words[i], score, fooled = found
            if fooled:
                return Found("succeeded", str(current), self.queries)
        return Found("failed", str(current), self.queries)

    def _order(self, indices: list[int]) -> np.ndarray:
        """Positions in descending order of importance."""
        if self.ranking == "delete":
            scores = np.array(self._ask([self.original.without(i) for i in indices])[0])
        else:
            parts = [self.original.around(i) for i in indices]
            saliency = np.array(self._ask([before + self.unknown + after for before, after in parts])[0])
            scores = saliency
            if self.ranking == "weighted-saliency":
                scores = torch.softmax(torch.Tensor(saliency), dim=0).numpy() * np.array(self._gains(indices))
        return np.array(indices)[(-scores).argsort()]

    def _gains(self, indices: list[int]) -> list[float]:
        """The highest score that a substitute of each word reaches; zero where there is none."""
        gains = []
        for i in indices:
            candidates = self._similar(self.original, i, self._candidates(self.original, i))
            gains.append(np.max(self._ask([c.text for c in candidates])[0]) if candidates else 0.0)
        return gains

    def _exact_step(self, current: Text, i: int, score: float) -> tuple[str, float, bool] | None:
        """The substitute of word i that is taken: (word, score, whether it fools the model), or None."""
        candidates = self._similar(current, i, self._candidates(current, i))
        if not candidates:
            return None
        scores, margins = self._ask([c.text for c in candidates])
        ranked = sorted(range(len(candidates)), key=lambda n: -scores[n])  # stable: ties in alphabetical order
        best = ranked[0]
        if not scores[best] > score:
            return None
        fooling = list(takewhile(lambda n: margins[n] < 0, ranked))
        if fooling and self.similarity is not None:  # of those the most similar; the first of equals
            best = max(fooling, key=lambda n: candidates[n].similarity)
        return candidates[best].word, scores[best], margins[best] < 0

    def _lazy_step(self, current: Text, i: int, score: float) -> tuple[str, float, bool] | None:
        """The same as ``_exact_step``, the encoder asked last.

        Raises:
            TooNear: the outcome hangs on less than NEAR.
        """
        candidates = self._candidates(current, i)
        if not candidates:
            return None
        scores, margins = self._ask([c.text for c in candidates])
        ranked = sorted(range(len(candidates)), key=lambda n: -scores[n])
        inputs = [self.goal.model.signature(c.text) for c in candidates]
        same = self.goal.model.signature(str(current))
        if all(inputs[n] == same or scores[n] < score - NEAR for n in ranked):
            return None  # none scores higher, or the model does not see the difference
        passing = self._passing(current, i, candidates, ranked)
        best, closest = next(passing, (None, 0.0))
        if best is None or scores[best] < score - NEAR:
            return None
        after = ranked[ranked.index(best) + 1 :]
        if scores[best] < score + NEAR:
            rivals = [best, *(n for n in after if scores[n] > score - NEAR)]
            self._same_or_too_near(current, i, candidates, [n for n in rivals if inputs[n] != same])
            return None
        fooled = self._fools(margins[best])
        rivals = [n for n in after if scores[n] > scores[best] - NEAR and inputs[n] != inputs[best]]
        if not fooled:
            self._same_or_too_near(current, i, candidates, rivals)
            return candidates[best].word, scores[best], False
        chosen = best
        for n, closeness in passing:
            if not self._fools(margins[n]):
                if n in rivals:
                    raise TooNear
                break  # the first that does not fool the model ends the ranking
            if closest - NEAR < closeness < closest + NEAR and closeness != closest:
                raise TooNear
            if closeness > closest:
                chosen, closest = n, closeness
        return candidates[chosen].word, scores[chosen], True

    def _same_or_too_near(self, current: Text, i: int, candidates: list[Candidate], rivals: list[int]) -> None:
        """Raises TooNear if one of ``rivals``, as good as the best and not the same to the model, is similar enough."""
        if next(self._passing(current, i, candidates, rivals), None) is not None:
            raise TooNear

    def _fools(self, margin: float) -> bool:
        if abs(margin) < NEAR:
            raise TooNear
        return margin < 0

    def _candidates(self, current: Text, i: int) -> list[Candidate]:
        """Candidate texts of a position that pass the constraints on words, in alphabetical order."""
        if i not in self._allowed:
            self._allowed[i] = self._allowed_words(i)
        before, after = current.around(i)
        found = [Candidate(before + word + after, word, n) for n, word in enumerate(self._allowed[i])]
        return sorted(found, key=lambda candidate: candidate.text)

    def _similar(self, current: Text, i: int, candidates: list[Candidate]) -> list[Candidate]:
        """Those that are similar enough to ``current``, with their similarity; all where nothing compares."""
        if self.similarity is None or not candidates:
            return candidates
        asked = sorted(candidates, key=lambda candidate: candidate.number)  # the order of TextAttack's encoder batch
        for candidate, similarity in zip(asked, self._similarities(current, i, asked), strict=True):
            candidate.similarity = similarity
        return [candidate for candidate in candidates if candidate.similarity >= self.similarity.threshold]

    def _allowed_words(self, i: int) -> list[str]:
        """Substitutes of word i that pass the constraints on words, which compare with the original text."""
        words = self.original.words
        word = words[i]
        if word not in self._substitutes:
            found = self.attack.transformation._get_replacement_words(word)
            self._substitutes[word] = [other for other in found if other != word and self._near(word, other)]
        substitutes = self._substitutes[word]
        if self.tagging is None or not substitutes:
            return substitutes
        before, after = words[max(i - 4, 0) : i], words[i + 1 : min(i + 4, len(words))]
        own = self.tagging._get_pos(before, word, after)
        return [w for w in substitutes if self.tagging._can_replace_pos(own, self.tagging._get_pos(before, w, after))]

    def _near(self, word: str, other: str) -> bool:
        """WordEmbeddingDistance: near enough in the synonym space; words outside it pass where the attack says so."""
        distance = self.distance
        if distance is None:
            return True
        if not distance.cased:
            word, other = word.lower(), other.lower()
        try:
            a, b = distance.embedding.word2index(word), distance.embedding.word2index(other)
        except KeyError:
            return bool(distance.include_unknown_words)
        if distance.min_cos_sim and distance.get_cos_sim(a, b) < distance.min_cos_sim:
            return False
        return not (distance.max_mse_dist and distance.get_mse_dist(a, b) > distance.max_mse_dist)

    def _similarities(self, current: Text, i: int, candidates: Sequence[Candidate]) -> list[float]:
        """Sentence similarity of candidates at position i, in the order given."""
        similarity = self.similarity
        if similarity.skips(len(current.words)):
            return [1.0] * len(candidates)
        reference, size = self.original if similarity.compare_against_original else current, similarity.window_size
        first = window(str(reference), reference.words, i, size)
        words = current.words
        windows = [window(c.text, [*words[:i], c.word, *words[i + 1 :]], i, size) for c in candidates]
        vectors = torch.tensor(similarity.encode([first] * len(windows) + windows))
        return similarity.sim_metric(vectors[: len(windows)], vectors[len(windows) :]).tolist()

    def _passing(
        self, current: Text, i: int, candidates: list[Candidate], ranked: list[int]
    ) -> Iterator[tuple[int, float]]:
        """Those of ``ranked`` that are similar enough, each with its similarity; encoded when met."""
        limit, checked = self.similarity.threshold, not self.similarity.skips(len(current.words))
        for start in range(0, len(ranked), CHUNK):
            part = ranked[start : start + CHUNK]
            for n, closeness in zip(part, self._similarities(current, i, [candidates[n] for n in part]), strict=True):
                if checked and abs(closeness - limit) < NEAR:
                    raise TooNear
                if closeness >= limit:
                    yield n, closeness

    def _ask(self, texts: Sequence[str]) -> tuple[list[float], list[float]]:
        """Each text's score, 1 - probability of the label, and by how much the label wins; each is a query.

        The margin is negative where the model is fooled.
        """
        self.queries += len(texts)
        fresh = [text for text in texts if text not in self._known]
        if fresh:
            answers = [self.goal.model(fresh[n : n + BATCH]) for n in range(0, len(fresh), BATCH)]
            self._known.update(zip(fresh, self.goal._process_model_outputs(fresh, torch.cat(answers)), strict=True))
        if not texts:
            return [], []
        probabilities = torch.stack([self._known[text] for text in texts])  # (texts, classes)
        own = probabilities[:, self.label]
        others = probabilities.clone()
        others[:, self.label] = -1.0
        margins = own - others.amax(1)
        fooled = probabilities.argmax(1) != self.label  # of equal probabilities the first class wins
        margins = torch.where(fooled, margins.clamp(max=-1e-30), margins.clamp(min=0.0))
        return (1 - own).tolist(), margins.tolist()
