"""Resources that the catalogue does not pin: what their first use bound, in the words of the catalogue."""

import json
from pathlib import Path

from flat.resources.catalogue import Joined, Resource, Shipped
from flat.resources.places import PROVENANCE
from flat.study.known.resources import CATALOGUE


def unpinned(entry: Resource) -> bool:
    """Whether a fetch of it is compared with no checksum known before."""
    return not isinstance(entry, Shipped | Joined) and entry.content_sha256 is None


def bound(entry: Resource, folder: Path) -> str | None:
    """``content_sha256`` of the files that the first use of an unpinned resource bound; None: not fetched yet."""
    try:
        record = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        return record["content_sha256"] if record["recipe"] == entry.recipe_digest() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def to_pin(entry: Resource, folder: Path) -> str | None:
    """A line that says what to write into the catalogue for a resource; None where there is nothing to write."""
    digest = bound(entry, folder) if unpinned(entry) else None
    if not digest:
        return None
    remedy = f"to pin what is here, write in {CATALOGUE}: content_sha256: {digest}"
    return f"{entry.name}: not pinned by the catalogue; {remedy}"
