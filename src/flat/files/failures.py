"""What a machine may do to a job, told as what the user can do about it: full disks, closed folders, too little memory.

Libraries say it in many ways; the standard library alone is imported here, so that asking costs nothing.
"""

import errno
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
}
AGAIN = "then run snakemake again: it makes what is incomplete anew (--rerun-incomplete, set in profiles/default)"
MEMORY = ("DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory")


def of_storage(error: BaseException, path: str | Path) -> ArtefactError | None:
    """A failed write of ``path`` as the user's error; None if the disk is not to blame."""
    for number, (words, remedy) in STORAGE.items():
        if getattr(error, "errno", None) == number or words.lower() in str(error).lower():
            return ArtefactError(str(path), f"cannot be written ({words})", f"{remedy}, {AGAIN}")
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
        return of_storage(error, error.filename or "a file of this job")
    return None
