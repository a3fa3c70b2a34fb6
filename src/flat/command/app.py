"""``flat``: the list of commands. A command's own module says what it does."""

import sys

import typer

from flat.command import attack, compare, explain, forwarded
from flat.command.new import options as new
from flat.command.run import options as run
from flat.command.status import options as status
from flat.errors import FlatError

app = typer.Typer(
    name="flat",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="FLAT: adversarial training that looks at both prediction and interpretation. A study is one file.",
)
for module in (new, run, status, explain, attack, compare, forwarded):
    module.add_to(app)


def main() -> None:
    """Run the command of the process's arguments. An error of the input ends with status 1 and its remedy."""
    try:
        app()
    except FlatError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
