"""Pairs of texts as ledgers hold them: found by example, aligned word by word."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from flat.errors import ArtefactError

REMEDY = "the files are of different runs: delete both and run snakemake again"
LEDGER_COLUMNS = ["example_id", "label", "status", "original_words", "perturbed_words", "aligned", "swaps"]


def ledger_rows(ledger, where: str) -> dict:
    """The ledger's rows (named tuples) by example id.

    Raises:
        ArtefactError: an example has two rows.
    """
    rows = {row.example_id: row for row in ledger.itertuples(index=False)}
    if len(rows) != len(ledger):
        twice = ledger["example_id"][ledger["example_id"].duplicated()].iloc[0]
        raise ArtefactError(where, f"example {twice} has two rows", "delete the ledger and run snakemake again")
    return rows


def row_of(rows: Mapping, example: str, where: str):
    """The row of an example that is explained.

    Raises:
        ArtefactError: the ledger has none.
    """
    if example not in rows:
        raise ArtefactError(where, f"example {example} is explained but was not attacked", REMEDY)
    return rows[example]


def counterparts(row, example: str = "") -> tuple[list[int], list[int]]:
    """Positions of the words that both texts of a ledger row have: word ``first[i]`` of the original stands for word
    ``second[i]`` of the perturbed text. Inserted words and words merged away have no counterpart and are in neither.

    Raises:
        ArtefactError: naming the example and the first word that is wrong: texts, ``aligned`` and ``swaps`` contradict
            one another.
    """
    original, perturbed = list(row.original_words), list(row.perturbed_words)
    aligned = [int(j) for j in row.aligned]
    kept = [i for i, j in enumerate(aligned) if j >= 0]
    others = [aligned[i] for i in kept]
    in_order = all(a < b for a, b in pairwise(others))
    if len(aligned) != len(original) or not in_order or (others and others[-1] >= len(perturbed)):
        problem = f"aligned {aligned} does not fit {len(original)} words against {len(perturbed)}"
        raise ArtefactError(f"example {example}", problem, "delete the ledger and run snakemake again")
    check_swaps(example, original, perturbed, aligned, row.swaps)
    return kept, others


def check_swaps(example: str, original: Sequence[str], perturbed: Sequence[str], aligned: Sequence[int], swaps) -> None:
    """The ledger's swaps must say exactly where aligned texts differ: replaced words, words merged away (``to`` is
    empty) by their position in the original, inserted words (``from`` is empty) whatever their position.

    Raises:
        ArtefactError: naming the example and the first word that is wrong.
    """
    shown = {i: (a, perturbed[j] if j >= 0 else "") for i, (a, j) in enumerate(zip(original, aligned, strict=True))}
    shown = {i: (a, b) for i, (a, b) in shown.items() if a != b}
    stated = {int(swap["position"]): (swap["from"], swap["to"]) for swap in swaps if swap["from"]}
    remedy = "delete the ledger and run snakemake again"
    if shown != stated:
        wrong = min(i for i in shown.keys() | stated.keys() if shown.get(i) != stated.get(i))
        problem = f"word {wrong}: the texts show {shown.get(wrong)}, the ledger's swaps say {stated.get(wrong)}"
        raise ArtefactError(f"example {example}", problem, remedy)
    with_counterpart = set(aligned)
    inserted = sorted(word for j, word in enumerate(perturbed) if j not in with_counterpart)
    named = sorted(swap["to"] for swap in swaps if not swap["from"])
    if inserted != named:
        problem = f"the texts show the insertions {inserted}, the ledger's swaps say {named}"
        raise ArtefactError(f"example {example}", problem, remedy)
