"""TextFooler's and PWWS's search on plain strings: TextAttack's texts, statuses and query counts, many times faster.

Stock TextAttack builds an object for each candidate text and splits it into words some 90 times. Here a text is a list
of words. Candidates, tags and cosines of a word are looked up once (``candidates``). The model is asked about one-word
edits, below the cost of whole texts. Where a decision hangs on the last bits it is asked in TextAttack's own batches
(``answers``, ``order``). Similarity windows are cut, not searched for (``similarity``).

``search: exact`` asks the sentence encoder what TextAttack asks it, and counts TextAttack's queries. ``search: lazy``
(``lazy``) asks it last: the same text and status for a fraction of the encoder's work, but more queries.

Source: ``Attack``, ``GreedyWordSwapWIR`` and the constraints of TextAttack 0.3.11, against which the tests compare.
"""

from dataclasses import dataclass

from flat.attacks.greedy import order as ranking
from flat.attacks.greedy.answers import Answer, Answers
from flat.attacks.greedy.candidates import Candidates
from flat.attacks.greedy.similar import Similar
from flat.attacks.greedy.similarity import Similarities
from flat.attacks.greedy.text import Text
from flat.attacks.textattack_adapter.environment import textattack

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
        aligned: the same of the tokens that a ledger holds, from an attack that knows them; None: it follows from
            ``index_map``.
    """

    status: str
    perturbed: str
    queries: int
    index_map: list[int] | None = None
    aligned: list[int] | None = None


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


class GreedySearch:
    """The greedy search of a built attack; one object serves any number of examples.

    Args:
        attack: a TextAttack attack for which ``supports`` holds, against a ``flat.attacks.victim.Victim``.
    """

    lazy = False

    def __init__(self, attack):
        self.attack, self.victim = attack, attack.goal_function.model
        self.ranking = attack.search_method.wir_method
        self.unknown = attack.search_method.unk_token
        self.candidates = Candidates(attack)
        constraint = next((c for c in attack.constraints if hasattr(c, "skips")), None)
        self.similarity = None if constraint is None else Similarities(constraint)

    def __call__(self, text: str, label: int) -> Found:
        """Attack one text. The caller has cleared the caches of victim and constraints."""
        self.original = Text(text)
        self.answers = Answers(self.victim, self.original, label)
        if self.answers.here.margin < 0:
            return Found("skipped", text, self.answers.queries)
        for i in self._order():
            step = self._step(i)
            if step is None:
                continue
            word, answer = step
            self.answers.take(i, word, answer)
            if self.answers.fooled(answer):
                return Found("succeeded", self.answers.text.text, self.answers.queries)
        return Found("failed", self.answers.text.text, self.answers.queries)

    def _order(self):
        """Words in descending order of importance, as the search asks for them."""
        started = textattack.shared.AttackedText(self.original.text)
        words = [int(i) for i in self.attack.get_indices_to_order(started)[1]]  # TextAttack's order: ties depend on it
        idle = [False] * len(words)
        instead = None if self.ranking == "delete" else self.unknown
        about = [(i, instead) for i in words]
        if self.ranking == "weighted-saliency":
            allowed = [self._similar(i, self._candidates(i))[0] for i in words]
            asked = [[(i, word) for word in own] for i, own in zip(words, allowed, strict=True)]
            found, *substitutes = self.answers.ask([about, *asked], precise=1)
            idle = [all(answer is self.answers.here for answer in own) for own in substitutes]
            measure: ranking.Measure = ranking.ByWeightedSaliency(self.answers, found, substitutes)
        else:
            measure = ranking.ByScore(self.answers, *self.answers.ask([about]))
        return ranking.order(words, measure, lambda i: bool(self.candidates.near(self.original.words[i])), idle)

    def _step(self, i: int) -> tuple[str, Answer] | None:
        """The substitute of word i that is taken, and its answer; None if none scores higher than the text has."""
        words, places, similar = self._similar(i, self._candidates(i))
        if not words:
            return None
        (found,) = self.answers.ask([[(i, word) for word in words]])
        ranked = self.answers.descending(found)
        best = next(ranked)
        if not self.answers.higher(found[best], self.answers.here):
            return None
        if similar is not None and self.answers.fooled(found[best]):
            for n in ranked:  # of those that fool the model the most similar; the first of equals
                if not self.answers.fooled(found[n]):
                    break
                if similar.higher(places[n], places[best]):
                    best = n
        return words[best], found[best]

    def _candidates(self, i: int) -> list[str]:
        """Substitutes of word i that pass the constraints on words, in TextAttack's order of transformations."""
        return self.candidates.of(self.original, i)

    def _similar(self, i: int, words: list[str]) -> tuple[list[str], list[int], Similar | None]:
        """Those similar enough to the current text, in alphabetical order of their texts; the place of each in the
        question that was asked of the encoder, and its answer."""
        current, similar, passing = self.answers.text, None, list(range(len(words)))
        if self.similarity is not None:
            # encoded in TextAttack's order, for the same batch
            similar = self.similarity.of(self.original, current, i, words)
            passing = similar.reaching(self.similarity.threshold)
        _, after = current.around(i)
        passing.sort(key=lambda n: words[n] + after)
        return [words[n] for n in passing], passing, similar
