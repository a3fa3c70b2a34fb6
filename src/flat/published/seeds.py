"""A study of some of its seeds: of those that there are archives of."""

from collections.abc import Collection, Sequence

from flat.errors import StudyError
from flat.published.contents import pieces
from flat.study.load import parse
from flat.study.schema import Study

FIRST_SEED = ("importance", "saliency")  # blocks of artefacts that are measured of the study's first seed alone


def of_seeds(study: Study, seeds: Sequence[int], blocks: bool = True) -> Study:
    """The study of these seeds alone.

    Args:
        blocks: with what is measured of the first of the study's seeds alone.

    Raises:
        StudyError: no such study can be: some cells have none of these seeds.
    """
    values = study.model_dump(mode="json")
    for where, part in [("seeds", values), *((f"overrides.{n}", o) for n, o in enumerate(values["overrides"]))]:
        if part.get("seeds"):
            kept = [seed for seed in part["seeds"] if seed in seeds]
            if not kept:
                problem = (
                    f"its cells have the seeds {part['seeds']} alone, of which none is at hand (there are {seeds})"
                )
                raise StudyError(f"study {study.name}, {where}", problem, "add the archive of one of these seeds")
            part["seeds"] = kept
    if not blocks:
        values["artefacts"] = {name: block for name, block in values["artefacts"].items() if name not in FIRST_SEED}
    return parse(values, f"the study {study.name} of the seeds {seeds}")


def of_archives(study: Study, files: dict[int, Collection[str]]) -> Study:
    """The study of the seeds that there are files of: without what is measured of the first seed, if that is lacking.

    Args:
        files: by seed, the paths in its archive.
    """
    found = of_seeds(study, sorted(files))
    first = found.seeds[0]
    whole = first == study.seeds[0] or {piece.path for piece in pieces(found, first)} <= set(files[first])
    return found if whole else of_seeds(study, sorted(files), blocks=False)


def alone(study: Study, seed: int) -> Study | None:
    """The study as a run of one seed has it; None where there can be none."""
    try:
        return of_seeds(study, [seed])
    except StudyError:
        return None
