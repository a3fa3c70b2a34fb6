"""An archive that is the same bytes whenever it is made of the same files, its checksums, and careful reading of it."""

import hashlib
import io
import json
import lzma
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flat.errors import ArtefactError
from flat.files.artefacts import atomic, write_text
from flat.files.digests import sha256_of
from flat.files.failures import of_reading
from flat.published.parts import Part

FORMAT = 1
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
LARGEST = 2 << 30  # bytes that an archive may unpack to
# files are columns of four-byte numbers in large part: their place among four bytes tells more than the byte before
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 2, "pb": 2}]
NAME = re.compile(r"seed(\d+)(\.[A-Za-z0-9-]+\.[A-Za-z0-9-]+)?\.tar\.xz")
GET = "get it again (git checkout of its folder, or a new download)"


@dataclass(frozen=True)
class Archive:
    """A read archive: ``manifest`` as in docs/published.md, ``files``: content by path."""

    path: Path
    manifest: Mapping
    files: Mapping[str, bytes]

    @property
    def seed(self) -> int:
        return self.manifest["seed"]

    @property
    def part(self) -> Part | None:
        """The part of the study that it is of; None: the whole study."""
        return Part(*self.manifest["part"]) if self.manifest.get("part") else None


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def archive_of(folder: str | Path, seed: int, part: Part | None = None) -> Path:
    return Path(folder) / (f"seed{seed}.{part.dataset}.{part.model}.tar.xz" if part else f"seed{seed}.tar.xz")


def packed(manifest: Mapping, files: Mapping[str, bytes]) -> bytes:
    """A tar.xz of the manifest, with the checksum of each file, and the files: no time, no owner, sorted by name."""
    listed = {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in sorted(files.items())}
    about = {"format": FORMAT, **manifest, "files": {name: listed[name] | _made(manifest, name) for name in listed}}
    first = (json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in [(MANIFEST, first), *sorted(files.items())]:
            member = tarfile.TarInfo(name)  # mtime 0, owner 0, mode 0644
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return lzma.compress(out.getvalue(), filters=FILTERS)


def _made(manifest: Mapping, name: str) -> Mapping:
    return manifest.get("files", {}).get(name, {})


def write(path: Path, data: bytes) -> None:
    """Write an archive and its line of SHA256SUMS.

    Raises:
        ArtefactError: an archive of that name is there with other content.
    """
    digest = sha256(data)
    if path.exists() and sha256_of(path) != digest:
        raise ArtefactError(
            str(path),
            "the seed was packed before, with other content",
            "keep it; or, if the new run replaces it, delete it and pack again",
        )
    with atomic(path) as part:
        part.write_bytes(data)
    sums = (checksums(path.parent) if (path.parent / SUMS).exists() else {}) | {path.name: digest}
    write_text(path.parent / SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums, key=_place)))


def _place(name: str) -> tuple[int, str]:
    return int(NAME.fullmatch(name).group(1)), name


def checksums(folder: str | Path) -> dict[str, str]:
    """SHA256SUMS of a folder of archives, as ``sha256sum --check`` reads it: checksum by name.

    Raises:
        ArtefactError: it is absent, or has a line that is none.
    """
    path = Path(folder) / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise of_reading(error, path) or ArtefactError(
            str(path), f"not readable ({error})", f"pack a seed, or {GET}"
        ) from None
    found = {}
    for number, line in enumerate(lines, start=1):
        digest, _, name = line.partition("  ")
        if not re.fullmatch("[0-9a-f]{64}", digest) or not NAME.fullmatch(name):
            raise ArtefactError(f"{path}, line {number}", f"no checksum of a seed's archive: {line[:90]!r}", GET)
        found[name] = digest
    return found


def there(folder: str | Path) -> list[Path]:
    """The archives of a folder, by seed and part, each with the checksum that SHA256SUMS says.

    Raises:
        ArtefactError: none is there, one has no line or another checksum, or a line has no archive.
    """
    folder = Path(folder)
    names = sorted(path.name for path in folder.glob("seed*.tar.xz") if NAME.fullmatch(path.name))
    if not names:
        remedy = (
            "python -m flat.published pack STUDY.yaml --seed N, or name the folder that the study's lies in: --from"
        )
        raise ArtefactError(
            str(folder), "no archive of a seed (seed<N>.tar.xz, or seed<N>.<data set>.<model>.tar.xz)", remedy
        )
    sums = checksums(folder)
    for name in sorted({*names, *sums}):
        path = folder / name
        if name not in names:
            raise ArtefactError(str(path), f"{SUMS} names it, but it is not there", f"{GET}, or delete that line")
        if name not in sums:
            raise ArtefactError(str(path), f"{SUMS} has no line for it", f"{GET}, or pack the seed again")
        if sha256_of(path) != sums[name]:
            raise ArtefactError(str(path), f"its SHA-256 is not that of {SUMS}: it was changed or cut", GET)
    return [folder / name for name in sorted(names, key=_place)]


def read(path: str | Path) -> Archive:
    """Everything in an archive, held in memory: nothing is written, whatever its entries are called.

    Raises:
        ArtefactError: it is damaged, holds what is no plain file below its folder, or differs from its manifest.
    """
    path, files = Path(path), {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_decompressed(path)), mode="r:") as tar:
            for member in tar:
                _refuse_unsafe(path, member)
                if member.name in files:
                    raise ArtefactError(f"{path}, {member.name}", "stands in it twice", GET)
                files[member.name] = tar.extractfile(member).read()
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError) as error:
        raise of_reading(error, path) or ArtefactError(str(path), f"not a whole tar.xz ({error})", GET) from None
    try:
        manifest = json.loads(files.pop(MANIFEST))
        listed, known = manifest["files"], (manifest["format"], manifest["study"]["name"], int(manifest["seed"]))
    except (KeyError, ValueError, TypeError) as error:
        raise ArtefactError(f"{path}, {MANIFEST}", f"absent or unreadable ({error!r})", GET) from None
    if known[0] != FORMAT:
        remedy = "use the commit of this repository that the manifest names"
        raise ArtefactError(f"{path}, {MANIFEST}", f"format {known[0]}, this code reads format {FORMAT}", remedy)
    for name in sorted({*listed, *files}):
        if name not in files or name not in listed:
            what = "the manifest names it, the archive lacks it" if name in listed else "not named in the manifest"
            raise ArtefactError(f"{path}, {name}", what, GET)
        if sha256(files[name]) != listed[name]["sha256"]:
            raise ArtefactError(f"{path}, {name}", "its SHA-256 is not that of the manifest", GET)
    return Archive(path, manifest, files)


def _decompressed(path: Path) -> bytes:
    reader = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    data = reader.decompress(path.read_bytes(), max_length=LARGEST)
    if reader.eof and not reader.unused_data:
        return data
    if reader.eof or reader.needs_input:
        raise lzma.LZMAError("more follows its end" if reader.eof else "cut short")
    raise ArtefactError(str(path), f"it unpacks to more than {LARGEST:,} bytes", GET)


def _refuse_unsafe(path: Path, member: tarfile.TarInfo) -> None:
    name = PurePosixPath(member.name)
    if not member.isreg() or name.is_absolute() or ".." in name.parts or str(name) != member.name or "\\" in str(name):
        remedy = "do not use it: no archive of this pipeline has such an entry"
        raise ArtefactError(f"{path}, {member.name}", "no plain file below the study's folder", remedy)
