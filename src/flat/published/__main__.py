"""``python -m flat.published``: publish a seed's small files, and redraw a study from what was published."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from flat.errors import command
from flat.published import pack, redraw
from flat.published.parts import of_part, part_named
from flat.study.load import load
from flat.study.schema import Study


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Status 1 also if what is redrawn is not what the run itself had."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command == "redraw" and given.numbers and given.publish:
        parser.error("--publish copies tables and figures: leave out --numbers")
    study = load(given.study)
    if given.command == "part":
        part = part_named(study, given.part) if given.part else None
        print(_written(of_part(study, part) if part else study, f"{part or 'All'} of {given.study}"), end="")
        return 0
    if given.command == "pack":
        if given.results:
            study = study.model_copy(update={"results": given.results})
        part = part_named(study, given.part) if given.part else None
        path = pack.pack(study, given.seed, given.to, part=part)
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
        return 0
    print(f"{study.name}: checking, unpacking and redrawing (a minute or two)", file=sys.stderr)
    done = redraw.redraw(
        study,
        Path(given.source),
        Path(given.to),
        seeds=given.seeds,
        parts=[part_named(study, name) for name in given.parts] if given.parts else None,
        cores=given.cores,
        numbers=given.numbers,
    )
    print("\n".join(redraw.told(study, done)))
    if given.publish and not done.differing:
        print(f"copied to {redraw.publish(done, Path(given.source) / study.name)}")
    return 1 if done.differing else 0


def _written(study: Study, source: str) -> str:
    import yaml  # for cost

    values = study.model_dump(mode="json", exclude_defaults=True) | {"sharding": study.sharding}
    head = f"# {source}, written by python -m flat.published part: these cells have the same numbers in either.\n"
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flat.published", description=__doc__.split(": ", 1)[1])
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack", help="write the archive of a finished seed")
    packing.add_argument("study", metavar="STUDY", help="study file, for example config/demo.yaml")
    packing.add_argument("--seed", type=int, required=True, metavar="N")
    packing.add_argument("--to", default=pack.FOLDER, metavar="FOLDER", help=f"folder of archives ({pack.FOLDER})")
    packing.add_argument("--results", metavar="FOLDER", help="folder of results of that run, if not the study's")
    packing.add_argument("--part", metavar="DATASET/MODEL", help="of a run of this part alone")
    cutting = commands.add_parser("part", help="print the study file of one data set and model, to run it alone")
    cutting.add_argument("study", metavar="STUDY", help="study file")
    cutting.add_argument("part", nargs="?", metavar="DATASET/MODEL", help="for example trec/CNN; none: all of it")
    drawing = commands.add_parser("redraw", help="make every number, table, figure and verdict from the archives")
    drawing.add_argument("study", metavar="STUDY", help="study file")
    drawing.add_argument("--from", dest="source", default=pack.FOLDER, metavar="FOLDER", help="folder of archives")
    drawing.add_argument("--to", default=redraw.FOLDER, metavar="FOLDER", help=f"folder of results ({redraw.FOLDER})")
    drawing.add_argument("--seeds", type=int, nargs="+", metavar="N", help="of these alone (all that have an archive)")
    drawing.add_argument("--parts", nargs="+", metavar="DATASET/MODEL", help="of these alone")
    drawing.add_argument("--cores", default="all", metavar="N", help="processes at a time (all)")
    drawing.add_argument("--numbers", action="store_true", help="numbers and verdicts alone: no table, figure, report")
    drawing.add_argument("--publish", action="store_true", help="copy report, tables, figures, verdicts beside them")
    return parser


if __name__ == "__main__":
    sys.exit(main())
