"""A study file, read and checked."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from flat.errors import StudyError
from flat.plugins.registry import activate
from flat.study import checks, guard_checks, path_checks
from flat.study.bounds import black_boxes, options, plain, plan_size
from flat.study.schema import Study

MOST_PROBLEMS = 20  # that one message lists


def parse(values: object, where: str = "the study") -> Study:
    """A validated study from plain data.

    Raises:
        StudyError: names each wrong key with its path, what was found and what is allowed; or file and line of a plugin
            that cannot be loaded.
    """
    plain.check(values, where)
    if isinstance(values, dict) and isinstance(given := values.get("plugins", []), list):
        activate([str(one) for one in given], f"{where}: plugins")
    try:
        study = Study.model_validate(values)
    except ValidationError as error:
        problems = []
        for item in error.errors()[:MOST_PROBLEMS]:
            path = ".".join(str(part) for part in item["loc"]) or "(top)"
            found = repr(item["input"])
            shown = (
                f", found {found if len(found) <= 80 else found[:77] + '...'}" if "missing" not in item["type"] else ""
            )
            problems.append(f"{path}: {item['msg'].removeprefix('Value error, ')}{shown}")
        if error.error_count() > MOST_PROBLEMS:
            problems.append(f"and {error.error_count() - MOST_PROBLEMS} more")
        raise StudyError(
            where,
            "it cannot be run as written:\n    " + "\n    ".join(problems),
            "correct these keys; config/schema/study.json lists every key with its allowed values",
        ) from None
    for part in (path_checks, plan_size, checks, black_boxes, options, guard_checks):
        part.check(study, where)
    return study


def load(path: str | Path) -> Study:
    """The study of a YAML file, validated.

    Raises:
        StudyError: the file is absent, is not YAML, or says something that cannot be run.
    """
    try:
        loader = yaml.SafeLoader(Path(path).read_text(encoding="utf-8"))
        node = loader.get_single_node()
        plain.check_nodes(node, str(path))  # before merges (<<: *name) are written out
        values = None if node is None else loader.construct_document(node)
    except FileNotFoundError:
        raise StudyError(str(path), "no such file", "give the study with --configfile config/<study>.yaml") from None
    except (yaml.YAMLError, ValueError) as error:  # no UTF-8; a date or a number that is none
        raise StudyError(str(path), f"not a YAML file ({error})", "correct the syntax at that line") from None
    except RecursionError:
        raise StudyError(str(path), "lists or mappings stand too deep in one another", "write it flatter") from None
    return parse(values, str(path))
