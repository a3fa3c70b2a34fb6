"""What spares Snakemake's repetitions applies to the Snakemake of the lock, once, and to no other."""

import subprocess
import sys
from collections import Counter
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
    "resources_once_a_kind",
]


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """Snakemake after the test as before it."""
    monkeypatch.setattr(jobs.Job, "conda_env_spec", vars(jobs.Job)["conda_env_spec"])
    monkeypatch.setattr(dag.ScriptProcessor, "process_job", vars(dag.ScriptProcessor)["process_job"])
    monkeypatch.setattr(dryrun.Executor, "printjob", vars(dryrun.Executor)["printjob"])
    monkeypatch.setattr(dag.DAG, "check_directory_outputs", vars(dag.DAG)["check_directory_outputs"])
    monkeypatch.setattr(io._IOFile, "is_storage", vars(io._IOFile)["is_storage"])
    monkeypatch.setattr(io, "AnnotatedStringInterface", io.AnnotatedStringInterface)
    monkeypatch.setattr(rules, "Wildcards", rules.Wildcards)
    monkeypatch.setattr(rules.Rule, "expand_resources", vars(rules.Rule)["expand_resources"])
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
    monkeypatch.delattr(rules, "Wildcards")
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


def test_what_is_flagged_stays_so():
    files = [io.flag("a", "temp"), io.flag("b", "temp", False), "c", io._IOFile(io.flag("d", "temp"), rule=None)]
    plain = [io.is_flagged(file, "temp") for file in files]
    assert planning.files_without_storage()
    assert [io.is_flagged(file, "temp") for file in files] == plain == [True, False, False, True]


# functions write who asked them. ``memory`` looks at the model, ``cores`` at the model and of "b" at the seed too,
# ``every`` at each wildcard, ``sized`` at the input
ASKED = """
from flat.jobs.planning import hasten

def note(*words):
    with open("asked", "a") as file:
        print(*words, file=file)

def memory(wildcards, attempt):
    note("memory", wildcards.model)
    return (1000 if wildcards.get("model") == "a" else 3000) * attempt

def cores(wildcards):
    note("cores", wildcards["model"])
    return 1 if "shard" in wildcards.keys() or wildcards.model == "a" else 1 + int(wildcards.seed)

def every(wildcards):
    note("every")
    return len(".".join(wildcards))

def sized(wildcards, input):
    note("sized")
    return len(input[0]) + len(wildcards.model)

rule all:
    input:
        expand("{model}.{seed}.{kind}", model=["a", "b"], seed=range(2), kind=["one", "two", "three"]),

rule first:
    output: "start"
    shell: "touch {output}"

rule one:
    output: "{model}.{seed}.one"
    threads: cores
    resources: mem_mb=memory
    retries: 1
    shell: "test {resources.mem_mb} -ge 2000 && echo {threads} {resources.mem_mb} {resources.mem_mib} > {output}"

rule two:
    output: "{model}.{seed}.two"
    resources: mem_mb=memory, size=every
    shell: "echo {resources.size} > {output}"

rule three:
    input: "start"
    output: "{model}.{seed}.three"
    resources: size=sized
    shell: "echo {resources.size} > {output}"

if config.get("hasten"):
    hasten([memory, cores, every, sized])
"""


def test_resources_are_asked_once_for_jobs_that_differ_in_nothing_they_look_at(tmp_path):
    plans, asked, made = [], [], []
    for hasten in ("", "yes"):
        folder = tmp_path / (hasten or "no")
        folder.mkdir()
        (folder / "Snakefile").write_text(ASKED)
        call = [sys.executable, "-m", "snakemake", "--cores", "3", "--config", f"hasten={hasten}"]
        plan = subprocess.run([*call, "-n"], cwd=folder, check=True, capture_output=True, text=True).stdout
        wanted = ("output:", "threads:", "resources:")
        plans.append(sorted(line for line in plan.splitlines() if line.strip().startswith(wanted)))
        asked.append(Counter((folder / "asked").read_text().splitlines()))
        subprocess.run([*call, "--quiet", "all"], cwd=folder, check=True, capture_output=True)
        made.append({path.name: path.read_text() for path in folder.glob("*.*.*")})
    assert plans[0] == plans[1] and len(plans[0]) > 12
    assert made[0] == made[1] and len(made[0]) == 12
    # 1000 MB are too few for the first attempt of a; b has as many threads as its seed says
    assert made[1]["a.0.one"] == "1 2000 1908\n" and made[1]["b.1.one"] == "2 3000 2862\n"
    assert made[1]["a.0.two"] == "3\n" and made[1]["b.0.three"] == "6\n"
    assert asked[0]["memory a"] == asked[0]["cores a"] * 2 == 4
    assert asked[1]["cores a"] == 1 and asked[1]["cores b"] == 2 and asked[1]["sized"] == asked[0]["sized"] == 4
    # in "two" beside a function of every wildcard
    assert asked[1]["memory a"] == 1 + 2 and asked[1]["memory b"] == 2 + 2


def test_resources_that_a_call_sets_are_computed_for_each_job(tmp_path):
    """They may look at what the workflow's own do not."""
    (tmp_path / "Snakefile").write_text(ASKED)
    call = [sys.executable, "-m", "snakemake", "-n", "--cores", "3", "--config", "hasten=yes", "--set-resources"]
    call += ["one:mem_mb=1000 * (1 + int(wildcards.seed))", "one:length=len(wildcards.model)"]
    call += ["--", "a.1.one", "a.2.one"]
    plan = subprocess.run(call, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "mem_mb=2000" in plan and "mem_mb=3000" in plan and plan.count("length=1") == 2
