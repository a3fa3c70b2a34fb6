"""What ``flat new`` says: what the files hold, what looks odd, and what to run next."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from flat.command.new.made import Made
from flat.command.printed import console, literal
from flat.data.reading.tables import some_rows
from flat.data.survey import Survey, rare

ROWS = 6  # that are named of an odd kind
CLASSES = 20  # that are listed
SIGNS, SIGNS_FROM = 6, 0.01  # that are named, and the share of texts with some from which on they are


def found(files: Mapping[str, Path], survey: Survey) -> None:
    """Rows, columns, classes, lengths, odd rows."""
    out = console()
    rows = ", ".join(f"{survey.rows[split]:,} rows of {split}" for split in files)
    rows = f"{survey.rows['train']:,} rows" if len(files) == 1 else rows
    out.print(f"[bold]Found[/] in {literal(', '.join(map(str, files.values())))}")
    lines = [
        ("rows", rows),
        ("text", f"column {', '.join(survey.text)}"),
        ("label", f"column {survey.label}, {len(survey.classes)} classes: {_classes(survey.classes)}"),
        ("words", f"median {survey.length(0.5):,}, 95 % up to {survey.length(0.95):,}, longest {survey.lengths[-1]:,}"),
    ]
    if survey.style == "none":
        lines.append(("letters", "mostly not English: every character is kept; the attacks' word lists are English"))
    if survey.with_signs >= SIGNS_FROM:
        signs = " ".join(list(survey.signs)[:SIGNS])
        kept = "style none of cleaning keeps them, and leaves punctuation at its word"
        lines.append(("signs", f"{survey.with_signs:.0%} of the texts have signs that are dropped: {signs}; {kept}"))
    for name, said in lines:
        out.print(f"  {name:<8}{literal(said)}")
    odd = list(_odd(survey))
    if odd:
        out.print("[bold]Odd[/], worth a look; rows are counted from 1, without the header")
    for line in odd:
        out.print(f"  {literal(line)}")


def _classes(classes: Mapping[str, int]) -> str:
    shown = [f"{name} ({count:,})" for name, count in list(classes.items())[:CLASSES]]
    more = len(classes) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _odd(survey: Survey) -> Iterable[str]:
    several = len(survey.rows) > 1
    for odd in survey.odd:
        where = f"{odd.file}, " if several else ""
        left = "; left out" if odd.drops else ""
        left = "; the first stays" if odd.what.startswith("one text") else left
        yield f"{len(odd.rows):,} × {odd.what}: {where}{some_rows(odd.rows, ROWS)}{left}"
    few = rare(survey.classes)
    if few:
        yield f"rare: {', '.join(f'{name} ({survey.classes[name]})' for name in few)}: few are tested on these"
    yield from survey.warnings


def written(target: Path, made: Made, data: Mapping, wished: float) -> None:
    """The study, and what to do with it."""
    out = console()
    sizes = data["sizes"]
    dropped = sum(data["dropped"].values())
    out.print(f"[bold]Wrote[/] {literal(str(target))}")
    left = f"; {dropped:,} rows left out" if dropped else ""
    out.print(f"  splits  train {sizes['train']:,}, dev {sizes['dev']:,}, test {sizes['test']:,}{left}")
    for split, share in data["overlap_with_train"].items():
        if share:
            out.print(f"  known   {share:.1%} of the {split} texts stand in train too, but for signs and spaces")
    models = ", ".join(made.study.models)
    attacks = " and ".join(attack.title for attack in made.study.attacks.values())
    out.print(f"  trains  {literal(models)}: base, adv and FLAT")
    out.print(
        f"  attacks {attacks}: {made.sizes.attacked_train} train and {made.sizes.attacked_test} test texts"
        + (f", of which the first {made.sizes.words} words are read" if made.sizes.cut else "")
    )
    slow = " (nothing smaller is tried: name fewer models or attacks)" if made.minutes > wished else ""
    out.print(f"  takes   {made.jobs} jobs, about {_time(made.minutes)} on two cores{slow}")
    study = shlex.quote(str(target))
    out.print("[bold]Next[/]")
    for command, about in (
        (f"flat run {study}", "runs it; a second time it goes on where it stopped"),
        (f"flat status {study}", "what is done, and how long still"),
        (f"flat cost {study}", "the hours by kind of job"),
    ):
        out.print(f"  {literal(command)}  [dim]# {about}[/]", soft_wrap=True)


def _time(minutes: float) -> str:
    return "a minute" if minutes < 1.5 else f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
