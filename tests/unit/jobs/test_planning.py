"""What spares Snakemake's repetitions applies to the Snakemake of the lock, once, and to no other."""

from types import SimpleNamespace

import pytest
import snakemake
import snakemake.api  # before its parts, which import one another
from snakemake import common, dag, io, jobs, rules
from snakemake.executors import dryrun
from snakemake.resources import Resource
from snakemake.settings.types import Quietness

from flat.jobs import planning

NAMES = [
    "take_signatures",
    "environment_once_a_rule",
    "script_once_a_rule",
    "silent_dry_run",
    "outputs_apart",
    "files_without_storage",
]


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """Snakemake after the test as before it."""
    monkeypatch.setattr(jobs.Job, "conda_env_spec", vars(jobs.Job)["conda_env_spec"])
    monkeypatch.setattr(dag.ScriptProcessor, "process_job", vars(dag.ScriptProcessor)["process_job"])
    monkeypatch.setattr(dryrun.Executor, "printjob", vars(dryrun.Executor)["printjob"])
    monkeypatch.setattr(dag.DAG, "check_directory_outputs", vars(dag.DAG)["check_directory_outputs"])
    monkeypatch.setattr(io._IOFile, "is_storage", vars(io._IOFile)["is_storage"])
    yield
    vars(Resource.evaluate).pop(common.FUNC_OVERWRITE_PARAMS_ATTR, None)


def test_all_apply_to_this_snakemake_and_none_to_another(monkeypatch):
    assert planning.hasten([]) == NAMES
    once = vars(jobs.Job)["conda_env_spec"].fget, dag.ScriptProcessor.process_job, dryrun.Executor.printjob
    assert planning.hasten([]) == NAMES  # a second time it finds its own and leaves them
    assert once == (vars(jobs.Job)["conda_env_spec"].fget, dag.ScriptProcessor.process_job, dryrun.Executor.printjob)
    monkeypatch.setattr(snakemake, "__version__", "10.0.1")
    assert planning.hasten([]) == []


def test_what_is_absent_is_left_alone(monkeypatch):
    monkeypatch.delattr(common, "overwrite_function_params")
    monkeypatch.delattr(rules, "_NOT_CACHED")
    monkeypatch.delattr(dag, "ScriptProcessor")
    monkeypatch.delattr(dag.DAG, "check_directory_outputs")
    monkeypatch.delattr(io._IOFile, "is_storage")
    assert planning.hasten([]) == ["silent_dry_run"]


def test_signatures_are_those_that_snakemake_would_take():
    def asked(wildcards, attempt, *, threads=1): ...

    resource = Resource("mem_mb", asked)
    plain = [dict(common.get_function_params(f)) for f in (asked, resource.evaluate)]
    assert planning.take_signatures([asked])
    assert [dict(common.get_function_params(f)) for f in (asked, resource.evaluate)] == plain
    given = {"attempt": 2, "threads": 3, "input": []}
    assert common.get_input_function_aux_params(asked, given) == {"attempt": 2, "threads": 3}
    assert common.get_input_function_aux_params(resource.evaluate, given) == given


def test_a_script_is_looked_for_once_a_rule_unless_jobs_name_their_own(monkeypatch):
    looked = []
    monkeypatch.setattr(dag.ScriptProcessor, "process_job", lambda self, job: looked.append(job.rule.name))
    assert planning.script_once_a_rule()
    processor = dag.ScriptProcessor(None)
    for name, script in (("a", "a.py"), ("a", "a.py"), ("b", "a.py"), ("c", "{x}.py"), ("c", "{x}.py")):
        processor.process_job(SimpleNamespace(rule=SimpleNamespace(name=name, script=script)))
    assert looked == ["a", "b", "c", "c"]
    dag.ScriptProcessor(None).process_job(SimpleNamespace(rule=SimpleNamespace(name="a", script="a.py")))
    assert looked[4:] == ["a"]  # another plan looks again


def test_a_fixed_environment_is_asked_for_once_and_others_by_each_job(monkeypatch):
    asked = property(lambda job: job.rule.name + " asked")
    monkeypatch.setattr(jobs.Job, "conda_env_spec", asked)
    assert planning.environment_once_a_rule()
    spec = vars(jobs.Job)["conda_env_spec"].fget
    rule = SimpleNamespace(name="a", _expanded_conda_env=rules._NOT_CACHED)
    assert spec(SimpleNamespace(rule=rule)) == "a asked"
    rule._expanded_conda_env = None  # no environment is an answer, too
    assert spec(SimpleNamespace(rule=rule)) is None


@pytest.mark.parametrize(
    "quiet, plugins, cache, printed",
    [
        ({Quietness.RULES}, {}, None, False),
        ({Quietness.ALL}, {}, None, False),
        ({Quietness.HOST}, {}, None, True),
        (None, {}, None, True),
        ({Quietness.RULES}, {"panoptes": object()}, None, True),  # it hears of each job
        ({Quietness.RULES}, {}, ["rule"], True),
    ],
)
def test_only_messages_that_nobody_sees_are_left_out(monkeypatch, quiet, plugins, cache, printed):
    shown = []
    monkeypatch.setattr(dryrun.Executor, "printjob", lambda self, job: shown.append(job))
    assert planning.silent_dry_run()
    settings = SimpleNamespace(quiet=quiet, log_handler_settings=plugins)
    workflow = SimpleNamespace(output_settings=settings, workflow_settings=SimpleNamespace(cache=cache))
    dryrun.Executor.printjob(SimpleNamespace(workflow=workflow), "job")
    assert shown == ["job"] * printed


@pytest.mark.parametrize(
    ("paths", "nested"),
    [
        ({"a/b", "a/c", "ab", "a/b.c/d"}, False),
        ({"/r/a/b", "/r/a/c"}, False),
        ({"a", "a/b"}, True),
        ({"a/b", "c", "a/b/c/d"}, True),
        ({"/r/a", "/r/a/b/c"}, True),
        ({"/r/a", "a/b"}, True),  # it depends on where the plan is made
        ({"a/./b", "a/b/c"}, True),
        ({"a//b", "c"}, True),
        ({"../a", "b"}, False),
        (set(), False),
    ],
)
def test_outputs_in_outputs_are_left_to_snakemake(monkeypatch, paths, nested):
    asked = []
    monkeypatch.setattr(dag.DAG, "check_directory_outputs", lambda self: asked.append(self))
    assert planning.outputs_apart()
    plan = SimpleNamespace(jobs=[SimpleNamespace(output=[path]) for path in paths])
    dag.DAG.check_directory_outputs(plan)
    assert asked == [plan] * nested


def test_files_of_a_storage_are_told_from_others():
    stored = io.flag("s3://bucket/a", "storage_object", SimpleNamespace(query="s3://bucket/a"))
    files = [
        io._IOFile(file, rule=None) for file in ("plain", io.flag("kept", "ancient"), io.flag("no", "temp", False))
    ]
    files.append(io._IOFile("storage", rule=None))
    files[-1]._file = stored
    plain = [file.is_storage for file in files]
    assert planning.files_without_storage()
    assert [file.is_storage for file in files] == plain == [False, False, False, True]
