"""Who searches: our greedy search where it does what TextAttack's would (``flat.attacks.greedy``), else TextAttack."""

from collections.abc import Callable

from flat.attacks import ledger
from flat.attacks.greedy import Found, GreedySearch, supports
from flat.attacks.lazy import LazySearch
from flat.attacks.limits import LimitedAttack
from flat.errors import StudyError

STATUS = {"Successful": ledger.SUCCEEDED, "Failed": ledger.FAILED, "Skipped": ledger.SKIPPED}
SEARCHES = ("exact", "lazy", "textattack")


def searcher(attack, spec: dict, stochastic: bool = False) -> tuple[Callable[[str, int], Found], str]:
    """What attacks one example of a built attack, (text, label) -> Found, and how it counts queries: exact | lazy.

    Args:
        spec: ``search``: exact (None: the same) | lazy | textattack; ``time_limit``: seconds, left to TextAttack.
        stochastic: the victim draws its answers, so that what is asked decides what is answered: never lazy.

    Raises:
        StudyError: no such search.
    """
    wanted = spec.get("search") or "exact"
    if wanted not in SEARCHES:
        raise StudyError(f"attacks.*.search: {wanted}", "no such search", f"choose of {', '.join(SEARCHES)}")
    if wanted == "textattack" or spec.get("time_limit") is not None or not supports(attack):
        return _textattacks(LimitedAttack(attack, spec.get("time_limit"))), "exact"
    greedy = LazySearch(attack) if wanted == "lazy" and not stochastic else GreedySearch(attack)
    return greedy, "lazy" if greedy.lazy else "exact"


def _textattacks(limited: LimitedAttack) -> Callable[[str, int], Found]:
    def search(text: str, label: int) -> Found:
        result = limited(text, label)
        final = result.perturbed_result.attacked_text
        status = STATUS[type(result).__name__.removesuffix("AttackResult")]
        return Found(status, final.text, result.num_queries, final.attack_attrs["original_index_map"].tolist())

    return search
