"""``python -m flat.provenance.crate STUDY``: a finished study as a Workflow Run RO-Crate.

The results folder becomes the crate. With --output, a zip file or a folder of its own is written instead, which holds
report, tables, figures, claims, passport and study, but neither weights nor texts.
"""

import argparse
import sys
import time

from flat.errors import command, program
from flat.provenance.crate.write import export, note, pack
from flat.study.load import load
from flat.study.paths import of as paths_of


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog=program("flat.provenance.crate", "crate"), description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("study", help="file of a study that was run, for example config/demo.yaml")
    parser.add_argument("--output", metavar="PATH", help="write what may be handed on to a .zip file or a new folder")
    parser.add_argument("--jobs", action="store_true", help="describe each job too (Provenance Run Crate)")
    options = parser.parse_args(arguments)
    started = time.time()
    study = load(options.study)
    if options.output:
        print(f"{options.output}: {len(pack(study, options.output, options.jobs))} files")
    else:
        made = export(study, options.jobs)
        note(paths_of(study).root, made, started)
        print(made[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
