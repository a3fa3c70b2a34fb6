"""What screening did (``flat.models.edits.screening``): counted for each example, summed for a job and its shards."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace


@dataclass
class Counts:
    """What a screen has done.

    Attributes:
        screened: answers in low precision.
        confirmed: those of them that were asked again in fp32, because a decision hung on them or as a sample.
        beyond: those of the confirmed that lay beyond the bound.
        worst: the largest error of a difference of logits among the confirmed.
    """

    screened: int = 0
    confirmed: int = 0
    beyond: int = 0
    worst: float = 0.0


def summary(decided: dict, counts: Iterable[dict]) -> dict:
    """What a job's screen did, for the lock: precision, bound, answers screened, confirmed, beyond, and the worst.

    Args:
        decided: precision and bound.
        counts: of each example.
    """
    total = Counts()
    for own in counts:
        total = add(total, own)
    return dict(decided) | asdict(total)


def add(total: Counts, own: dict) -> Counts:
    return replace(
        total,
        screened=total.screened + own["screened"],
        confirmed=total.confirmed + own["confirmed"],
        beyond=total.beyond + own["beyond"],
        worst=max(total.worst, own["worst"]),
    )


def merged(parts: Iterable[dict]) -> dict | None:
    """``summary`` of all shards of an attack from theirs; None where none screened."""
    parts = [part for part in parts if part is not None]
    if not parts:
        return None
    bound = max(part["bound"] for part in parts)
    names = sorted({part["precision"] for part in parts})
    return summary({"precision": "+".join(names), "bound": bound}, parts)


def said(total: dict) -> str:
    """A line for the log."""
    share = total["confirmed"] / max(total["screened"], 1)
    return (
        f"screening: {total['screened']} answers in {total['precision']}, {share:.1%} of them confirmed in fp32; "
        f"of these the largest error of a difference of logits was {total['worst']:.2g} (bound {total['bound']:.2g}), "
        f"{total['beyond']} beyond it"
    )
