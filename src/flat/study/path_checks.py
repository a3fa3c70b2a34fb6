"""Paths that a study names: refused before any job where they would not mean what they seem to.

Nothing expands a path of a study: ``~`` and ``$HOME`` would be folders of these names, and braces are Snakemake's
wildcards. An absolute path, one that begins with ``..`` and one with spaces inside are taken as they are.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from flat.errors import StudyError
from flat.files.installed import IN_CHECKOUT, ROOT
from flat.study.known.recipes import made_from
from flat.study.known.resources import is_own
from flat.study.schema import Study

# what is no place for results, beside the Snakefile and in the folder that Snakemake runs in
OF_REPOSITORY = ("config", "docs", "envs", "profiles", "resources", "rules", "src", "tests", "workflow", ".venv")
OF_TOOLS = (".git", ".github", ".snakemake")
LONGEST_NAME = 255  # bytes
WEB = ("http://", "https://")


def misfits(study: Study, where: str) -> Iterator[StudyError]:
    """Every path that cannot be used as it is written."""
    for key, path in paths_of(study):
        address = key == "mirror" and path.startswith(WEB)
        if found := problem_of(path, address):
            yield StudyError(f"{where}: {key}", *found)
    if found := problem_of_results(study.results, study.name):
        yield StudyError(f"{where}: results", *found)


def paths_of(study: Study) -> Iterator[tuple[str, str]]:
    """Key and value of everything in a study that is a path."""
    yield "results", study.results
    if study.mirror is not None:
        yield "mirror", study.mirror
    for name, dataset in study.datasets.items():
        if dataset.source.own:
            yield from ((f"datasets.{name}.source.{key}", path) for key, path in dataset.source.named.items())
    for name, model in study.models.items():
        for field in ("vectors", "checkpoint"):
            if (path := getattr(model, field)) and is_own(path):
                yield f"models.{name}.{field}", path
    for key, role, resource in _named(study):
        if (path := made_from(role, resource)) and is_own(path):
            yield key, path


def _named(study: Study) -> Iterator[tuple[str, str, str]]:
    """Key, role and name of every resource that an attack or an objective names."""
    for part in ("attacks", "strategies"):
        for name, block in getattr(study, part).items():
            yield from ((f"{part}.{name}.resources.{role}", role, named) for role, named in block.resources.items())


def problem_of(path: str, address: bool = False) -> tuple[str, str] | None:
    """What is wrong with a path, and what to do; None: nothing.

    Args:
        address: it is one of the web, so that ~ and $ have no meaning.
    """
    shown = repr(path)
    if not path.strip():
        return f"{shown} is no path", "name a folder or file"
    if path != path.strip():
        return f"{shown} begins or ends with white space", f"write {path.strip()!r}"
    if any(not sign.isprintable() for sign in path):
        return f"{shown} holds a line break or another sign that cannot be printed", "rename it"
    if braces := sorted({"{", "}"} & set(path)):
        return f"{shown} holds {' and '.join(braces)}, which Snakemake takes for wildcards", "rename it without braces"
    if address:
        return None
    if path.startswith("~"):
        return f"{shown}: ~ is not expanded", f"write it in full: {os.path.expanduser(path)!r}"
    if re.search(r"\$(\w|\()", path):
        return f"{shown}: variables are not expanded", f"write it in full: {os.path.expandvars(path)!r}"
    if max(len(os.fsencode(part)) for part in path.split("/")) > LONGEST_NAME:
        return f"{shown[:40]}... holds a name of more than {LONGEST_NAME} bytes, which disks do not take", "shorten it"
    if "://" in path:
        return f"{shown} is an address, not a path", "download it and name the file or folder"
    return None


def problem_of_results(results: str, name: str) -> tuple[str, str] | None:
    """What is wrong with where a study's files would lie, and what to do; None: nothing.

    A run writes and deletes there. So it is neither the working folder or the repository as they are, nor a folder of
    theirs that holds something else, nor above one.
    """
    remedy = "name a folder of its own, for example results"
    here = Path.cwd().resolve()
    as_written, real = Path(os.path.abspath(results)), Path(os.path.realpath(results))  # links may lead anywhere
    tops = [here, *([ROOT] if IN_CHECKOUT else [])]  # an installed copy has none
    if real in tops:
        return f"{results!r} is the working folder or the repository itself", remedy
    kept = [top / part for top in tops for part in OF_TOOLS + OF_REPOSITORY * (top == ROOT)]
    for folder in (as_written, real):
        written = folder / name
        for other in kept:
            if folder.is_relative_to(other) or written.is_relative_to(other) or other.is_relative_to(written):
                return f"{results!r} would put the study's files into {other}, which holds something else", remedy
    return None
