"""Snakemake's plan of a large study, without what it does once a job though once a rule would do.

A plan of 23,000 jobs takes a minute, most of it Snakemake's own. Each function here spares one repetition and changes
no answer: which jobs there are, why they run, and what is refused stays as it is (a test compares plans with and
without). Each looks first whether Snakemake has what it replaces, and leaves another version alone.
"""

import inspect
import os
from collections.abc import Callable, Iterable
from functools import wraps

KNOWN = "9."  # major version whose code was read


def hasten(functions: Iterable[Callable]) -> list[str]:
    """Spare the repetitions; the names of those spared.

    Args:
        functions: input and parameter functions of the workflow, whose signatures Snakemake asks for at each job.
    """
    import snakemake  # for cost: not for those who import this module without a workflow

    if not snakemake.__version__.startswith(KNOWN):
        return []
    spared = (
        take_signatures,
        environment_once_a_rule,
        script_once_a_rule,
        silent_dry_run,
        outputs_apart,
        files_without_storage,
    )
    return [spare.__name__ for spare in spared if (spare(functions) if spare is take_signatures else spare())]


def take_signatures(functions: Iterable[Callable]) -> bool:
    """Take each function's signature once: Snakemake asks thirty times a job. By its own helper for such cases."""
    from snakemake import common, resources  # for cost

    note = getattr(common, "overwrite_function_params", None)
    if note is None or not hasattr(common, "get_function_params"):
        return False
    for function in functions:
        note(function, inspect.signature(function).parameters)
    evaluate = getattr(getattr(resources, "Resource", None), "evaluate", None)
    if inspect.isfunction(evaluate):  # as a bound method has them: without self
        note(evaluate, dict(list(inspect.signature(evaluate).parameters.items())[1:]))
    return True


def environment_once_a_rule() -> bool:
    """Ask for a rule's conda environment once: each job would expand its params to find the rule's fixed file."""
    from snakemake import jobs, rules  # for cost

    found = vars(jobs.Job).get("conda_env_spec")
    unknown = getattr(rules, "_NOT_CACHED", None)
    if not isinstance(found, property) or unknown is None or hasattr(found.fget, "__wrapped__"):
        return hasattr(getattr(found, "fget", None), "__wrapped__")
    asked = found.fget

    @wraps(asked)
    def conda_env_spec(job):
        kept = getattr(job.rule, "_expanded_conda_env", unknown)  # Snakemake's own memory, of fixed files alone
        return asked(job) if kept is unknown else kept

    jobs.Job.conda_env_spec = property(conda_env_spec)
    return True


def script_once_a_rule() -> bool:
    """Look for a rule's script once: each job would open and read it, and expand its params to name it."""
    from snakemake import dag  # for cost

    processor = getattr(dag, "ScriptProcessor", None)
    asked = vars(processor).get("process_job") if processor else None
    if asked is None or hasattr(asked, "__wrapped__"):
        return asked is not None

    @wraps(asked)
    def process_job(self, job):
        entry = str(getattr(job.rule, self.script_type, None) or "")
        seen = self.__dict__.setdefault("seen", set())
        if "{" in entry or job.rule.name not in seen:  # a script that a job's wildcards or params name is its own
            asked(self, job)
            seen.add(job.rule.name)

    processor.process_job = process_job
    return True


def silent_dry_run() -> bool:
    """Make no message of a job in a dry run that shows none (``-n --quiet rules``)."""
    from snakemake.executors import dryrun  # for cost
    from snakemake.settings.types import Quietness  # for cost

    asked = vars(dryrun.Executor).get("printjob")
    if asked is None or hasattr(asked, "__wrapped__"):
        return asked is not None

    @wraps(asked)
    def printjob(self, job):
        shown = self.workflow.output_settings
        silent = {Quietness.RULES, Quietness.ALL} & set(shown.quiet or ())
        # a logger's plugin hears of jobs that the terminal does not show; a shared cache has a message of its own
        if not silent or shown.log_handler_settings or self.workflow.workflow_settings.cache is not None:
            asked(self, job)

    dryrun.Executor.printjob = printjob
    return True


def outputs_apart() -> bool:
    """Ask whether an output lies in another by the folders of all outputs, not by sorting paths and comparing each.

    Where one does, or paths are not written alike, Snakemake's own check runs and says what it has to say.
    """
    from snakemake import dag  # for cost

    asked = vars(dag.DAG).get("check_directory_outputs")
    if asked is None or hasattr(asked, "__wrapped__"):
        return asked is not None

    @wraps(asked)
    def check_directory_outputs(self):
        if may_be_nested({str(file) for job in self.jobs for file in job.output}):
            asked(self)

    dag.DAG.check_directory_outputs = check_directory_outputs
    return True


def may_be_nested(paths: set[str]) -> bool:
    """Whether one of the paths may lie in another: False is sure."""
    absolute = {os.path.isabs(path) for path in paths}
    if len(absolute) > 1 or any(path != os.path.normpath(path) for path in paths):
        return True
    folders: set[str] = set()
    for path in paths:
        folder = os.path.dirname(path)
        while folder and folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return not folders.isdisjoint(paths)


def files_without_storage() -> bool:
    """Ask a file's own flags whether it is of a storage plugin, not by way of an abstract class: 120 times a job."""
    from snakemake import io  # for cost

    asked = vars(io._IOFile).get("is_storage") if hasattr(io, "_IOFile") else None
    if not isinstance(asked, property) or not hasattr(io, "AnnotatedString") or hasattr(asked.fget, "__wrapped__"):
        return hasattr(getattr(asked, "fget", None), "__wrapped__")
    annotated, slowly = io.AnnotatedString, asked.fget

    @wraps(slowly)
    def is_storage(file):
        own = file._file
        if type(own) is annotated:
            return bool(own._flags.get("storage_object"))
        return type(own) is not str and slowly(file)

    io._IOFile.is_storage = property(is_storage)
    return True
