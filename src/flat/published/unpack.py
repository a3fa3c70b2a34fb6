"""Archives of several seeds as one folder of results, and the study that such a folder is of."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from flat.errors import ArtefactError, StudyError
from flat.files.artefacts import atomic, read_json, read_table, write_json, write_table, write_text
from flat.files.digests import sha256_of
from flat.published import archive
from flat.published.archive import Archive
from flat.published.contents import merged, pieces
from flat.published.pack import MEASURED, as_values
from flat.published.parts import of_part
from flat.study import paths
from flat.study.load import parse
from flat.study.schema import Study
from flat.study.settings import all_seeds

BESIDE = "published"  # folder of results that holds what is not the run's own: manifests, what was measured, the study
UNPACKED, STUDY = "unpacked.json", "study.yaml"
MAY_DIFFER = ("title", "seeds", "overrides", "device", "sharding", "torch_threads")  # checked apart, or of no number


def refuse_other_study(study: Study, found: Iterable[Archive]) -> None:
    """Every archive is of this study, but for what changes no number of a seed.

    Raises:
        ArtefactError: names the archive and the keys that differ.
    """
    for one in found:
        mine = as_values(of_part(study, one.part) if one.part else study)
        try:
            theirs = as_values(parse(one.manifest["study"], f"the manifest of {one.path}"))
        except StudyError as error:
            remedy = "redraw with the commit of this repository that the manifest names (code)"
            raise ArtefactError(str(one.path), f"its study is none for this code ({error.problem})", remedy) from None
        keys = [key for key in mine if key not in MAY_DIFFER and mine[key] != theirs[key]]
        keys += ["overrides"] if _plain(mine["overrides"]) != _plain(theirs["overrides"]) else []
        if keys:
            problem = f"it is of the study {theirs['name']}, which differs from {mine['name']} in {', '.join(keys)}"
            raise ArtefactError(str(one.path), problem, "give the study file that it was packed with")


def _plain(overrides: Sequence[Mapping]) -> list[Mapping]:
    """Overrides without seeds: which seeds there are, the archives say."""
    plain = ({key: value for key, value in one.items() if key != "seeds"} for one in overrides)
    return [one for one in plain if any(value for key, value in one.items() if key != "where")]


def unpack(study: Study, found: Sequence[Archive]) -> Path:
    """Write the files of the archives below the results of ``study``; that folder.

    Args:
        study: as ``flat.published.seeds.of_archives`` gives it.

    Raises:
        ArtefactError: the folder holds other files, a file that all seeds share differs between two archives, or an
            archive lacks a file.
    """
    root = Path(paths.of(study).root)
    state = {"archives": {one.path.name: sha256_of(one.path) for one in found}, "study": study.model_dump(mode="json")}
    if _is_unpacked(root, state):
        return root
    of_path: dict[str, list[Archive]] = {}
    for one in found:
        for name in one.files:
            if not name.startswith(f"{MEASURED}/"):
                of_path.setdefault(name, []).append(one)
    _refuse_lacking(study, found)
    for name, holders in of_path.items():
        _join(study, root, name, holders)
    for one in found:
        write_json(root / beside(one) / archive.MANIFEST, one.manifest)
        for name, data in one.files.items():
            if name.startswith(f"{MEASURED}/"):
                _write(root / beside(one) / name.removeprefix(f"{MEASURED}/"), data)
    write_text(root / BESIDE / STUDY, yaml.safe_dump(state["study"], sort_keys=False, allow_unicode=True))
    write_json(root / BESIDE / UNPACKED, state)  # the last: what is only half there has none
    return root


def beside(one: Archive) -> str:
    """Where below the results the manifest of an archive lies, and what its run concluded."""
    return f"{BESIDE}/{one.path.name.removesuffix('.tar.xz')}"


def _is_unpacked(root: Path, state: Mapping) -> bool:
    if not root.exists() or not any(root.iterdir()):
        return False
    marker = root / BESIDE / UNPACKED
    remedy = "delete that folder, or give another one: --to"
    if not marker.is_file():
        raise ArtefactError(str(root), "it holds files that were not unpacked there (or not all)", remedy)
    if read_json(marker) != state:
        raise ArtefactError(str(root), "other archives were unpacked there, or others of their seeds", remedy)
    return True


def _refuse_lacking(study: Study, found: Sequence[Archive]) -> None:
    held: dict[int, list[Archive]] = {}
    for one in found:
        twice = [other for other in held.setdefault(one.seed, []) if None in (one.part, other.part)]
        if twice:
            problem = f"seed {one.seed} is in {twice[0].path.name} too"
            raise ArtefactError(str(one.path), problem, f"keep one of the two, and its line of {archive.SUMS}")
        held[one.seed].append(one)
        if one.seed not in all_seeds(study):
            raise StudyError(f"study {study.name}", f"it has no seed {one.seed}", f"leave out {one.path}: --seeds")
        own = of_part(study, one.part) if one.part else study
        lacking = sorted({piece.path for piece in pieces(own, one.seed)} - set(one.files))
        if lacking:
            problem = f"it lacks {lacking[0]} (one of {len(lacking)})"
            raise ArtefactError(str(one.path), problem, "pack the seed again, from a run of this study")


def _join(study: Study, root: Path, name: str, holders: Sequence[Archive]) -> None:
    how = merged(study, name)
    if how is None:
        for other in holders[1:]:
            if other.files[name] != holders[0].files[name]:
                problem = f"{name} is another than in {holders[0].path.name}: the seeds are of different runs"
                raise ArtefactError(str(other.path), problem, "run one of the seeds again on the data of the other")
        _write(root / name, holders[0].files[name])
        return
    import pandas as pd  # for cost

    frames = []
    for one in holders:
        with atomic(root / name) as part:  # a frame is read from a file, so that one that is none is told
            part.write_bytes(one.files[name])
            frames.append(read_table(part, how.schema.names))
    frame = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    ordered = frame.sort_values(list(how.order), kind="stable", ignore_index=True)
    write_table(root / name, ordered, how.schema)


def _write(path: Path, data: bytes) -> None:
    with atomic(path) as part:
        part.write_bytes(data)
