"""The note on resources that were compared with no checksum known before their first use here."""

from collections.abc import Iterable

from flat.resources.catalogue import fetched, load_catalogue
from flat.resources.pins import bound, unpinned
from flat.resources.places import folder_of
from flat.study.known.recipes import made_from
from flat.study.known.resources import is_own


def note(study, datasets: Iterable[str], models: Iterable[str], attacks: Iterable[str]) -> list[str]:
    """One sentence that names the unpinned resources behind these parts of a study; nothing where there is none.

    The digest is that of the resource's record, by which its first use is binding (docs/resources.md).
    """
    names = [name for part in datasets for name in study.datasets[part].source.resources]
    for part in models:
        names += [study.models[part].vectors, study.models[part].checkpoint]
    for part in attacks:
        names += [made_from(role, name) for role, name in study.attacks[part].resources.items()]
    catalogue = load_catalogue()
    known = dict.fromkeys(name for name in names if name and not is_own(name) and name in catalogue)
    parts = []
    for entry in filter(unpinned, fetched(known, catalogue)):
        digest = bound(entry, folder_of(entry.name))
        parts.append(f"{entry.name} ({f'sha256 {digest}' if digest else 'no record here'})")
    return [f"Not pinned by their publishers, so bound at first use: {', '.join(parts)}."] if parts else []
