"""Try plugins: ``python -m flat.conformance mine.py``; or a module, an installed package, ``flat`` for FLAT's own."""

import argparse
import sys

from flat.conformance.promises import Verdict
from flat.errors import command, visible


@command
def main(arguments: list[str]) -> int:
    """Print a line per promise; the exit status is 1 if one is broken."""
    parser = argparse.ArgumentParser(prog="python -m flat.conformance", description=__doc__)
    parser.add_argument("plugins", nargs="+", help="a Python file, a module, a package, or flat for FLAT's own")
    parser.add_argument("--only", metavar="NAME", help="try the plugin of this name alone")
    parser.add_argument("--broken", action="store_true", help="print broken promises alone")
    given = parser.parse_args(arguments)
    from flat.conformance.run import verdicts  # for cost: torch, not for --help

    found: list[Verdict] = []
    for verdict in verdicts(given.plugins, given.only):
        if not found or found[-1].plugin != verdict.plugin:
            print(f"{verdict.plugin}")
        found.append(verdict)
        if not verdict.kept:
            print(visible(f"  BROKEN  {verdict.promise}: {verdict.says}\n          {verdict.problem}"))
            if verdict.given not in ("", "()"):
                print(visible(f"          smallest input: {verdict.given}"))
        elif not given.broken:
            print(f"  kept    {verdict.promise}: {verdict.says}")
        sys.stdout.flush()
    broken = [verdict for verdict in found if not verdict.kept]
    plugins = len({verdict.plugin for verdict in found})
    print(f"{plugins} plugins, {len(found)} promises tried, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
