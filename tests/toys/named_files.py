"""Files as Snakemake hands them to a script, and what a script does before and after it reads them."""

from flat.provenance import inputs
from flat.provenance import records as lineage


class Named(list):
    """As Snakemake hands files to a script: a list whose items may have names."""

    def __init__(self, **items):
        super().__init__(items.values())
        self._items = items

    def get(self, name, default=None):
        return self._items.get(name, default)

    def items(self):
        return self._items.items()


def noted(job) -> None:
    """Compare a job's inputs and write its record, as ``flat.jobs.script.running`` does around its script."""
    lineage.note(job, 0.0, inputs.unchanged(inputs.compared(job)))
