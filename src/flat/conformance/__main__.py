"""Try plugins: ``python -m flat.conformance mine.py``; or a module, an installed package, ``flat`` for FLAT's own."""

import argparse
import json
import sys

from flat.conformance.promises import Verdict
from flat.errors import command, program, visible


@command
def main(arguments: list[str]) -> int:
    """Print a line per promise; the exit status is 1 if one is broken or nothing was tried."""
    parser = argparse.ArgumentParser(prog=program("flat.conformance", "conformance"), description=__doc__)
    parser.add_argument("plugins", nargs="+", help="a Python file, a module, a package, or flat for FLAT's own")
    parser.add_argument("--only", metavar="NAME", help="try the plugin of this name alone")
    parser.add_argument("--broken", action="store_true", help="print broken promises alone")
    parser.add_argument("--options", metavar="JSON", type=json.loads, help="options of the plugin that --only names")
    given = parser.parse_args(arguments)
    if given.options is not None and not given.only:
        parser.error("--options: name the plugin that they are of with --only")
    from flat.conformance.run import verdicts  # for cost: torch, not for --help

    found: list[Verdict] = []
    for verdict in verdicts(given.plugins, given.only, given.options):
        if not found or found[-1].plugin != verdict.plugin:
            print(f"{verdict.plugin}")
        found.append(verdict)
        if verdict.untried:
            print(visible(f"  not tried: {verdict.untried}"))
        elif not verdict.kept:
            print(visible(f"  BROKEN  {verdict.promise}: {verdict.says}\n          {verdict.problem}"))
            if verdict.given not in ("", "()"):
                print(visible(f"          smallest input: {verdict.given}"))
        elif not given.broken:
            print(f"  kept    {verdict.promise}: {verdict.says}")
        sys.stdout.flush()
    broken = [verdict for verdict in found if not verdict.kept]
    plugins, untried = len({verdict.plugin for verdict in found}), sum(bool(verdict.untried) for verdict in found)
    told = [_counted(plugins, "plugin"), f"{_counted(len(found) - untried, 'promise')} tried", f"{len(broken)} broken"]
    print(", ".join(told + ([f"{_counted(untried, 'plugin')} not tried"] if untried else [])))
    return 1 if broken or untried == len(found) else 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
