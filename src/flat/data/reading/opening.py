"""A text file's lines, whether it is packed or not; what is no UTF-8, or damaged, is refused with how to mend it."""

import bz2
import gzip
import io
import lzma
import shlex
import zlib
from collections.abc import Iterator
from pathlib import Path

from flat.data.reading import encodings
from flat.errors import DataError
from flat.files.failures import of_reading

_PACKERS = {".gz": (gzip.open, "gzip -dc"), ".bz2": (bz2.open, "bzip2 -dc"), ".xz": (lzma.open, "xz -dc")}
_MEND_CESU8 = (
    "import sys; text = open(sys.argv[1], encoding='utf-8-sig', errors='surrogatepass', newline='').read(); "
    "text = text.encode('utf-16', 'surrogatepass').decode('utf-16'); "
    "open(sys.argv[2], 'w', encoding='utf-8', newline='').write(text)"
)


def kind_of(path: Path) -> tuple[str, str]:
    """The suffix that tells a file's format, and that of its packing ("" for none), both in lower case.

    >>> kind_of(Path("Train.CSV.gz"))
    ('.csv', '.gz')
    """
    packing = path.suffix.lower()
    if packing in _PACKERS:
        return Path(path.stem).suffix.lower(), packing
    return packing, ""


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file with their ends as they stand there (LF, CR or both); a byte order mark is skipped.

    Raises:
        DataError: the file is in another encoding, holds NUL bytes, or its packing is damaged.
    """
    try:
        with _opened(path) as packed:
            # a packed file is checked to its end before any of it is believed
            stream = io.BytesIO(packed.read()) if kind_of(path)[1] else packed
            for line in io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""):
                if "\0" in line:
                    raise misencoded(path)
                yield line
    except UnicodeDecodeError:
        raise misencoded(path) from None
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        raise of_reading(error, path, DataError) or _damaged(path, error) from None


def misencoded(path: Path) -> DataError:
    """The error about a file whose bytes are no plain UTF-8: what it seems to be, and the command that mends it."""
    try:
        with _opened(path) as stream:
            data = stream.read()
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        return of_reading(error, path, DataError) or _damaged(path, error)
    inside = encodings.packed(data)
    if inside:
        kind, suffix = inside
        remedy = f"name it {path.name}{suffix}" if suffix in _PACKERS else "write the table in it as csv, tsv or jsonl"
        return DataError(str(path), f"not text: its first bytes are those of {kind}", remedy)
    found = encodings.guess(data)
    kind = "not plain text" if encodings.is_utf8(data) and not found.encoding else "not UTF-8"
    return DataError(str(path), f"{kind}: {found.problem}", _conversion(path, data, found))


def _conversion(path: Path, data: bytes, found: encodings.Guess) -> str:
    made = path.with_name(f"utf8-{path.stem if kind_of(path)[1] else path.name}")
    target, source = shlex.quote(str(made)), shlex.quote(str(path))
    packing = kind_of(path)[1]
    unpacked = f"{_PACKERS[packing][1]} {source} | " if packing else ""
    then = f"and name {made} in the study"
    if found.encoding == "CESU-8":
        mend = shlex.quote(_MEND_CESU8)
        given = "/dev/stdin" if packing else source
        return f"convert it: {unpacked}python -c {mend} {given} {target}; {then}"
    if found.encoding:
        given = "" if packing else f" {source}"
        look = "" if found.encoding.startswith("UTF-") else "; look at some texts then, for this is a guess"
        return f"convert it: {unpacked}iconv -f {found.encoding} -t UTF-8{given} > {target}; {then}{look}"
    if b"\0" in data and encodings.is_utf8(data):
        given = "" if packing else f" < {source}"
        return f"write it again, or take them out: {unpacked}tr -d '\\000'{given} > {target}; {then}"
    if encodings.mostly_utf8(data):
        return "write these lines again in UTF-8; a conversion of the whole file would spoil the others"
    return "save it as UTF-8 where it was made (in a spreadsheet: CSV UTF-8), or ask there which encoding it is in"


def _opened(path: Path):
    packing = kind_of(path)[1]
    return _PACKERS[packing][0](path, "rb") if packing else path.open("rb")


def _damaged(path: Path, error: Exception) -> DataError:
    problem = str(error).strip() or type(error).__name__
    packing = kind_of(path)[1]
    if not packing:
        return DataError(str(path), f"cannot be read ({problem})", "see whether it is there and may be read")
    said = f"its {packing} packing is cut or damaged ({problem})"
    return DataError(str(path), said, "fetch or write it again, or give it unpacked")
