"""A study of some of its seeds and parts: of those that there are archives of."""

from collections.abc import Collection, Mapping, Sequence

from flat.errors import StudyError
from flat.published.archive import Archive
from flat.published.contents import pieces
from flat.published.parts import Part, of_cells, of_part, parts_of
from flat.study.cells import Cell
from flat.study.fields import Where
from flat.study.grid import trained_cells
from flat.study.load import parse
from flat.study.schema import Study
from flat.study.settings import all_seeds

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


def of_archives(study: Study, found: Sequence[Archive]) -> Study:
    """The study of what there are archives of: parts that have one, each with its seeds.

    Main tables have every model on every data set. So parts are left out that lack another one beside them: the fewest
    that can be. What is measured of the first seed alone is left out if that seed's is lacking.

    Raises:
        StudyError: no seed is common to all parts.
    """
    seeds = seeds_by_part(study, found)
    datasets, models = _complete(study, seeds)
    kept = {part: seeds[part] for part in parts_of(of_cells(study, datasets, models))}
    common = set.intersection(*kept.values())
    if not common:
        told = "; ".join(f"{part}: {sorted(of)}" for part, of in kept.items())
        raise StudyError(f"study {study.name}", f"no seed is common to its parts ({told})", "choose parts: --parts")
    everything = set().union(*kept.values())
    known = list(dict.fromkeys([*study.seeds, *all_seeds(study), *sorted(everything)]))
    first = min(common & {*study.seeds} or common, key=known.index)
    ordered = [first, *(seed for seed in known if seed in everything - {first})]
    drawn = of_seeds(of_cells(study, datasets, models), ordered)
    values = drawn.model_dump(mode="json")
    values["seeds"] = [seed for seed in ordered if seed in drawn.seeds]
    fewer = {part: own for part, own in kept.items() if own != everything}
    cells = trained_cells(drawn)
    values["overrides"] = [
        *_of_parts({"where": {}, "seeds": values["seeds"]}, fewer, cells),
        *(each for one in values["overrides"] for each in (one, *_of_parts(one, fewer, cells))),
    ]
    drawn = parse(values, f"the study {study.name} of its archives")
    whole = first == study.seeds[0] or all(_holds(drawn, one, first) for one in found if one.seed == first)
    return drawn if whole else of_seeds(drawn, ordered, blocks=False)


def _of_parts(override: Mapping, fewer: Mapping[Part, Collection[int]], cells: Sequence[Cell]) -> list[dict]:
    """What an override says of seeds, once more for each part that has fewer of them."""
    found = []
    for part, own in fewer.items() if override.get("seeds") else ():
        where = {**override["where"], "datasets": [part.dataset], "models": [part.model]}
        if any(Where(**where).fits(cell) and Where(**override["where"]).fits(cell) for cell in cells):
            found.append({"where": where, "seeds": [seed for seed in override["seeds"] if seed in own]})
    return found


def seeds_by_part(study: Study, found: Sequence[Archive]) -> dict[Part, set[int]]:
    """The seeds that there are archives of, by part of the study; an archive of a whole seed holds every part."""
    seeds: dict[Part, set[int]] = {part: set() for part in parts_of(study)}
    for one in found:
        for part in [one.part] if one.part else seeds:
            seeds[part].add(one.seed)
    return seeds


def _complete(study: Study, seeds: Mapping[Part, Collection[int]]) -> tuple[list[str], list[str]]:
    """Data sets and models every pair of which has a seed: the most pairs that can be, data sets before models."""
    main = study.artefacts.main
    whole = [d for d in main.datasets if all(seeds[Part(d, m)] for m in main.models)]
    some = [d for d in main.datasets if any(seeds[Part(d, m)] for m in main.models)]
    shared = [m for m in main.models if all(seeds[Part(d, m)] for d in some)]
    choices = [(whole, main.models), (some, shared)]
    choices += [([d], [m for m in main.models if seeds[Part(d, m)]]) for d in some]
    datasets, models = max(choices, key=lambda choice: len(choice[0]) * len(choice[1]))
    if set(datasets) == set(main.datasets) and set(models) == set(main.models):
        return list(study.datasets), list(study.models)  # with those that stand in other tables
    return list(datasets), list(models)


def _holds(study: Study, one: Archive, seed: int) -> bool:
    own = of_part(study, one.part) if one.part else study
    return {piece.path for piece in pieces(own, seed)} <= set(one.files)


def alone(study: Study, seed: int) -> Study | None:
    """The study as a run of one seed has it; None where there can be none."""
    try:
        return of_seeds(study, [seed])
    except StudyError:
        return None
