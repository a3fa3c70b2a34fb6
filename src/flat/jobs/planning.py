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
TEMPORARY = "tmpdir", "system_tmpdir"  # Snakemake's own resource of each job


def hasten(functions: Iterable[Callable]) -> list[str]:
    """Spare the repetitions; the names of those spared.

    Args:
        functions: input, parameter and resource functions of the workflow, which Snakemake asks at each job.
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
        resources_once_a_kind,
    )
    of_functions = (take_signatures, resources_once_a_kind)
    return [spare.__name__ for spare in spared if (spare(functions) if spare in of_functions else spare())]


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
    """Ask a file's own flags whether it is of a storage plugin (120 times a job), temporary or a pipe, not by way of an
    abstract class."""
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
    interface = getattr(io, "AnnotatedStringInterface", None)
    if isinstance(interface, type):  # asked of files nearly always: what they are is found before what they stand for
        io.AnnotatedStringInterface = (io._IOFile, annotated, interface)
        if io._IOFile.is_flagged is annotated.is_flagged is interface.is_flagged:

            def is_flagged(file, flag):
                own = file._file
                return bool(own._flags.get(flag)) if type(own) is annotated else bool(file.flags.get(flag))

            io._IOFile.is_flagged = is_flagged
    return True


def resources_once_a_kind(functions: Iterable[Callable]) -> bool:
    """Compute resources once for all jobs of a rule that differ in nothing which its resource functions look at.

    What these look at is noted when they are asked. Snakemake computes them for each job as ever if a function looks at
    every wildcard, is given more than wildcards, attempt and threads, or is none of ``functions`` (one that a call or
    a profile sets). Wildcards are put together once for all functions that are asked about them one after the other.
    """
    from snakemake import iocontainers, rules  # for cost

    asked, plain = vars(rules.Rule).get("expand_resources"), getattr(rules, "Wildcards", None)
    if asked is None or hasattr(asked, "__wrapped__"):
        return asked is not None
    if plain is not iocontainers.Wildcards:
        return False
    own = {f for f in functions if set(inspect.signature(f).parameters) <= {"wildcards", "attempt", "threads"}}
    last: list = []  # wildcards as a dict, and as functions are given them
    noted: list[set[str]] = []  # of the call that is being answered

    def wildcards(fromdict):
        if not last or last[0] != fromdict:
            last[:] = dict(fromdict), plain(fromdict=fromdict)
        made = last[1]
        return _Noting(made, noted[-1]) if noted else made

    @wraps(asked)
    def expand_resources(self, wildcards, input, attempt, skip_evaluation=None):
        skipped = frozenset(skip_evaluation or ())
        functions = [r for r in self.resources.values() if r.name not in skipped and r.is_evaluable()]
        if not all((r.name, r.raw) == TEMPORARY or inspect.unwrap(r._evaluator) in own for r in functions):
            return asked(self, wildcards, input, attempt, skip_evaluation)
        kinds = self.__dict__.setdefault("_resources_of_kinds", {})
        same = attempt, skipped, self.workflow.resource_settings.max_threads
        same += tuple((name, _value(limit)) for name, limit in self.workflow.global_resources.items())
        for looked_at, known in kinds.items():
            found = known.get((same, tuple(wildcards.get(name) for name in looked_at)))
            if found is not None:
                return iocontainers.ResourceList(fromdict=found)
        noted.append(set())
        try:
            found = asked(self, wildcards, input, attempt, skip_evaluation)
        finally:
            looked_at = tuple(sorted(noted.pop()))
        if len(looked_at) < len(wildcards):
            key = same, tuple(wildcards.get(name) for name in looked_at)
            kinds.setdefault(looked_at, {})[key] = dict(found.items())
        return found

    rules.Wildcards, rules.Rule.expand_resources = wildcards, expand_resources
    return True


def _value(limit):
    return getattr(limit, "_value", limit)


class _Noting:
    """Wildcards that note which of them are looked at."""

    def __init__(self, wildcards, noted: set[str]):
        self._wildcards, self._noted = wildcards, noted

    def __getattr__(self, name):
        value, names = getattr(self._wildcards, name), self._wildcards.keys()
        self._noted.update([name] if name in names else names)
        return value

    def __getitem__(self, key):
        self._noted.update([key] if isinstance(key, str) else self._wildcards.keys())
        return self._wildcards[key]

    def __iter__(self):
        self._noted.update(self._wildcards.keys())
        return iter(self._wildcards)

    def get(self, name, default=None):
        self._noted.add(name)
        return self._wildcards.get(name, default)

    def keys(self):  # the same for all jobs of a rule
        return self._wildcards.keys()
