"""A text and its adversarial text, explained: words with their scores, and how alike the two explanations are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flat.errors import ArtefactError, StudyError
from flat.interpretation.consistency import PAIR_SETS, SOURCES, VALUE, belonging
from flat.interpretation.pairs import counterparts, ledger_rows, row_of
from flat.interpretation.ranking import KS
from flat.study.cells import Cell

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Pair:
    """A pair of texts of one model under one attack, as the study explained it.

    Attributes:
        example: id of the test example.
        label: its class.
        status: of the attack that made the pair: succeeded, failed or skipped.
        words, other_words: of the original and of the text that it is compared with.
        counterparts: for each word of the original the place of the word that stands for it, or None.
        scores, other_scores: class -> scores of these words, as ``attributions.parquet`` has them.
        kendall_tau: KT of the pair, as ``consistency.parquet`` has it; NaN where it is undefined.
        topk_intersection: k -> TI@k of the pair.
        metrics: further metrics of pairs that the study names, by name.
    """

    example: str
    label: str
    status: str
    words: tuple[str, ...]
    other_words: tuple[str, ...]
    counterparts: tuple[int | None, ...]
    scores: dict[str, np.ndarray]
    other_scores: dict[str, np.ndarray]
    kendall_tau: float
    topk_intersection: dict[int, float]
    metrics: dict[str, float]

    def frame(self, target: str | None = None) -> "pd.DataFrame":
        """The words side by side, for one class.

        Args:
            target: the class; None: the example's own.

        Returns:
            A pandas DataFrame with the columns word, score, other_word, other_score and changed; a row a word of the
            original, in its order. Words that an attack inserted follow, without a word.

        Raises:
            StudyError: the class was not explained.
        """
        import pandas as pd  # for cost

        target = self.label if target is None else target
        if target not in self.scores:
            raise StudyError(f"class {target}", "was not explained", f"choose of {', '.join(self.scores)}")
        here, there = self.scores[target], self.other_scores[target]
        rows = []
        for place, (word, score, other) in enumerate(zip(self.words, here, self.counterparts, strict=True)):
            with_ = ("", np.nan) if other is None else (self.other_words[other], float(there[other]))
            rows.append((place, word, float(score), *with_, with_[0] != word))
        for place in sorted(set(range(len(self.other_words))) - set(self.counterparts)):
            rows.append((place, "", np.nan, self.other_words[place], float(there[place]), True))
        names = ["place", "word", "score", "other_word", "other_score", "changed"]
        return pd.DataFrame(rows, columns=names).drop(columns="place")

    def __repr__(self) -> str:
        first = f"{self.example} ({self.label}, {self.status}): KT {self.kendall_tau:.3f}"
        five = self.topk_intersection.get(5)
        return "\n".join(
            [
                first + (f", TI@5 {five:.2f}" if five is not None else ""),
                f"  {' '.join(self.words)}",
                f"  {' '.join(self.other_words)}",
            ]
        )


def pairs_of(
    attributions,
    consistency,
    ledgers: Mapping[str, object],
    cell: Cell,
    attack: str,
    method: str,
    pair_set: str,
    classes: Sequence[str],
) -> list[Pair]:
    """The pairs of a cell's pair set, sorted by example.

    Args:
        attributions, consistency: frames of the files of these names.
        ledgers: "own" of the cell, "shared" of the base model.
        classes: the names of the classes by number.

    Raises:
        StudyError: no such pair set.
        ArtefactError: the files do not fit one another.
    """
    if pair_set not in PAIR_SETS:
        raise StudyError(f"pair_set: {pair_set}", "there is no such pair set", f"choose of {', '.join(PAIR_SETS)}")
    of_cell = {"strategy": cell.strategy, "train_attack": cell.train_attack, "attack": attack, "seed": cell.seed}
    rows = consistency[np.logical_and.reduce([consistency[name] == value for name, value in of_cell.items()])]
    rows = rows[belonging(rows, pair_set)].sort_values("example_id")
    side_of = {source: side for side, source in SOURCES.items()}
    by_source = {source: ledger_rows(ledgers.get(source, ledgers["own"]), f"{source} ledger") for source in side_of}
    explained: dict[tuple[str, str], dict] = {}
    for row in attributions.itertuples(index=False):
        explained.setdefault((row.example_id, row.side), {})[int(row.target)] = row
    found = []
    for row in rows.to_dict("records"):
        example, source = row["example_id"], row["source"]
        made = row_of(by_source[source], example, f"{source} ledger")
        words = tuple(made.original_words)
        others = words if source == "repeat" else tuple(made.perturbed_words)
        kept, standing = (range(len(words)),) * 2 if source == "repeat" else counterparts(made, example)
        stands = dict(zip(kept, standing, strict=True))
        found.append(
            Pair(
                example,
                classes[int(made.label)],
                row["status"],
                words,
                others,
                tuple(stands.get(place) for place in range(len(words))),
                _scores(explained, example, "original", words, classes, method),
                _scores(explained, example, side_of[source], others, classes, method),
                float(row["kendall_tau"]),
                {k: float(row[f"ti_{k}"]) for k in KS},
                {name.removeprefix(VALUE): float(row[name]) for name in row if name.startswith(VALUE)},
            )
        )
    return found


def _scores(explained, example: str, side: str, words: tuple, classes: Sequence[str], method: str) -> dict:
    """Class -> scores of a text, which must be those of the ledger's words."""
    by_class = explained.get((example, side), {})
    if not by_class or any(tuple(row.words) != words for row in by_class.values()):
        raise ArtefactError(
            f"example {example}",
            f"its {side} text is not the one that {method} explained",
            "the files are of different runs: run the study again, which makes them anew",
        )
    return {classes[number]: np.asarray(row.scores) for number, row in sorted(by_class.items())}
