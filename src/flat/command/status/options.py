"""``flat status``: its words."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    app.command("status", no_args_is_help=True)(status)


def status(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A study file, such as config/demo.yaml.")],
) -> None:
    """Say what of a study is done, running and left, and how long it still takes. It reads only."""
    from flat.command.status.show import show  # for cost: pydantic, numpy
    from flat.command.status.state import state_of  # for cost

    show(study, state_of(study))
