"""A study's numbers, verdicts, tables, figures and report made again from the archives of its seeds.

Snakemake runs the rules of the study itself, and is given these rules alone (RULES): it knows no rule that trains,
attacks or explains, so that a file that is lacking ends the run and is never computed.
"""

import csv
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.artefacts import read_table, records, write_text
from flat.files.installed import ROOT
from flat.jobs import lifeline
from flat.published import archive
from flat.published.contents import LEFT_OUT
from flat.published.pack import TABLES, TEXTS
from flat.published.parts import Part, parts_of
from flat.published.seeds import FIRST_SEED, of_archives, seeds_by_part
from flat.published.unpack import BESIDE, STUDY, beside, refuse_other_study, unpack
from flat.study.schema import Study
from flat.study.settings import all_seeds

FOLDER = "results/redrawn"
# all but the explorer, whose texts are not published
TARGETS = ("tables", "figures", "claims", "report")
RULES = (
    *TARGETS,
    "collect_measurements",
    "check_guards",
    "estimate_intervals",
    "judge_claims",
    "make_table",
    "draw_figure",
    "write_report",
)
SHOWN = "shown"  # folder beside the archives
CLOSE = 1e-6  # between a number and the same computed on another machine, of the larger


@dataclass(frozen=True)
class Redrawn:
    """A redrawn study.

    Attributes:
        folder: its results.
        seeds: those that each part is of.
        missing: by part, the seeds of the study that there is no archive of.
        left_out: parts that have archives and are not redrawn.
        whole: whether what is measured of the study's first seed alone is in it.
        compared: the files that were compared with what a run of the same seeds had. differing: those that differ.
    """

    folder: Path
    seeds: Mapping[Part, tuple[int, ...]]
    missing: Mapping[Part, tuple[int, ...]]
    left_out: tuple[Part, ...]
    whole: bool
    compared: tuple[str, ...]
    differing: tuple[str, ...]
    seconds: float


def redraw(
    study: Study,
    source: Path = Path("results/published"),
    to: Path = Path(FOLDER),
    *,
    seeds: Sequence[int] | None = None,
    parts: Sequence[Part] | None = None,
    cores: str = "all",
    numbers: bool = False,
) -> Redrawn:
    """Check and unpack the archives of a study's seeds, then make everything that is made of them.

    Args:
        source: folder of archives, that of the study's in it.
        to: folder of results; the study gets a folder of its own in it.
        seeds, parts: of which archives; None: of all that are there. An archive of a whole seed holds every part.
        numbers: make numbers, flags and verdicts alone.

    Raises:
        ArtefactError: an archive is damaged, or of another study; the folder of results holds other files.
        StudyError: cells of the study have none of the seeds.
    """
    started = time.monotonic()
    there = [archive.read(path) for path in archive.there(source / study.name)]
    refuse_other_name(there)
    found = [one for one in there if _is_wanted(one, seeds, parts)]
    for seed in sorted(set(seeds or ()) - {one.seed for one in found}):
        missing = archive.archive_of(source / study.name, seed)
        held = sorted({one.seed for one in there})
        raise ArtefactError(str(missing), "no such archive", f"give --seeds of {held}, or pack that seed")
    if not found:
        named = ", ".join(str(one.part) for one in there)
        raise ArtefactError(str(source / study.name), "no archive of these parts", f"give --parts of {named}")
    refuse_other_study(study, found)
    by_part = seeds_by_part(study, found)
    drawn = of_archives(study, found).model_copy(update={"results": str(to)})
    drawn_parts = parts_of(drawn)
    used = [one for one in found if one.part is None or one.part in drawn_parts]
    folder = unpack(drawn, used)
    _snakemake(folder, cores, [str(folder / name) for name in (*TABLES, *TEXTS)] if numbers else TARGETS)
    held = [beside(one) for one in used if _concluded(one, used)]
    return Redrawn(
        folder,
        {part: tuple(sorted(own)) for part, own in by_part.items() if part in drawn_parts},
        {part: tuple(seed for seed in all_seeds(study) if seed not in own) for part, own in by_part.items()},
        tuple(part for part, own in by_part.items() if own and part not in drawn_parts),
        all(
            name in drawn.artefacts.present() or Part(block.dataset, block.model) not in drawn_parts
            for name, block in study.artefacts.present(*FIRST_SEED).items()
        ),
        (*TABLES, *TEXTS) if held else (),
        tuple(_differing(folder, held[-1])) if held else (),
        time.monotonic() - started,
    )


def _is_wanted(one: archive.Archive, seeds: Sequence[int] | None, parts: Sequence[Part] | None) -> bool:
    return (seeds is None or one.seed in seeds) and (parts is None or one.part is None or one.part in parts)


def _concluded(one: archive.Archive, used: Sequence[archive.Archive]) -> bool:
    """Whether the run of an archive was of what these archives are of, and of nothing else."""
    ran = one.manifest["seeds_as_measured"]
    return {(other.part, other.seed) for other in used} == {(one.part, seed) for seed in ran}


def told(study: Study, done: Redrawn) -> list[str]:
    """What to tell of a redrawn study, in lines."""
    lines = [f"{study.title} ({study.name}): {done.folder}, in {done.seconds:.0f} s"]
    lines += _told_seeds(done)
    if not done.whole:
        lines.append(
            f"left out: {' and '.join(FIRST_SEED)}: measured of the study's first seed, {study.seeds[0]}, alone"
        )
    lines += [f"left out: {what}: {why}" for what, why in LEFT_OUT.items()]
    if not done.compared:
        return [*lines, "not compared: no archive has what a run of exactly these seeds concluded"]
    same = [name for name in done.compared if name not in done.differing]
    lines.append(f"as the run had them: {', '.join(same) or 'none'}")
    return lines + ([f"NOT as the run had them: {', '.join(done.differing)}"] if done.differing else [])


def _told_seeds(done: Redrawn) -> list[str]:
    """Which seeds each part has and lacks; in one line where all have the same."""
    lines = []
    if len(set(done.seeds.values())) == 1:
        lines.append(f"seeds: {_listed(next(iter(done.seeds.values())))}")
    else:
        lines += [f"seeds of {part}: {_listed(seeds)}" for part, seeds in done.seeds.items()]
    lines += [f"left out: {part}: a part that the tables show beside it has no archive" for part in done.left_out]
    missing = {part: seeds for part, seeds in done.missing.items() if seeds}
    if missing and len(set(done.missing.values())) == 1:
        return [*lines, f"seeds without an archive: {_listed(next(iter(missing.values())))}"]
    return lines + [f"seeds of {part} without an archive: {_listed(seeds)}" for part, seeds in missing.items()]


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def publish(done: Redrawn, folder: Path) -> Path:
    """Copy what may be shown of a redrawn study beside its archives: report, verdicts, tables, figures."""
    shown = folder / SHOWN
    shutil.rmtree(shown, ignore_errors=True)
    for part in ("tables", "figures"):
        shutil.copytree(done.folder / part, shown / part)
    shutil.copyfile(done.folder / "report.html", shown / "report.html")
    for name in TEXTS:
        text = (done.folder / name).read_text(encoding="utf-8")
        write_text(shown / name, text.replace(f"{done.folder}/", ""))
    return shown


def refuse_other_name(found: Sequence[archive.Archive]) -> None:
    """An archive is named by the seed and part that its manifest says."""
    for one in found:
        if archive.archive_of(one.path.parent, one.seed, one.part) != one.path:
            remedy = f"rename it to {archive.archive_of('', one.seed, one.part)}, and its line of {archive.SUMS}"
            of = f" of {one.part}" if one.part else ""
            raise ArtefactError(str(one.path), f"its manifest says seed {one.seed}{of}", remedy)


def _snakemake(folder: Path, cores: str, targets: Sequence[str]) -> None:
    command = [sys.executable, "-m", "flat.jobs.warm", "--light", "--", sys.executable, "-m", "snakemake"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--cores", cores]
    command += ["--configfile", str(folder / BESIDE / STUDY), "--allowed-rules", *RULES, "--", *targets]
    lifeline.offer()
    with tempfile.TemporaryFile() as out:  # a pipe would be waited for until the last of its jobs has closed it
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=os.environ | {"OMP_NUM_THREADS": "1"})
        out.seek(0)
        said = out.read().decode(errors="replace")
    log = folder / BESIDE / "snakemake.log"
    write_text(log, said)
    if done.returncode:
        last = "\n    ".join(said.strip().splitlines()[-25:])
        remedy = f"read {log}; a file that is missing there was in no archive: pack the seed again"
        raise ArtefactError(str(folder), f"Snakemake ended with status {done.returncode}:\n    {last}", remedy)


def _differing(folder: Path, beside: str) -> list[str]:
    """The redrawn files that are not what the run itself had, but for the last digits of numbers.

    An archive may be of a release that said less. What it holds has to be there: its rows, its columns.
    """
    found = []
    for name in TABLES:
        mine, theirs = (records(read_table(folder / part / name)) for part in ("", beside))
        found += [] if _alike(mine, theirs) else [name]
    for name in TEXTS:
        mine, theirs = ((folder / part / name).read_text(encoding="utf-8") for part in ("", beside))
        rows = [list(csv.DictReader(text.replace(f"{folder}/", "").splitlines())) for text in (mine, theirs)]
        found += [] if _alike(*rows) else [name]
    return found


def _alike(mine: list[dict], theirs: list[dict]) -> bool:
    """Whether each row of theirs is among mine, in the same order."""
    left = iter(mine)
    return all(
        any(row.keys() <= one.keys() and all(_same(one[key], row[key]) for key in row) for one in left)
        for row in theirs
    )


def _same(a: object, b: object) -> bool:
    if a == b:
        return True
    try:
        a, b = float(a), float(b)
    except (TypeError, ValueError):
        return False
    return math.isclose(a, b, rel_tol=CLOSE, abs_tol=1e-9) or (math.isnan(a) and math.isnan(b))
