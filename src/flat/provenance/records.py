"""What each file was made from: a record a job, with the checksums of what went in and came out.

Records lie under ``provenance/``, at the path of the job's first output. ``python -m flat.provenance.verify``
compares them with the files and with one another; the study's passport sums them up. They hold times, so they are no
artefacts themselves. A record names the user's folders among the inputs too (``folders``): every file of such a
folder is an input. So it does with folders that are outputs (``within``).
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from flat.files.artefacts import write_json
from flat.files.digests import state_of
from flat.files.failures import of_reading
from flat.provenance.passport import now

FORMAT = 1
FOLDER = "provenance"


def root_of(log: str, outputs: list[str]) -> Path | None:
    """The folder of a study's results, from a job's log file; None if an output lies elsewhere (a resource)."""
    parts = Path(log).parts
    for place in (number for number in reversed(range(len(parts))) if parts[number] == "logs"):
        root = Path(*parts[:place])
        if outputs and all(Path(path).is_relative_to(root) for path in outputs):
            return root
    return None


def record_of(path: str | Path, root: Path) -> Path:
    """Where the record of the job whose first output is ``path`` lies."""
    return root / FOLDER / f"{Path(path).relative_to(root)}.json"


def note(snakemake, started: float, inputs: Mapping[str, dict]) -> None:
    """Write the record of a job whose outputs stand. Some milliseconds.

    Args:
        snakemake: what Snakemake hands to a script.
        started: the job's start, seconds since the epoch.
        inputs: each file that the job read, by path, as ``flat.provenance.inputs`` found it before.
    """
    outputs = list(map(str, snakemake.output))
    root = root_of(str(snakemake.log[0]), outputs)
    if root is None:
        return
    weights = snakemake.output.get("weights")
    beside = Path(weights).parent.iterdir() if weights else ()  # a tokenizer's files are of the checkpoint too
    within = [path for path in outputs if os.path.isdir(path)]
    files = [each for path in outputs for each in (files_in(path) if path in within else [path])]
    made = {*files, *(str(path) for path in beside if path.is_file() and not path.name.startswith("."))}
    whole = sorted(path for path in snakemake.params.get("own") or () if os.path.isdir(path))
    write(
        record_of(outputs[0], root),
        snakemake.rule,
        inputs={path: inputs[path] for path in sorted(set(map(str, snakemake.input)))},
        outputs=made,
        started=started,
        wildcards=dict(snakemake.wildcards.items()),
        code=snakemake.params.get("code"),
        seed=snakemake.params.get("seed"),
        **({"folders": whole} if whole else {}),
        **({"within": within} if within else {}),
        **({"plugins": dict(brought)} if (brought := snakemake.params.get("plugins")) else {}),
    )


def files_in(folder: str) -> list[str]:
    """A folder's files, sorted; hidden ones, by which Snakemake and unfinished jobs mark it, are none of its own."""
    below = sorted(Path(folder).rglob("*"))
    return [str(p) for p in below if p.is_file() and not any(n.startswith(".") for n in p.relative_to(folder).parts)]


def write(
    record: Path, rule: str, inputs: Mapping[str, dict], outputs: Iterable[str], started: float, **facts: object
) -> None:
    """Write the record of a job, whose ``inputs`` and outputs are told by path and state, with more ``facts``."""
    about = {"wildcards": {}, "code": None, "seed": None} | facts
    about |= {"inputs": dict(inputs), "outputs": {path: state_of(path) for path in sorted(outputs)}}
    about |= {"format": FORMAT, "rule": rule, "written": now(), "machine": os.uname().nodename}
    write_json(record, about | {"seconds": round(time.time() - started, 3)})


def records(root: str | Path) -> dict[str, dict]:
    """Every readable record of a study by its own path, sorted; an unreadable one is {}."""
    return {str(path): read(path) for path in sorted((Path(root) / FOLDER).rglob("*.json"))}


def read(path: Path) -> dict:
    """A job's record; {} if it is none that can be read.

    Raises:
        ArtefactError: the system does not let it be read.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise of_reading(error, path) or error from None
    except ValueError:
        value = {}
    return value if isinstance(value, dict) and value.get("format") == FORMAT else {}


def summary(root: str | Path) -> dict:
    """For the study's passport: jobs and wall time in seconds by rule, checksums of every file that jobs made."""
    jobs, files = {}, {}
    for record in filter(None, records(root).values()):
        entry = jobs.setdefault(record["rule"], {"jobs": 0, "seconds": 0.0})
        entry["jobs"] += 1
        entry["seconds"] = round(entry["seconds"] + record["seconds"], 3)
        files |= {path: state["sha256"] for path, state in record["outputs"].items()}
    return {"jobs": dict(sorted(jobs.items())), "files": dict(sorted(files.items())), "resources": _resources(root)}


def _resources(root: str | Path) -> dict[str, dict]:
    """Licence, version and checksum of every resource that a job read, by name."""
    from flat.resources.catalogue import load_catalogue, marker  # for cost: pydantic

    read = {}
    for record in filter(None, records(root).values()):
        read |= {path: state["sha256"] for path, state in record["inputs"].items()}
    found = {}
    for name, entry in load_catalogue().items():
        if marker(name) in read:
            found[name] = entry.model_dump(mode="json", include={"version", "licence", "upstream", "stands_for"})
            found[name] |= {"content_sha256": entry.content_sha256, "record_sha256": read[marker(name)]}
    return found
