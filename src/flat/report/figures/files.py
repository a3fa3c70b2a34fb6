"""The figures by key, the paper's by number: what each is called, who draws it, and how a finished one is read back.

`draw(6, measurements=..., ...)` calls `flat.report.figures.figure_6.draw`; each figure is its own module, so that
editing one redraws only that one. Light to import: matplotlib comes with the figure's module.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from flat.errors import ArtefactError
from flat.paper.catalogue import module_of
from flat.study.paths import figure_name, figure_stem

if TYPE_CHECKING:
    from flat.report.figures.style import Drawing

TITLES: dict[int | str, str] = {
    3: "Saliency of original and adversarial texts",
    4: "Word importance, word frequency and substitution frequency",
    5: "Importance gap between words and their synonyms",
    6: "Top-k intersection of explanations",
    "curves": "After-attack accuracy against the attack's budget of queries",
}
SUFFIXES = ("pdf", "png", "csv")
PAGE_WIDTH_PX = 1400  # of the png of a figure as wide as a page (figure_style, which would import matplotlib)


def draw(number: int | str, **inputs) -> "Drawing":
    """Draw figure `number` from its module's inputs (see `draw` of its module)."""
    return import_module(f"flat.report.figures.{module_of(number)}").draw(**inputs)


def not_run(number: int | str, reason: str) -> "Drawing":
    """Figure `number` as a panel that says why it holds nothing."""
    from flat.report.figures import style as figure_style

    return figure_style.not_run(number, TITLES[number], reason)


def write(drawing: "Drawing", folder: str | Path) -> dict[str, Path]:
    """Write the drawing's pdf, png and csv into `folder`."""
    from flat.report.figures import style as figure_style

    return figure_style.write(drawing, folder)


@dataclass(frozen=True)
class FigureFile:
    """A written figure as the report page needs it; `png` holds the file's bytes."""

    number: int | str
    title: str
    caption: str
    notes: tuple[str, ...]
    png: bytes
    is_run: bool = True

    @property
    def name(self) -> str:
        """Figure 6, or Curves."""
        return figure_name(self.number)

    @property
    def in_paper(self) -> bool:
        return isinstance(self.number, int)

    @property
    def width_px(self) -> int:
        """Of the png, from its first chunk."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def stem(self) -> str:
        """The name of the figure's files, without their suffix."""
        return figure_stem(self.number)


def read(folder: str | Path, number: int | str) -> FigureFile:
    """Read a written figure back, with the words that its png carries.

    Raises:
        ArtefactError: the png is absent or not a picture.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(folder) / f"{figure_stem(number)}.png"
    if not path.exists():
        raise ArtefactError(str(path), "no such file", f"draw it: snakemake --cores 1 -- {path}")
    try:
        with Image.open(path) as picture:
            picture.load()  # text fields may follow the pixels
            words = dict(picture.info)
    except (UnidentifiedImageError, OSError) as error:
        raise ArtefactError(str(path), f"not a readable png ({error})", "delete it and run snakemake again") from None
    title = words.get("Title", "").partition(". ")[2] or TITLES.get(number, "")
    notes = tuple(line for line in words.get("Comment", "").split("\n") if line)
    return FigureFile(
        number, title, words.get("Description", ""), notes, path.read_bytes(), words.get("Status") != "not run"
    )
