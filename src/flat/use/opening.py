"""From what a user names to a study or a trained model."""

from pathlib import Path
from typing import TYPE_CHECKING

from flat.errors import ArtefactError, FlatError, StudyError
from flat.files.artefacts import read_json
from flat.files.digests import digest_of
from flat.study import paths
from flat.study.load import load, parse
from flat.use.checkpoints import located, open_checkpoint
from flat.use.files import Files
from flat.use.study import Study

if TYPE_CHECKING:
    from flat.study.schema import Study as Settings
    from flat.use.model import Model

YAML = (".yaml", ".yml")


def open_study(where: str | Path) -> Study:
    """Open a study's results, finished or not.

    Args:
        where: the study file (``config/demo.yaml``), its results folder (``results/demo``), or the study's name, for
            ``results/NAME``. A study file counts from the folder that the study was run in: its results, its plugins
            and its resources do too. The plugins known are those of the study that was opened last.

    Returns:
        The study.

    Raises:
        StudyError: there is no such study file or folder; or the file cannot be run as written.
    """
    path = Path(where)
    if path.suffix in YAML:
        settings = load(path)
        return Study(Path(paths.of(settings).root), settings)
    root = path if path.is_dir() else Path("results") / path
    if not any((root / part).exists() for part in ("models", "data", "attacks", "measurements.parquet")):
        there = sorted(folder.parent.name for folder in Path("results").glob("*/models"))
        raise StudyError(
            str(where),
            "is neither a study file nor a folder of results",
            f"give config/STUDY.yaml, or results/STUDY; in results there is: {', '.join(there) or 'nothing'}",
        )
    return Study(root, *_told(root))


def _told(root: Path) -> tuple["Settings | None", tuple[str, ...]]:
    """What the passport of a finished study says of its settings; None and why, where it does not.

    Plugins are programs: results that name some are opened without running them, by whoever made the folder.
    """
    place = root / "provenance.json"
    unknown = "The study's settings are not known here: open it by its study file to explain and attack as it did."
    if not place.is_file():
        return None, (unknown,)
    try:
        passport = read_json(place)
        values = passport.get("settings")
        if not values:
            return None, (unknown,)
        if digest_of(values) != passport["study"]["digest"]:
            return None, (f"{unknown} {place} does not fit its own digest.",)
        if values.get("plugins"):
            return None, (f"{unknown} It names plugins, which only a study file lets run.",)
        return parse(values, str(place)), ()
    except ArtefactError:
        raise
    except (FlatError, AttributeError, KeyError, TypeError) as error:
        return None, (f"{unknown} What {place} says cannot be used: {type(error).__name__}.",)


def open_model(where: str | Path, study: str | Path | None = None, device: str | None = None) -> "Model":
    """Open a trained model for raw text.

    Args:
        where: its checkpoint folder, below a results folder; or ``STUDY:DATASET/MODEL/STRATEGY[/TRAIN_ATTACK][/seedN]``
            with a study as ``open_study`` takes it.
        study: of a checkpoint folder the study file, for a study that is not finished or that names plugins.
        device: cpu or cuda; None: a GPU where there is one and the study does not say cpu.

    Returns:
        A ``flat.use.model.Model``.

    Raises:
        StudyError: there is no such model; those that are there are listed.
        ArtefactError: a file of it is absent, or not as its job made it.
    """
    path = Path(where)
    if path.exists():
        root, cell, folder = located(path)
        settings, notes = (open_study(study).settings, ()) if study is not None else _told(root)
        return open_checkpoint(Files(root), cell, folder, settings, device, notes)
    named, colon, name = str(where).rpartition(":")
    if not colon and study is not None:
        named, name = study, str(where)
    elif study is not None:
        raise StudyError(str(where), f"names a study, and {study} is another name of one", "name the study once")
    elif not colon or not named or "/" not in name:
        there = sorted(str(folder.parent) for folder in Path("results").glob("*/models"))
        example = f"{there[0] if there else 'config/STUDY.yaml'}:DATASET/MODEL/STRATEGY"
        raise StudyError(
            str(where),
            "there is no such folder, and it is no STUDY:DATASET/MODEL/STRATEGY either",
            f"write {example}; in results there is: {', '.join(there) or 'nothing'}",
        )
    return open_study(named).model(name, device=device)
