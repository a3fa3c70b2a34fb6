"""One process at a time: a lock on a file beside what is written, which the kernel gives up with its holder."""

import errno
import fcntl
import logging
import os
import time
from functools import cache
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.failures import of_storage

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # of a file system that has none
log = logging.getLogger("flat")


class Hold:
    """Be the one process that writes ``path``, until ``release`` or the end of the process.

    Args:
        lock: the file that is locked; deleted by ``release``.
        patience_s: how long to wait for another process that holds it.

    Attributes:
        waited: whether another process had to be waited for.

    Raises:
        ArtefactError: another process still holds it then, or the folder cannot be written to.
    """

    def __init__(self, lock: Path, path: Path, patience_s: float):
        self.waited, self._lock = False, lock
        until = time.monotonic() + patience_s
        try:
            while not self._taken():
                if time.monotonic() > until:
                    raise ArtefactError(
                        str(path),
                        "another process is at work on the same job",
                        "wait for it or end it (is a second snakemake running in this folder?), "
                        "then run snakemake again",
                    )
                if not self.waited:
                    log.info("waiting for the process that holds %s", path)
                self.waited = True
                time.sleep(0.05)
        except OSError as error:
            raise of_storage(error, path) or error from error

    def _taken(self) -> bool:
        """Try once; False: another process has it."""
        while True:
            self._held = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(self._held).st_ino == os.stat(self._lock).st_ino:
                    return True
            except FileNotFoundError:  # its last holder has just deleted it: take a new one
                pass
            except BlockingIOError:
                os.close(self._held)
                return False
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    os.close(self._held)
                    raise
                _warn(str(error.strerror))
                return True
            os.close(self._held)

    def release(self) -> None:
        try:
            self._lock.unlink(missing_ok=True)
        finally:
            os.close(self._held)


@cache
def _warn(why: str) -> None:
    """Once a process."""
    log.warning("this file system has no locks (%s): see to it that no two runs write the same results", why)
