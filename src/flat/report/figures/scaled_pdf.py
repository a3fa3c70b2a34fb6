"""A figure as a pdf of another size: every line and letter larger or smaller by one factor, still vectors."""

from typing import BinaryIO

from matplotlib.backends.backend_pdf import Op, PdfFile, PdfPages
from matplotlib.figure import Figure


class _Scaled(PdfFile):
    """A file whose pages are drawn in the figure's own points, and shown scaled."""

    scale = 1.0

    def newPage(self, width: float, height: float) -> None:
        super().newPage(width * self.scale, height * self.scale)
        self.output(self.scale, 0, 0, self.scale, 0, 0, Op.concat_matrix)


def save(figure: Figure, file: BinaryIO, scale: float, metadata: dict[str, str | None]) -> None:
    """Write ``figure`` to a file as one page, ``scale`` times as large as it is laid out."""
    pages = PdfPages(file, metadata=metadata)
    pages._file = _Scaled(file, metadata=metadata)
    pages._file.scale = scale
    figure.savefig(pages, format="pdf")
    pages.close()
