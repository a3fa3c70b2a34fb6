"""What the logger of ``flat run`` tells, line by line, and what jobs print between."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MARK = "\x1e"  # as the logger has it (hook/snakemake_logger_plugin_flat), which is no module of this process


@dataclass(frozen=True)
class Event:
    """``kind``: Snakemake's name of an event; empty for a message; ``printed`` for a line that a job printed."""

    kind: str
    text: str
    level: str = "INFO"
    facts: dict = field(default_factory=dict)


def read(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream. A line that is none, or is broken, was printed by something else."""
    for raw in lines:
        line = raw.decode(errors="replace").rstrip("\r\n")
        before, mark, told = line.partition(MARK)
        if before.strip() or not mark:
            yield Event("printed", before)
        if mark:
            yield _event(told)


def _event(told: str) -> Event:
    try:
        facts = json.loads(told)
        return Event(facts.pop("event"), facts.pop("text"), facts.pop("level"), facts)
    except (ValueError, KeyError, AttributeError, TypeError):
        return Event("printed", told)
