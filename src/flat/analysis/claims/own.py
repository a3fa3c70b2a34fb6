"""What a study claims of its own cells, as claims that are judged like the paper's (docs/statistics.md)."""

from collections.abc import Iterator
from pathlib import Path

from flat.analysis.claims.claim import Claim, load
from flat.errors import StudyError
from flat.paper.scope import of_paper, own_datasets
from flat.study.artefacts import EXPLAINED, OwnClaim

COMPARED = (("FLAT", "adv"), ("adv", "base"))  # strategies of the claims that a study has by default
BY_DEFAULT = ("after_attack_accuracy_percent", "kendall_tau", "topk_intersection")
SAYS = {
    "after_attack_accuracy_percent": ("AA", "after-attack accuracy"),
    "test_accuracy_percent": ("SA", "accuracy on the test split"),
    "dev_accuracy_percent": ("dev", "accuracy on the dev split"),
    "kendall_tau": ("KT", "Kendall's tau"),
    "topk_intersection": ("TI", "top-k intersection"),
}
TABLES = {"test_accuracy_percent": "2", "dev_accuracy_percent": "7"}
LONGEST_NAME = 40


def claims_of(study, path: str | Path) -> list[Claim]:
    """The paper's claims where the study names a data set of the paper, then the study's own.

    Args:
        path: config/claims.yaml.

    Raises:
        ArtefactError: the file cannot be read. StudyError: two claims have one name.
    """
    found = load(path) if of_paper(study) else []
    taken = {claim.name for claim in found}
    for number, own in enumerate(_own(study), start=1):
        claim = _claim(study, own, number)
        if claim.name in taken:
            raise StudyError("claims", f"{claim.name} stands twice", "give each claim a name of its own")
        taken.add(claim.name)
        found.append(claim)
    return found


def _own(study) -> list[OwnClaim]:
    """Those that the study file lists; else the default ones, of data sets that are none of the paper's."""
    return list(_by_default(study)) if study.claims is None else list(study.claims)


def _by_default(study) -> Iterator[OwnClaim]:
    datasets = own_datasets(study)
    for of, minus in COMPARED if datasets else ():
        if {of, minus} <= set(study.artefacts.main.strategies):
            for metric in BY_DEFAULT:
                yield OwnClaim(metric=metric, of=of, minus=[minus], datasets=datasets)


def _claim(study, own: OwnClaim, number: int) -> Claim:
    main, explained = study.artefacts.main, own.metric in EXPLAINED
    short, _ = SAYS[own.metric]
    name = own.name or f"own-{short}-{own.of}-{'-'.join(own.minus)}"
    table = TABLES.get(own.metric, "8" if explained and own.method == "lime" else "4" if own.train_attack else "3")
    estimand = {"kind": "contrast", "metric": own.metric, "of": own.of, "minus": own.minus}
    estimand |= {"method": own.method, "pair_set": own.pair_set} if explained else {}
    estimand |= {"k": (own.k,)} if own.metric == "topk_intersection" else {}
    cells = {
        "datasets": own.datasets or main.datasets,
        "models": own.models or main.models,
        "attacks": own.attacks or main.train_attacks,
        "train_attack": own.train_attack,
    }
    return Claim(
        name=name if len(name) <= LONGEST_NAME else f"own-{number}",
        statement=own.statement or _statement(study, own),
        where=f"Table {table}",
        tables=(table,),
        family=f"own {short}",
        estimand=estimand,
        direction=own.direction,
        margin=own.margin,
        cells=cells,
        own=True,
    )


def _statement(study, own: OwnClaim) -> str:
    """AA of FLAT lies above that of adv in every cell."""
    what = SAYS[own.metric][1]
    if own.metric == "topk_intersection":
        what = f"top-{own.k} intersection"
    about = f" ({own.method}, pairs “{own.pair_set}”)" if own.metric in EXPLAINED else ""
    others = " and ".join(study.strategies[name].title for name in own.minus)
    margin = f" (margin {own.margin:g})" if own.margin else ""
    return (
        f"{study.strategies[own.of].title}: {what}{about} lies {own.direction} that of {others}{margin}, in every cell."
    )
