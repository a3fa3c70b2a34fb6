"""Names on the Hugging Face hub, which become folders and files here: none may lead out of where it is put."""

import re
from typing import Annotated

from pydantic import AfterValidator

PART = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"  # as the hub names them; never "..", never hidden
_REPOSITORY = re.compile(rf"{PART}(?:/{PART})?")
REPOSITORY_MEANT = "write owner/name, as in the repository's address on the hub"
FILE_MEANT = "write its path in the repository, as data/train.csv"


def is_repository(name: str) -> bool:
    """Whether it is owner/name, or the name alone of a repository without owner."""
    return bool(_REPOSITORY.fullmatch(name)) and ".." not in name and "--" not in name


def is_inside(path: str) -> bool:
    """Whether a path names a file below the folder that it is put into: relative, with / and no empty part or dots."""
    return "\\" not in path and path.isprintable() and not {"", ".", ".."} & set(path.split("/"))


def _repository(name: str) -> str:
    if not is_repository(name):
        raise ValueError(f"{name!r} is no repository of the hub: {REPOSITORY_MEANT}")
    return name


def _inside(path: str) -> str:
    if not is_inside(path):
        raise ValueError(f"{path!r} is no path inside the repository: {FILE_MEANT}")
    return path


Repository = Annotated[str, AfterValidator(_repository)]
FileInside = Annotated[str, AfterValidator(_inside)]
