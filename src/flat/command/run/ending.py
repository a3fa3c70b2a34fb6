"""What ``flat run`` says of a study that is finished: what may be concluded, how far to trust it, where to look."""

import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from flat.command.printed import literal
from flat.errors import ArtefactError
from flat.paper.catalogue import figure_keys, table_keys
from flat.report.explorer.page import facts_of
from flat.report.page.claims import VERDICTS, read
from flat.report.summary_items import collect
from flat.study import paths
from flat.study.schema import Study

PAGES = ("explorer", "report")
NAME = 10  # columns of a line's name
NAMED = 3  # missing files that are named


def show(out, study: Study, file: Path) -> bool:
    """Print it on a rich console; whether every file is there."""
    out.print(f"\n[bold]{literal(study.title)}[/] ({literal(study.name)})")
    for line in (*_explored(study), *_made(study, file)):
        out.print(line, soft_wrap=True)
    wanted = [Path(paths.of(study).top(f"{name}.html")) for name in PAGES]
    missing = [path for item in collect(study) for path in item.missing] + [p for p in wanted if not p.is_file()]
    if missing:
        named = ", ".join(map(str, missing[:NAMED]))
        out.print(f"[red]{'missing':<{NAME}}[/]{len(missing)} files, for example {literal(named)}", soft_wrap=True)
    return not missing


def pages(out, study: Study) -> None:
    """Links to the pages that are there; a terminal opens them."""
    for name in PAGES:
        page = Path(paths.of(study).top(f"{name}.html")).absolute()
        if page.is_file():
            out.print(f"{name + ':':<{NAME}}[link={page.as_uri()}]{literal(page.as_uri())}[/link]", soft_wrap=True)


def _explored(study: Study) -> Iterator[str]:
    """What the explorer's first page says: findings, and how many numbers are flagged."""
    try:
        facts = facts_of(Path(paths.of(study).top("explorer.html")))
    except ArtefactError as error:
        yield _line("Findings", str(error).splitlines()[0])
        return
    yield "[bold]Findings[/]"
    for number, sentence in enumerate(facts["sentences"], 1):
        yield f"  {number}. {literal(sentence['text'])}"
    counted = Counter(flag["flag"].replace("_", " ") for flag in facts["flags"])
    kinds = ", ".join(f"{name} {number}" for name, number in counted.most_common())
    where = paths.of(study).table("guards", "md")
    many = f"{counted.total()} doubtful number{'s' * (counted.total() > 1)}"
    yield _line("Flags", f"{many} ({kinds}): {where}" if counted else "none")


def _made(study: Study, file: Path) -> Iterator[str]:
    place = paths.of(study)
    claims = Path(place.claims())
    if claims.is_file():
        counted = Counter(line.verdict for line in read(claims))
        said = ", ".join(f"{counted[verdict]} {verdict}" for verdict in VERDICTS if counted[verdict])
        yield _line("Claims", f"{said or 'none'}: {claims}")
    many = f"{len(table_keys(study))} tables and {len(figure_keys(study))} figures in {place.root}"
    yield _line("Made", f"{many}; each in a line: python -m flat.report.summary {shlex.quote(str(file))}")


def _line(name: str, text: str) -> str:
    return f"[bold]{name:<{NAME}}[/]{literal(text)}"
