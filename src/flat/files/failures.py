"""What a machine may do to a job, told as what the user can do about it: full disks, closed folders, too little memory.

Libraries say it in many ways; the standard library alone is imported here, so that asking costs nothing.
"""

import errno
import os
import re
from pathlib import Path

from flat.errors import ArtefactError, FlatError

# what the system says -> how other libraries (pyarrow, safetensors) put it, and the remedy
STORAGE = {
    errno.ENOSPC: ("No space left on device", "free space on this disk"),
    errno.EDQUOT: ("Disk quota exceeded", "free space of your quota"),
    errno.EFBIG: ("File too large", "raise the limit of file sizes (ulimit -f), or write to another file system"),
    errno.EROFS: ("Read-only file system", "make it writable, or name another folder as `results` in the study"),
    errno.EACCES: ("Permission denied", "correct the folder's owner or mode, or name another one as `results`"),
    errno.EIO: ("Input/output error", "look at the disk (dmesg), or move the results to another one"),
    errno.EMFILE: ("Too many open files", "raise the limit of open files (ulimit -n)"),
    errno.ENFILE: ("Too many open files in system", "end other processes, or raise the system's limit (fs.file-max)"),
    errno.ESTALE: ("Stale file handle", "mount the network file system again, or wait for its server"),
}
# why a file that may be whole is not read, and the remedy
READING = {
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end other processes, or raise the system's limit (fs.file-max)",
    errno.EACCES: "correct the owner or mode of the file or of a folder above it",
    errno.EPERM: "correct the owner or mode of the file or of a folder above it",
    errno.EIO: "look at the disk (dmesg), or put a copy of the file in its place",
    errno.ENOSPC: "free space on this disk",
    errno.EDQUOT: "free space of your quota",
    errno.ESTALE: "mount the network file system again, or wait for its server",
    errno.ENOMEM: "end other processes, or give this one more memory",
}
READING_ELSE = "look at the file system that it lies on"
# what a damaged file or a folder that lacks it leads to as well: each reader has its own remedy
NOT_OF_THE_SYSTEM = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EINVAL}
_IN_WORDS = re.compile(r"\(os error (\d+)\)|\[errno (\d+)\]", re.IGNORECASE)  # of Rust, of C++
AGAIN = "then run snakemake again: it makes what is incomplete anew (--rerun-incomplete, set in profiles/default)"
MEMORY = ("DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory")


def of_storage(error: BaseException, path: str | Path) -> ArtefactError | None:
    """A failed write of ``path`` as the user's error; None if the disk is not to blame."""
    said = getattr(error, "errno", None)
    if said not in STORAGE:
        text = str(error).lower()
        found = [number for number, (words, _) in STORAGE.items() if words.lower() in text]
        if not found:
            return None
        said = max(found, key=lambda number: len(STORAGE[number][0]))  # "… open files" begins "… open files in system"
    words, remedy = STORAGE[said]
    return ArtefactError(str(path), f"cannot be written ({words})", f"{remedy}, {AGAIN}")


def of_reading(error: BaseException, path: str | Path, family: type[FlatError] = ArtefactError) -> FlatError | None:
    """A failed reading of ``path`` as the user's error; None if the system let it be read, and its format is broken."""
    number = _number(error)
    if number is None or number in NOT_OF_THE_SYSTEM:
        return None
    remedy = f"{READING.get(number, READING_ELSE)}, then try again: the file itself need not be damaged"
    return family(str(path), f"cannot be read ({os.strerror(number)})", remedy)


def open_once(path: str | Path) -> None:
    """Open a file and read of it, for a library that tells every failure to open as an absent file.

    Raises:
        OSError: the system's own.
    """
    with open(path, "rb") as file:
        file.read(1)


def of_folder(error: BaseException, folder: str | Path, family: type[FlatError] = ArtefactError) -> FlatError | None:
    """``of_reading`` for a library that reads files of a folder and may keep to itself what the system said."""
    if _number(error) is not None or not os.path.isdir(folder):
        return of_reading(error, folder, family)
    try:
        for file in sorted(Path(folder).iterdir()):
            if file.is_file():
                open_once(file)
    except OSError as closed:
        return of_reading(closed, closed.filename or folder, family)
    return None


def _number(error: BaseException | None) -> int | None:
    """What the system said (errno), be it of this error, in its words, or of the one that it came of."""
    while error is not None:
        said = getattr(error, "errno", None)
        if said is None and (found := _IN_WORDS.search(str(error))):
            said = int(found[1] or found[2])
        if isinstance(said, int):
            return said
        error = error.__cause__
    return None


def of_machine(error: BaseException) -> FlatError | None:
    """An error that the machine caused, not the code; None for any other."""
    text = str(error)
    if type(error).__name__ == "OutOfMemoryError":  # torch's, which is not imported for this
        return FlatError(
            "this job",
            f"CUDA is out of memory ({text.partition('.')[0]})",
            "free the GPU of other jobs, or set device: cpu",
        )
    if isinstance(error, MemoryError) or any(words in text for words in MEMORY):
        return FlatError(
            "this job",
            "it got no more memory from the system",
            "its next attempt asks for more (`retries` in profiles/default); --resources mem_mb=N says how much all "
            "jobs together may take, --set-resources RULE:mem_mb=N how much one wants",
        )
    if isinstance(error, OSError):
        # PyTorch keeps files there
        elsewhere = f"a file of this job, or one in the folder of temporary files ({os.environ.get('TMPDIR', '/tmp')})"
        return _of_either(error, error.filename or elsewhere)
    return None


def _of_either(error: OSError, path: str) -> FlatError | None:
    """An error of a reader or writer that tells no more than this."""
    known = of_storage(error, path)
    if error.errno == errno.EIO:
        return ArtefactError(path, "cannot be read or written (Input/output error)", known.remedy)
    closed = error.errno == errno.EACCES and os.path.exists(path) and not os.access(path, os.R_OK)
    if closed or (known is None and error.filename and error.errno in READING):
        return of_reading(error, path)
    return known
