"""What an opened model answers: a prediction, an explanation, an attack. Printed, each reads as plain text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

BAR = 20  # characters of the longest bar
BLOCK = "█"
WIDEST = 24  # characters of a word before its bar


def bar(share: float, longest: int = BAR) -> str:
    """A bar of a share from 0 to 1; anything above 0 shows."""
    return BLOCK * max(round(share * longest), int(share > 0))


@dataclass(frozen=True, repr=False)
class Prediction:
    """A model's answer to one text.

    Attributes:
        text: as the model read it: cleaned, its words joined by single spaces.
        words: the same, word by word.
        label: the class that the model answers.
        probabilities: of every class by its name, in the data set's order.
        notes: what to know of the text: words beyond the model's length, words that it does not know.
    """

    text: str
    words: tuple[str, ...]
    label: str
    probabilities: dict[str, float]
    notes: tuple[str, ...] = ()

    @property
    def probability(self) -> float:
        """Of the class that the model answers."""
        return self.probabilities[self.label]

    @property
    def line(self) -> str:
        """The answer in a line, the likeliest class first."""
        ordered = sorted(self.probabilities.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {value:.3f}" for name, value in ordered)

    def __repr__(self) -> str:
        return f"{self.line}: {self.text}"

    def as_values(self) -> dict:
        """As plain data, for JSON."""
        return {
            "text": self.text,
            "words": list(self.words),
            "label": self.label,
            "probabilities": dict(self.probabilities),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, repr=False)
class Explanation:
    """How much each word of a text speaks for a class.

    Attributes:
        prediction: the model's answer to the text.
        method: the explainer's name.
        target: the class that the scores speak for.
        scores: one a word, positive for the class. What they sum to depends on the method (docs/interpretation.md).
        completeness: relative error of the scores' sum, of methods that have one (``ig``); None of others.
        steps: evaluations behind the scores: path steps, or masks.
    """

    prediction: Prediction
    method: str
    target: str
    scores: tuple[float, ...]
    completeness: float | None = None
    steps: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the scores are of."""
        return self.prediction.words

    def __iter__(self) -> Iterator[tuple[str, float]]:
        """(word, score), in the order of the text."""
        return iter(zip(self.words, self.scores, strict=True))

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The k words that speak most for the class; of equal scores the word further left comes first."""
        return sorted(self, key=lambda item: -item[1])[:k]

    def frame(self) -> "pd.DataFrame":
        """A pandas DataFrame with the columns word and score, a row a word."""
        import pandas as pd  # for cost

        return pd.DataFrame({"word": list(self.words), "score": list(self.scores)})

    def __repr__(self) -> str:
        head = f"{self.method} for {self.target} (the model answers {self.prediction.line})"
        return "\n".join([head, *lines_of(list(self))])

    def as_values(self) -> dict:
        """As plain data, for JSON."""
        return {
            "method": self.method,
            "target": self.target,
            "scores": list(self.scores),
            "completeness": self.completeness,
            "steps": self.steps,
        }


@dataclass(frozen=True, repr=False)
class Attacked:
    """What an attack made of a text.

    Attributes:
        attack: the attack's name in the study, or the recipe's.
        label: the class that the attack tried to make the model leave.
        status: succeeded, failed, or skipped: the model did not answer ``label`` in the first place.
        before: the model's answer to the text.
        after: its answer to the perturbed text: of a failed attack its best try, of a skipped one the text itself.
        swaps: (position in the text, word, its substitute), by position. An inserted word has the word "", a dropped
            one the substitute "".
        queries: texts that the attack asked about, as TextAttack counts.
        row: everything that the ledger of an attack has of it, by column.
    """

    attack: str
    label: str
    status: str
    before: Prediction
    after: Prediction
    swaps: tuple[tuple[int, str, str], ...]
    queries: int
    row: dict

    @property
    def perturbed(self) -> str:
        """The perturbed text."""
        return self.after.text

    @property
    def succeeded(self) -> bool:
        """Whether the model left the label."""
        return self.status == "succeeded"

    @property
    def changed(self) -> tuple[set[int], set[int]]:
        """Places of the words that differ: in the text, and in the perturbed one."""
        stands = list(map(int, self.row["aligned"]))
        pairs = enumerate(zip(self.before.words, stands, strict=True))
        here = {place for place, (word, other) in pairs if other < 0 or self.after.words[other] != word}
        kept = {other for place, other in enumerate(stands) if place not in here}
        return here, set(range(len(self.after.words))) - kept

    @property
    def line(self) -> str:
        """The outcome in a line."""
        return f"{self.attack} {self.status} after {self.queries} {'query' if self.queries == 1 else 'queries'}"

    def __repr__(self) -> str:
        shown = [f"  before  {self.before!r}", f"  after   {self.after!r}"]
        return "\n".join([self.line, *shown, *(f"  {said_of(*swap)}" for swap in self.swaps)])

    def as_values(self) -> dict:
        """As plain data, for JSON."""
        return {
            "attack": self.attack,
            "label": self.label,
            "status": self.status,
            "before": self.before.as_values(),
            "after": self.after.as_values(),
            "swaps": [{"position": place, "from": word, "to": other} for place, word, other in self.swaps],
            "queries": self.queries,
            "victim_forwards": self.row["victim_forwards"],
            "similarity_unchecked": self.row["similarity_unchecked"],
            "attack_hash": self.row["attack_hash"],
        }


def said_of(place: int, word: str, other: str) -> str:
    """A swap in words; places count from 1."""
    if not word:
        return f"word {place + 1}: inserted {other}"
    return f"word {place + 1}: {word} dropped" if not other else f"word {place + 1}: {word} -> {other}"


def lines_of(scored: list[tuple[str, float]]) -> list[str]:
    """A line a word: the word, its score, a bar of its share of the largest score; negative ones say so."""
    wide = min(max((len(word) for word, _ in scored), default=0), WIDEST)
    largest = max((abs(score) for _, score in scored), default=0) or 1
    return [f"  {word:<{wide}} {score:+.4f} {bar(abs(score) / largest)}".rstrip() for word, score in scored]
