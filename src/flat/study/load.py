"""A study file, read and checked."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from flat.errors import StudyError
from flat.study import checks, guard_checks, path_checks
from flat.study.schema import Study


def parse(values: object, where: str = "the study") -> Study:
    """A validated study from plain data.

    Raises:
        StudyError: names each wrong key with its path, what was found and what is allowed.
    """
    try:
        study = Study.model_validate(values)
    except ValidationError as error:
        problems = []
        for item in error.errors():
            path = ".".join(str(part) for part in item["loc"]) or "(top)"
            found = repr(item["input"])
            shown = (
                f", found {found if len(found) <= 80 else found[:77] + '...'}" if "missing" not in item["type"] else ""
            )
            problems.append(f"{path}: {item['msg']}{shown}")
        raise StudyError(
            where,
            "it cannot be run as written:\n    " + "\n    ".join(problems),
            "correct these keys; config/schema/study.json lists every key with its allowed values",
        ) from None
    for part in (path_checks, checks, guard_checks):
        part.check(study, where)
    return study


def load(path: str | Path) -> Study:
    """The study of a YAML file, validated.

    Raises:
        StudyError: the file is absent, is not YAML, or says something that cannot be run.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(str(path), "no such file", "give the study with --configfile config/<study>.yaml") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(str(path), f"not a YAML file ({error})", "correct the syntax at that line") from None
    return parse(values, str(path))
