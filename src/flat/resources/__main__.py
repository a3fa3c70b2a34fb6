"""``python -m flat.resources list | fetch | verify | convert``: the resources from the command line."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from flat.errors import ResourceError, command, program
from flat.files.digests import sha256_of
from flat.resources.catalogue import Catalogue, Joined, Resource, Shipped, fetched, load_catalogue
from flat.resources.fetch import fetch, in_place
from flat.resources.pins import to_pin, unpinned
from flat.resources.places import differences, folder_of, is_held, remedy_for, resources_root
from flat.resources.weights import convert


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=program("flat.resources", "resources"), description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the catalogue, and what of it is in place")
    fetching = commands.add_parser("fetch", help="put resources in place (default: those of the embedded study)")
    fetching.add_argument("names", nargs="*", metavar="NAME")
    fetching.add_argument("--default", action="store_true", help="also those of the embedded study")
    fetching.add_argument("--again", action="store_true", help="fetch even what is in place")
    fetching.add_argument(
        "--mirror", default=os.environ.get("FLAT_MIRROR"), help="ask this folder or base URL first (or $FLAT_MIRROR)"
    )
    verifying = commands.add_parser("verify", help="compare the SHA-256 of every file with its record")
    verifying.add_argument("names", nargs="*", metavar="NAME")
    converting = commands.add_parser("convert", help="make safetensors of pickled weights in folders of your own")
    converting.add_argument("folders", nargs="+", metavar="FOLDER", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "convert":
        return convert_folders(options.folders)
    catalogue = load_catalogue()
    if options.command == "list":
        show(catalogue)
    elif options.command == "fetch":
        names = [*options.names, *(catalogue.defaults() if options.default or not options.names else [])]
        done = fetch(names, mirror=options.mirror, again=options.again, say=lambda line: print(line, flush=True))
        print(f"{len(done)} resources fetched" if done else "all resources are in place", f"({resources_root()})")
        tell_what_to_pin(fetched(names, catalogue))
    else:
        verify(catalogue, options.names)
    return 0


def show(catalogue: Catalogue) -> None:
    """Print the catalogue as a table."""
    from rich.console import Console  # for cost
    from rich.table import Table  # for cost

    table = Table(title="Resources", caption="* fetched by make setup", leading=1)
    table.add_column("name", no_wrap=True)
    table.add_column("here", no_wrap=True)
    table.add_column("what it holds")
    for name, entry in catalogue.items():
        here = "shipped" if isinstance(entry, Shipped) else "yes" if in_place(entry, folder_of(name).parent) else "no"
        source = f"{entry.distribution} {entry.version}" if entry.kind in ("package", "installed") else entry.upstream
        stands = f"; stands for {entry.stands_for}" if entry.stands_for else ""
        star = "*" if entry.default else ""
        pin = "\nnot pinned: bound at first use" if unpinned(entry) else ""
        about = f"{entry.holds}{stands}\n[dim]{source} · {entry.licence}[/dim]{pin}"
        table.add_row(f"{name}{star}", here, about)
    Console().print(table)
    tell_what_to_pin(catalogue.values())


def tell_what_to_pin(entries: Iterable[Resource]) -> None:
    """Print, for each unpinned resource that is here, the line that pins it in the catalogue."""
    for entry in entries:
        if line := to_pin(entry, folder_of(entry.name)):
            print(line)


def convert_folders(folders: list[Path]) -> int:
    """Write safetensors beside the pickled weights of each folder; say what in them are no weights."""
    for folder in folders:
        for name, left_out in convert(folder).items():
            also = f"; left out, since they are no tensors: {', '.join(left_out)}" if left_out else ""
            print(f"{folder / name}: converted to safetensors, which are read from now on{also}")
    return 0


def verify(catalogue: Catalogue, names: list[str]) -> None:
    """Check all contents of the named (or all fetched) resources; raise for the first that differs."""
    names = names or [name for name in catalogue if is_held(folder_of(name))]
    for name in names:
        entry = catalogue[name]
        if isinstance(entry, Shipped | Joined):
            continue
        folder = folder_of(name)
        problems = differences(folder, sha256_of)
        if not problems and not in_place(entry, folder.parent):
            problems = ["it was fetched for another version of the catalogue"]
        if problems:
            raise ResourceError(str(folder), "; ".join(problems[:3]), remedy_for(problems, folder))
        print(f"{name}: as recorded")


if __name__ == "__main__":
    sys.exit(main())
