"""Commands that are modules of their own too: ``flat cost`` is ``python -m flat.cost``, word for word."""

import importlib

import typer

# Command -> the module whose ``main`` reads its words, and what it is for
MODULES = {
    "cost": ("flat.cost.__main__", "Predict the hours and the disk that a study needs."),
    "verify": ("flat.provenance.verify", "Compare every file of a finished study with what its jobs recorded."),
    "crate": ("flat.provenance.crate.__main__", "Describe a finished study as a Workflow Run RO-Crate."),
    "conformance": ("flat.conformance.__main__", "Try whether plugins keep what is promised of FLAT's own."),
    "resources": ("flat.resources.__main__", "List, fetch and check lexical resources and checkpoints."),
}
# every word goes on as it is, --help too
AS_GIVEN = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def add_to(app: typer.Typer) -> None:
    for name, (module, about) in MODULES.items():
        app.command(name, context_settings=AS_GIVEN, help=about)(_to(module))


def _to(module: str):
    def run(context: typer.Context) -> None:
        raise typer.Exit(importlib.import_module(module).main(list(context.args)))

    return run
