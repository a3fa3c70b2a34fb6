"""A finished study, found by its file or by its folder of results."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flat.analysis.outcomes import Outcomes
from flat.errors import ArtefactError, FlatError, StudyError
from flat.files.artefacts import read_json, read_table
from flat.files.digests import digest_of
from flat.study import paths
from flat.study.cells import AttackedCell, Cell
from flat.study.grid import attacked_cells, explained_cells, trained_cells
from flat.study.load import load
from flat.study.schema import Study

# where a folder of results may hold its study: a crate, a study redrawn from archives
BESIDE = ("workflow/study.yaml", "published/study.yaml")
YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class Opened:
    """A finished study. Its cells are listed once, since the next study that is loaded brings other plugins.

    Attributes:
        given: as the reader named it.
        study: its ``results`` and ``name`` lead to ``root``.
        root: its folder of results.
        called: the name that the study file gives.
        passport: its provenance.json; empty where there is none.
        outdated: whether the results are of another version of the study file, by the passport.
        trained: cells that are trained. attacked: those under an attack. explained: the same by method.
    """

    given: str
    study: Study
    root: Path
    called: str
    passport: dict
    outdated: bool
    outcomes: Outcomes
    trained: frozenset[Cell]
    attacked: frozenset[AttackedCell]
    explained: dict[str, frozenset[AttackedCell]]


def open_study(given: str | Path) -> Opened:
    """A finished study by its study file or its folder of results.

    Raises:
        StudyError: there is no such study, or no study file of a folder of results.
        ArtefactError: the study was not run to its numbers.
    """
    path = Path(given)
    if path.is_dir():
        study, root = _study_of(path), path
    else:
        study = load(path)
        root = Path(paths.of(study).root)
    called, values = study.name, study.model_dump(mode="json")
    there = root.resolve()
    study = study.model_copy(update={"results": str(there.parent), "name": there.name})
    measurements = paths.of(study).measurements()
    if not Path(measurements).is_file():
        problem = "no such file: this study was not run to its numbers"
        raise ArtefactError(str(root / "measurements.parquet"), problem, f"run it: flat run {given}")
    passport = there / "provenance.json"
    about = read_json(passport) if passport.is_file() else {}
    return Opened(
        given=str(given),
        study=study,
        root=there,
        called=called,
        passport=about,
        outdated=about.get("study", {}).get("digest", digest_of(values)) != digest_of(values),
        outcomes=Outcomes(study, read_table(measurements)),
        trained=frozenset(trained_cells(study)),
        attacked=frozenset(attacked_cells(study)),
        explained={m: frozenset(explained_cells(study, m)) for m in study.interpretation.methods},
    )


def _study_of(folder: Path) -> Study:
    """The study whose results lie in a folder: its copy there, else the study file of that name beside it."""
    copies = [folder / name for name in BESIDE if (folder / name).is_file()]
    if copies:
        return load(copies[0])
    for path in _study_files(folder):
        try:
            study = load(path)
        except FlatError:
            continue
        if study.name == folder.resolve().name:
            return study
    remedy = f"give the study file instead, or a copy of it as {folder / BESIDE[0]}"
    raise StudyError(str(folder), "no study file of these results is found", remedy)


def _study_files(folder: Path) -> Iterator[Path]:
    """Study files named as the folder, then all others, in ``config`` here and beside the folder of results."""
    name = folder.resolve().name
    for place in dict.fromkeys([Path("config"), folder.resolve().parents[1] / "config"]):
        files = sorted(path for path in place.glob("*") if path.suffix in YAML)
        yield from sorted(files, key=lambda path: path.stem != name)
