"""What may go wrong in the benchmark; apart from the harness, so that a change there trains no victim anew."""

from flat.errors import FlatError


class BenchError(FlatError):
    """A comparison that could not be measured, or material that there is not."""
