"""``flat new``: its words."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    app.command("new", no_args_is_help=True)(new)


def new(
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="One file of texts and labels, which is split. Also .tsv, ...")
    ] = None,
    train: Annotated[Path | None, typer.Option(metavar="FILE", help="In its place a file for each split.")] = None,
    dev: Annotated[Path | None, typer.Option(metavar="FILE", help="Left out: carved from train.")] = None,
    test: Annotated[Path | None, typer.Option(metavar="FILE", help="Left out: carved from train.")] = None,
    text: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="The column of texts; several are joined.")
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of labels.")] = None,
    models: Annotated[str, typer.Option(help="Of cnn, lstm, tiny, minilm, deberta; or folders of encoders.")] = "cnn",
    attacks: Annotated[str, typer.Option(help="Of textfooler and pwws.")] = "textfooler,pwws",
    minutes: Annotated[float, typer.Option(min=0.5, help="What a run may take on two cores, roughly.")] = 5.0,
    name: Annotated[str | None, typer.Option(help="Of the study and its results; else the file's.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="YAML", help="Where to write the study.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a study that is there.")] = False,
) -> None:
    """Write a study of texts of your own.

    It reads a .csv, .tsv, .jsonl or .parquet file, says what it found, and writes a commented study that runs as it is.
    """
    from flat.command.new.made import Wishes  # for cost: pydantic
    from flat.command.new.work import make  # for cost: the readers of files too

    one = {"csv": csv, "train": train}
    if all(one.values()) or not any(one.values()) or (csv and (dev or test)):
        raise typer.BadParameter("give one file by --csv, or --train and perhaps --dev and --test")
    files = {split: path for split, path in (("train", csv or train), ("dev", dev), ("test", test)) if path}
    make(Wishes(files, text or [], label, _list(models), _list(attacks), minutes, name, output, force))


def _list(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]
