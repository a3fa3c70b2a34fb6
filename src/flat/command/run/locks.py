"""Who holds Snakemake's lock of this folder."""

import os
from pathlib import Path

from flat.errors import StudyError


def snakemakes(folder: Path) -> list[int]:
    """Processes of this machine that run Snakemake in a folder, as far as this user may see."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            named = any(Path(os.fsdecode(word)).name == "snakemake" for word in words[:5])
            if named and Path(os.readlink(process / "cwd")) == folder.resolve():
                found.append(int(process.name))
        except OSError:  # it has ended, or is another user's
            continue
    return sorted(found)


def explained(study: Path, others: list[int]) -> StudyError:
    """The error about a locked folder.

    Args:
        others: processes that run Snakemake here.
    """
    where = f"{Path.cwd()}/.snakemake/locks"
    if others:
        said = f"another run is at work here (process {', '.join(map(str, others))})"
        return StudyError(
            where, said, f"wait for it, or stop it with kill -INT {others[0]}; flat status {study} shows it"
        )
    return StudyError(
        where,
        "an earlier run left its lock: it was killed, and no Snakemake of this machine runs here now",
        f"flat run {study} -- --unlock, and then this command again. Where other machines share the folder, see first "
        "that none of them runs it",
    )
