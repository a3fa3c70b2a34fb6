"""What commands print: on a terminal with colours and wrapped there, elsewhere plain lines of any length."""

import sys

from flat.errors import visible

PLAIN_WIDTH = 10_000  # columns where no terminal says how many it has


def console(stream=None):
    """A rich console on standard output, or on ``stream``."""
    from rich.console import Console  # for cost

    stream = stream or sys.stdout
    wide = {} if stream.isatty() else {"width": PLAIN_WIDTH}
    return Console(file=stream, highlight=False, **wide)


def literal(text: str) -> str:
    """A text of a file or name, as itself: no markup in it, and no sign that a terminal obeys."""
    from rich.markup import escape  # for cost

    return escape(visible(text))


def duration(seconds: float) -> str:
    """4 s, 2 min 5 s, 3 h 20 min, 2 min."""
    whole = round(seconds)
    for large, name, small, other in ((3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= large:
            rest = whole % large // small
            return f"{whole // large} {name}" + (f" {rest} {other}" if rest else "")
    return f"{whole} s"
