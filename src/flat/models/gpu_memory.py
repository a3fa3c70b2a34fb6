"""When a GPU's memory does not suffice: the same work in smaller parts."""

import logging
from collections.abc import Callable
from typing import TypeVar

import torch

from flat.errors import FlatError

Answer = TypeVar("Answer")
log = logging.getLogger("flat")


class Parts:
    """How much is done at once; halved, for good, whenever CUDA runs out of memory.

    Attributes:
        size: texts (or rows, tokens) at once.
    """

    def __init__(self, size: int):
        self.size = size

    def run(self, work: Callable[[int], Answer], what: str) -> Answer:
        """``work(size)``, asked again with half of the size as often as it raises ``torch.OutOfMemoryError``.

        Args:
            work: starts from the beginning whenever it is called, and must leave nothing behind when it fails.
            what: names the work in the log and in the error.

        Raises:
            FlatError: one at a time is too much.
        """
        while True:
            try:
                return work(self.size)
            except torch.OutOfMemoryError:
                if self.size <= 1:
                    raise FlatError(
                        what,
                        "one at a time is too much for the GPU's memory",
                        "free the GPU of other jobs, take a larger one, or set device: cpu for this model in the study",
                    ) from None
            # outside the handler: the failed attempt's tensors are alive as long as its traceback is
            self.size = max(1, self.size // 2)
            log.warning("%s: CUDA is out of memory; going on with %d at a time", what, self.size)
            torch.cuda.empty_cache()
