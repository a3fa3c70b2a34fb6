"""A study file, read and checked."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from flat.errors import StudyError
from flat.plugins.registry import activate
from flat.study import checks, guard_checks, path_checks
from flat.study.bounds import black_boxes, names, near_keys, options, plain, plan_size
from flat.study.schema import Study

MOST_PROBLEMS = 20  # that one message lists
# what is asked of a study, stage after stage: a later one takes for granted what an earlier one has found
STAGES = ((path_checks, plan_size, names), (checks, black_boxes, options, guard_checks))
CORRECT = "correct these keys; config/schema/study.json lists every key with its allowed values"


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
        found = [StudyError(f"{where}: {place}", problem, "") for place, problem in near_keys.problems(values, error)]
        if (mended := near_keys.mended(values, error)) is not None:  # what else is wrong is told at once
            found += _misfits(mended, where)
        raise _together(found, where) from None
    if found := _misfits(study, where):
        raise _together(found, where)
    return study


def _misfits(study: Study, where: str) -> list[StudyError]:
    """What cannot be run of a study whose keys and values are as the schema says: one error for each place."""
    for parts in STAGES:
        found: dict[str, StudyError] = {}
        for part in parts:
            for error in part.misfits(study, where):
                found.setdefault(error.where, error)
        if found:
            return list(found.values())
    return []


def _together(found: list[StudyError], where: str) -> StudyError:
    """One error that tells all of them, MOST_PROBLEMS at most."""
    if len(found) == 1 and found[0].remedy:
        return found[0]
    told = []
    for error in found[:MOST_PROBLEMS]:
        told.append(f"{error.where.removeprefix(f'{where}: ')}: {error.problem}")
        told += [f"  remedy: {error.remedy}"] if error.remedy else []
    if len(found) > MOST_PROBLEMS:
        told.append(f"and {len(found) - MOST_PROBLEMS} more")
    return StudyError(where, "it cannot be run as written:\n    " + "\n    ".join(told), CORRECT)


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
