"""A finished seed's archive: what ``flat.published.contents`` lists, a manifest, and what the run itself concluded."""

from collections.abc import Mapping
from pathlib import Path

from flat.analysis.guards.flags import FLAGS_SCHEMA
from flat.analysis.intervals import SCHEMA as INTERVALS
from flat.analysis.measurements import SCHEMA as MEASUREMENTS
from flat.analysis.measurements import ledger_values
from flat.attacks.ledger import SCHEMA as LEDGER
from flat.errors import ArtefactError, StudyError
from flat.files.artefacts import read_json, read_table
from flat.files.digests import sha256_of
from flat.published import archive, wordless
from flat.published.contents import LEFT_OUT, RUN, as_json, pieces
from flat.published.parts import Part, of_part
from flat.published.seeds import alone
from flat.study import paths
from flat.study.cells import AttackedCell
from flat.study.grid import attacked_cells
from flat.study.schema import Study
from flat.study.settings import all_seeds

FOLDER = "results/published"
MEASURED = "as_measured"  # folder of an archive: what the run concluded, to compare what is redrawn with
TABLES = {
    "measurements.parquet": MEASUREMENTS,
    "intervals.parquet": INTERVALS,
    "guards.parquet": MEASUREMENTS,
    "flags.parquet": FLAGS_SCHEMA,
}
TEXTS = ("claims.csv", "claim_cells.csv")
PASSPORT = ("study", "environment", "jobs", "resources", "artefacts", "written")
OWN_PLACES = ("results", "mirror")  # keys of a study that say where its owner keeps files
LICENCE = (
    "No text of a data set is in this archive. Ids, labels, outcomes and measured numbers are published under this "
    "repository's licence; words with their counts and synonyms (importance) stand singly, without any text. Each data "
    "set and resource keeps its own terms: passport.json, resources."
)


def pack(study: Study, seed: int, to: str | Path = FOLDER, root: str | Path = ".", part: Part | None = None) -> Path:
    """Write the archive of one seed and its line of SHA256SUMS; its path.

    Args:
        part: the part of the study that was run by itself; None: the whole study was.
        to: folder of archives; the study's have a folder of their own in it.
        root: folder that the study's paths are relative to.

    Raises:
        StudyError: the study has no such seed.
        ArtefactError: files are missing or of different runs, or the seed was packed before with other content.
    """
    if seed not in all_seeds(study):
        named = ", ".join(map(str, all_seeds(study)))
        raise StudyError(f"study {study.name}", f"it has no seed {seed}", f"give --seed one of {named}")
    study = of_part(study, part) if part else study
    folder = Path(root) / paths.of(study).root
    listed = pieces(study, seed)
    _refuse_unfinished(folder, seed, {path for piece in listed for path in (piece.path, *piece.more)})
    measured = read_table(folder / "measurements.parquet")
    seeds = sorted(map(int, measured["seed"].unique()))
    _refuse_other_run(study, seed, folder, measured)
    if part:
        _refuse_other_parts(part, folder, measured)
    if seeds == [seed] and (run := alone(study, seed)):  # what is measured of a first seed is measured of this one
        own = pieces(run, seed)
        _refuse_unfinished(folder, seed, {path for piece in own for path in (piece.path, *piece.more)})
        listed = sorted({piece.path: piece for piece in (*own, *listed)}.values(), key=lambda piece: piece.path)
    files = {piece.path: piece.content(folder) for piece in listed}
    made_from = {piece.path: {"made_from": sha256_of(folder / piece.path)} for piece in listed}
    changed = {path: of for path, of in made_from.items() if of["made_from"] != archive.sha256(files[path])}
    passport = read_json(folder / "provenance.json")
    manifest = {
        "study": as_values(study),
        "seed": seed,
        "part": list(part) if part else None,
        "seeds_as_measured": seeds,
        "code": passport["environment"]["code"],
        "python": passport["environment"]["python"],
        "packages": passport["environment"]["packages"],
        "left_out": LEFT_OUT,
        "licence": LICENCE,
        "files": changed,
    }
    evidence = _evidence(folder, passport)
    path = archive.archive_of(Path(to) / study.name, seed, part)
    archive.write(path, archive.packed(manifest, files | evidence))
    return path


def as_values(study: Study) -> dict:
    """The study as plain data, without the places of its owner's files."""
    return {key: value for key, value in study.model_dump(mode="json").items() if key not in OWN_PLACES}


def _refuse_unfinished(folder: Path, seed: int, needed: set[str]) -> None:
    needed |= {*TABLES, *TEXTS, "provenance.json"}
    missing = sorted(path for path in needed if not (folder / path).is_file())
    if missing:
        problem = f"missing, with {len(missing) - 1} more of the {len(needed)} files of seed {seed}"
        raise ArtefactError(str(folder / missing[0]), problem, RUN.format(seed=seed))


def _refuse_other_run(study: Study, seed: int, folder: Path, measured) -> None:
    """Measurements hold what the seed's ledgers say, whatever ran between them."""
    place, where = paths.Paths(str(folder)), str(folder / "measurements.parquet")
    names = [name for name in MEASUREMENTS.names if name not in ("round", "value", "n", "dropped", "k")]
    plain = measured[(measured["method"] == "") & (measured["seed"] == seed)]
    stored = dict(zip(plain[names].itertuples(index=False, name=None), plain["value"], strict=True))
    for a in attacked_cells(study):
        if a.cell.seed != seed:
            continue
        for metric, (value, _) in _recounted(study, place, a).items():
            row = {**vars(a.cell), "attack": a.attack, "method": "", "pair_set": "", "metric": metric}
            found = stored.get(tuple(row[name] for name in names))
            if str(found) != str(value):
                said = "nothing" if found is None else f"{found:g}"
                cell = "/".join([*map(str, vars(a.cell).values()), a.attack])
                problem = f"it says {said} of {metric} of {cell}, whose ledger says {value:g}"
                raise ArtefactError(where, problem, RUN.format(seed=seed))


def _refuse_other_parts(part: Part, folder: Path, measured) -> None:
    """What a part's run concluded is of that part alone: it is compared with what is redrawn of the part."""
    other = set(measured[["dataset", "model"]].itertuples(index=False, name=None)) - {part}
    if other:
        problem = f"it is of {'/'.join(min(other))} too, not of {part} alone"
        remedy = "run the part alone (its study file: python -m flat.published part), or pack the whole seed"
        raise ArtefactError(str(folder / "measurements.parquet"), problem, remedy)


def _recounted(study: Study, place: paths.Paths, a: AttackedCell) -> dict[str, tuple]:
    path = place.test_ledger("ledger.parquet", a.attack, **paths.coordinates(a.cell))
    words = None
    if study.models[a.cell.model].looks_up:
        words = wordless.words_of(Path(place.data(a.cell.dataset, "vocabulary.json")))
    return ledger_values(read_table(path, LEDGER.names), words, path)


def _evidence(folder: Path, passport: Mapping) -> dict[str, bytes]:
    """What the run concluded, with paths below its results, and its passport without the records of single files.

    The folder may have been moved since: where it was, the passport tells.
    """
    root = next(path.removesuffix("/claims.csv") for path in passport["artefacts"] if path.endswith("/claims.csv"))
    found = {name: wordless.parquet(read_table(folder / name), schema) for name, schema in TABLES.items()}
    found |= {name: (folder / name).read_text(encoding="utf-8").replace(f"{root}/", "").encode() for name in TEXTS}
    kept = {key: passport[key] for key in PASSPORT if key in passport}
    kept["artefacts"] = {path.removeprefix(f"{root}/"): digest for path, digest in kept["artefacts"].items()}
    found["passport.json"] = as_json(kept)
    return {f"{MEASURED}/{name}": data for name, data in found.items()}
