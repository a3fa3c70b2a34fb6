"""A logger for Snakemake: what happens, as one line of JSON each on standard error, for ``flat run`` to show.

Snakemake finds it by its name in the folder that ``flat run`` puts on Python's path; nothing has to be installed.
A line begins with a sign that no text holds, so that what jobs print on the same stream stays apart.
"""

import json
import os

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

MARK = "\x1e"  # ASCII's record separator
# what is told of an event; other events are not told
FIELDS = {
    LogEvent.RUN_INFO: ("stats",),
    LogEvent.JOB_INFO: ("jobid", "rule_name", "wildcards", "log", "reason"),
    LogEvent.JOB_STARTED: ("jobs",),
    LogEvent.JOB_FINISHED: ("job_id",),
    LogEvent.JOB_ERROR: ("jobid", "rule_name", "log"),
    LogEvent.GROUP_ERROR: (),
    LogEvent.ERROR: ("exception",),
    None: (),
}


class LogHandler(LogHandlerBase):
    """Writes to the stream instead of Snakemake's own handler."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record) -> None:
        event = getattr(record, "event", None)
        if event not in FIELDS or record.levelno < 20:  # INFO
            return
        told = {name: _plain(getattr(record, name, None)) for name in FIELDS[event]}
        told |= {"event": str(event) if event else "", "level": record.levelname, "text": record.getMessage()}
        line = f"{MARK}{json.dumps(told)}\n".encode()
        while line:  # one write, so that no other process's line comes between, unless it is longer than a pipe takes
            line = line[os.write(2, line) :]


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    return value if isinstance(value, int | float | bool) or value is None else str(value)
