"""What a column of a table compares: models under one attack on one sample."""

from collections.abc import Iterable

from flat.errors import ArtefactError
from flat.study.cells import AttackedCell


def check_columns(found: Iterable[tuple[AttackedCell, object, str]]) -> None:
    """All ledgers of a (data set, attack) column were made by one attack, and those of one model hold the same ids.

    Two models may be attacked on draws of different sizes, if the study says so; on equal sizes they hold the same ids.

    Args:
        found: cell, ledger (columns example_id and attack_hash) and its path.

    Raises:
        ArtefactError: names both files.
    """
    first: dict[tuple, tuple] = {}
    remedy = "delete both and run snakemake again: a column compares models under one attack on one sample"
    for attacked, ledger, path in found:
        ids, attack_hash = frozenset(ledger["example_id"]), _attack_hash(ledger, path)
        column = (attacked.cell.dataset, attacked.attack)
        for key in ((*column, attacked.cell.model), (*column, len(ids))):
            known_ids, other = first.setdefault(key, (ids, path))
            if ids != known_ids:
                differing = sorted(ids ^ known_ids)
                problem = f"it holds other examples than {other}, for example {differing[0]}"
                raise ArtefactError(str(path), problem, remedy)
        known_hash, other = first.setdefault(column, (attack_hash, path))
        if attack_hash != known_hash:
            problem = f"mixed locks: it was made by {attack_hash[:8]}, {other} by {known_hash[:8]}"
            raise ArtefactError(str(path), problem, remedy)


def _attack_hash(ledger, path: str) -> str:
    """The hash of the one attack that made a ledger; "" of an empty one."""
    hashes = sorted(set(ledger["attack_hash"]))
    if len(hashes) > 1:
        problem = f"it mixes the attacks {', '.join(name[:8] for name in hashes)}"
        raise ArtefactError(str(path), problem, "delete it and run snakemake again")
    return "".join(hashes)
