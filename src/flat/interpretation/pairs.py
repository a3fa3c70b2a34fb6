"""Pairs of texts as ledgers hold them: found by example, checked to be aligned word by word."""

from collections.abc import Mapping, Sequence

from flat.errors import ArtefactError

REMEDY = "the files are of different runs: delete both and run snakemake again"


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


def check_aligned(example: str, original: Sequence[str], perturbed: Sequence[str], swaps) -> None:
    """Word i of one text must stand for word i of the other, and the ledger's swaps say exactly where they differ.

    Raises:
        ArtefactError: naming the example and the first word that is wrong.
    """
    if len(original) != len(perturbed):
        raise ArtefactError(
            f"example {example}",
            f"{len(original)} words against {len(perturbed)}: the texts are not aligned word by word",
            "explain pairs of attacks that replace words, not of those that insert or merge them",
        )
    differing = {i: (a, b) for i, (a, b) in enumerate(zip(original, perturbed, strict=True)) if a != b}
    stated = {int(swap["position"]): (swap["from"], swap["to"]) for swap in swaps}
    if differing != stated:
        wrong = min(i for i in differing.keys() | stated.keys() if differing.get(i) != stated.get(i))
        problem = f"word {wrong}: the texts show {differing.get(wrong)}, the ledger's swaps say {stated.get(wrong)}"
        raise ArtefactError(f"example {example}", problem, "delete the ledger and run snakemake again")
