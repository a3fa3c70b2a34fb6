"""``flat run``: its words."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

BEHIND = "flat.snakemake"  # where the words behind -- are kept


class Divided(TyperCommand):
    """A command whose words behind ``--`` are another's."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        place = args.index("--") if "--" in args else len(args)
        ctx.meta[BEHIND] = args[place + 1 :]
        return super().parse_args(ctx, args[:place])

    def collect_usage_pieces(self, ctx) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- SNAKEMAKE'S WORDS]"]


def add_to(app: typer.Typer) -> None:
    app.command("run", cls=Divided, no_args_is_help=True)(run)


def run(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A study file, such as config/demo.yaml.")],
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="TARGETS", help="Files or targets of the Snakefile; else all.")
    ] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="Jobs at a time. Default: every core.")] = None,
    gpus: Annotated[int | None, typer.Option(min=0, help="GPU jobs at a time. Default: 1.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be run.")] = False,
) -> None:
    """Run a study by Snakemake; a second time it goes on where it stopped.

    Words behind -- are Snakemake's own: flat run STUDY -- --keep-going
    """
    from flat.command.run.work import Order, carry_out  # for cost: pydantic

    order = Order(study, targets or [], cores, gpus, dry_run, context.meta[BEHIND])
    raise typer.Exit(carry_out(order))
