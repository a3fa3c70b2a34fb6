"""A finished figure read back from its files, for the report. Light to import: no matplotlib."""

from dataclasses import dataclass
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.failures import of_reading
from flat.paper.catalogue import FIGURES
from flat.study.paths import figure_name, figure_stem

SUFFIXES = ("pdf", "png", "csv")
PAGE_WIDTH_PX = 1400  # of the png of a figure as wide as a page (figure_style, which would import matplotlib)


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
        """Of the png, from its first chunk; the page's template asks."""
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
    from PIL import Image, UnidentifiedImageError  # for cost

    path = Path(folder) / f"{figure_stem(number)}.png"
    if not path.exists():
        raise ArtefactError(str(path), "no such file", f"draw it: snakemake --cores 1 -- {path}")
    try:
        with Image.open(path) as picture:
            picture.load()  # text fields may follow the pixels
            words = dict(picture.info)
    except (UnidentifiedImageError, OSError) as error:
        raise of_reading(error, path) or ArtefactError(
            str(path), f"not a readable png ({error})", "delete it and run snakemake again"
        ) from None
    title = words.get("Title", "").partition(". ")[2] or FIGURES[number].title
    notes = tuple(line for line in words.get("Comment", "").split("\n") if line)
    return FigureFile(
        number, title, words.get("Description", ""), notes, path.read_bytes(), words.get("Status") != "not run"
    )
