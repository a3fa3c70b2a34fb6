"""What no table may rest on: such a ledger or training ends the job with an error that names it."""

from collections.abc import Mapping, Sequence

from flat.data.overlap import overlapping, share_of
from flat.errors import ArtefactError
from flat.files.digests import attack_hash

MOST_SHARED = 0.5  # of test's texts may stand in dev: beyond that dev is test under another name
AGAIN = "delete it and run snakemake again"


def check_ledger(ledger, lock: Mapping, drawn: Sequence[str], examples: int | None, where: str) -> None:
    """A test ledger holds the data set's drawn examples, each once, attacked as its lock says.

    Args:
        drawn: the ids of examples.json; the attack may take a sub-draw of ``examples`` of them.

    Raises:
        ArtefactError: names what is missing, unexpected or mixed.
    """
    ids = ledger["example_id"].tolist()
    twice = sorted({name for name in ids if ids.count(name) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise ArtefactError(where, f"example {twice[0]} stands in it more than once", AGAIN)
    expected = len(drawn) if examples is None else min(examples, len(drawn))
    extra, absent = sorted(set(ids) - set(drawn)), sorted(set(drawn) - set(ids))
    if extra or len(ids) != expected:
        named = f"unexpected: {', '.join(extra[:3])}" if extra else f"missing, for example: {', '.join(absent[:3])}"
        raise ArtefactError(where, f"{len(ids)} of the {expected} drawn examples ({named})", AGAIN)
    check_hash(ledger, lock, where)


def check_hash(ledger, lock: Mapping, where: str) -> None:
    """Every row of a ledger was made by the attack of the lock beside it.

    Raises:
        ArtefactError: names the hashes.
    """
    hashes = sorted(set(ledger["attack_hash"]))
    if hashes != [attack_hash(lock)]:
        raise ArtefactError(
            where,
            f"its rows were made by the attack {', '.join(name[:8] for name in hashes)}, "
            f"the lock beside it says {attack_hash(lock)[:8]}",
            AGAIN,
        )


def check_dev(dev, test, where: str) -> None:
    """Dev is not test under another name: what is selected on dev would be selected on test.

    Args:
        dev, test: frames with a column text.

    Raises:
        ArtefactError: more than MOST_SHARED of test's texts stand in dev.
    """
    share = share_of(overlapping(dev, test), test)
    if share > MOST_SHARED:
        raise ArtefactError(
            where,
            f"{share:.0%} of the {len(test)} texts of test stand in dev: models are selected on test",
            "give the data set a dev split of its own, or let it be carved from train (splits.dev)",
        )
