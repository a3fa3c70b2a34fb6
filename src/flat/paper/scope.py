"""Which studies the paper's printed numbers and claims are shown beside: those that name one of its data sets.

A study of one's own texts has nothing in common with the printed numbers but the method.
"""

from flat.study.schema import Study

DATASETS = ("sst2", "imdb", "ag", "trec")


def of_paper(study: Study) -> bool:
    """Whether the study names a data set of the paper: its claims are judged then."""
    return any(name in DATASETS for name in study.datasets)


def prints(study: Study) -> bool:
    """Whether the study's tables show the paper's printed values; the key ``printed: false`` switches them off."""
    return study.printed and of_paper(study)


def own_datasets(study: Study) -> list[str]:
    """The data sets of the main tables that the paper does not have."""
    return [name for name in study.artefacts.main.datasets if name not in DATASETS]
