"""Plans of the repository's own studies, README's command lines, and refusals before any job."""

import re
import resource
import shlex
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import page_snippets as pages
import pytest
import yaml
from snakemake.cli import get_argument_parser

pytestmark = pytest.mark.workflow
# as README prints it: behind --resources Snakemake takes `all` for a resource
PAPER = "all --cores 8 --resources gpu=1"


def counts(out: str) -> dict[str, int]:
    rows = (line.split() for line in out.split("Job stats:")[-1].splitlines())
    return {r[0]: int(r[1]) for r in rows if len(r) == 2 and r[1].isdigit()}


def cpu_seconds() -> float:
    """Of the processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def paper_plan(checkout):
    start = cpu_seconds()
    out = checkout.run(*PAPER.split(), "-n", cold=True)
    return out, cpu_seconds() - start


def test_the_papers_study_is_planned_whole(paper_plan):
    out, _ = paper_plan
    jobs = counts(out)
    # one data set more and its base model, for the table of readings
    assert jobs["preprocess"] == 4 + 1 and jobs["make_table"] == 10 + 5 and jobs["draw_figure"] == 5
    assert jobs["train_base"] == 4 * 4 + 1
    # 3 rounds of adv and FLAT for 2 attacks on 16 models, of 3 more ablation and 5 group cells, of 12 readings
    assert jobs["train_round"] == 3 * (2 * 2 * 16 + 3 + 5 + 12)
    assert jobs["interpret_lime"] == 4 * 4 * 6 and jobs["interpret_ig"] == 4 * 4 * 6 + 12
    # Table 4: six attacks on models trained on TextFooler, PWWS on base among them; the transfer matrix replays 12
    assert jobs["attack_test"] == 4 * 4 * 3 * 2 + 4 * (5 * 3 + 2) + 3 + 5 + 12 + 1 and jobs["replay"] == 12


def test_the_cost_model_counts_the_jobs_of_the_plan(paper_plan, repository):
    from flat.cost.facts import data_facts
    from flat.cost.jobs import jobs_of
    from flat.study.load import load

    study = load(repository / "config/config.yaml")
    planned = counts(paper_plan[0])
    expected = Counter(job.rule for job in jobs_of(study, data_facts(study, "no such folder")))
    assert {rule: planned[rule] for rule in expected} == expected
    assert set(planned) - set(expected) <= {"all", "fetch_resource", "total"}


def test_the_study_of_readings_is_planned_as_the_cost_model_counts_it(checkout, repository):
    from flat.cost.facts import data_facts
    from flat.cost.jobs import jobs_of
    from flat.study.load import load

    study = load(repository / "config/readings.yaml")
    jobs = checkout.plan("--", "all", study="config/readings.yaml")
    # rows of a model: base twice, adv in five and FLAT in nine readings, seven of these of two rounds. FLAT starts
    # with a mask of its own
    cells, two_rounds = 2 * 3 * 14, 2 * 3 * 7
    assert jobs["train_base"] == 2 * 3 * 2 and jobs["train_start"] == 2 * 3 * 9
    assert jobs["train_round"] == 3 * cells - two_rounds
    assert jobs["attack_test"] == jobs["attack_calibrated"] == jobs["interpret_ig"] == 2 * 16 * 3
    # adv shares the base model's first attack, but for the two that are attacked in train mode
    assert jobs["attack_train"] == 3 * cells - two_rounds - 2 * 3 * 2
    counted = Counter(job.rule for job in jobs_of(study, data_facts(study, "no such folder")))
    assert {rule: n for rule, n in jobs.items() if rule not in ("all", "fetch_resource")} == counted


def test_a_study_of_the_main_tables_alone_is_planned_without_the_rest(checkout):
    from flat.cost.facts import data_facts
    from flat.cost.jobs import jobs_of
    from flat.study.load import load

    values = yaml.safe_load((checkout.folder / "tests/data/tiny.yaml").read_text())
    values |= {"name": "main-alone", "artefacts": {"main": values["artefacts"]["main"]}}
    del values["tune"]  # it names a strategy that main has not
    path = checkout.folder / "main-alone.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    jobs, tables, figures = (checkout.plan("--", target, study=path.name) for target in ("all", "tables", "figures"))
    assert jobs["make_table"] == tables["make_table"] == 9 and jobs["draw_figure"] == figures["draw_figure"] == 2
    assert not {"measure_importance", "replay", "group_words", "train_start"} & set(jobs)
    assert jobs["attack_test"] == jobs["interpret_ig"] == jobs["interpret_lime"] == 3  # base, adv and FLAT
    study = load(path)
    counted = Counter(job.rule for job in jobs_of(study, data_facts(study, "no such folder")))
    assert {rule: n for rule, n in jobs.items() if rule not in ("all", "fetch_resource")} == counted


def test_metrics_are_planned_as_the_cost_model_counts_them(checkout):
    from flat.cost.facts import data_facts
    from flat.cost.jobs import jobs_of
    from flat.study.load import load

    values = yaml.safe_load((checkout.folder / "tests/data/tiny.yaml").read_text())
    new = checkout.folder / "metrics-none.yaml"  # of another name: nothing of it has run
    new.write_text(yaml.safe_dump(values | {"name": "metrics-none"}, sort_keys=False))
    plain = checkout.plan("--", "all", study=new.name)
    assert "measure_faithfulness" not in plain
    for name, metrics in {"pairs": {"rbo": {}}, "both": {"rbo": {}, "deletion": {"steps": 5}}}.items():
        path = checkout.folder / f"metrics-{name}.yaml"
        path.write_text(yaml.safe_dump(values | {"name": f"metrics-{name}", "metrics": metrics}, sort_keys=False))
        jobs, study = checkout.plan("--", "all", study=path.name), load(path)
        more = {"pairs": {"make_table": 1}, "both": {"make_table": 1, "draw_figure": 1, "measure_faithfulness": 9}}
        assert Counter(jobs) - Counter(plain) == more[name] and not Counter(plain) - Counter(jobs)
        counted = Counter(job.rule for job in jobs_of(study, data_facts(study, "no such folder")))
        assert {rule: n for rule, n in jobs.items() if rule not in ("all", "fetch_resource")} == counted


def test_explanations_for_the_explorer_alone_are_planned_as_the_cost_model_counts_them(checkout):
    from flat.cost.facts import data_facts
    from flat.cost.jobs import jobs_of
    from flat.study.load import load

    values = yaml.safe_load((checkout.folder / "tests/data/tiny.yaml").read_text())
    plans = []
    for name, more in {"plain": {}, "shown": {"explorer": {"models": ["CNN"]}}}.items():
        path = checkout.folder / f"explorer-{name}.yaml"
        told = values | {"name": f"explorer-{name}", "artefacts": values["artefacts"] | more}
        path.write_text(yaml.safe_dump(told, sort_keys=False))
        plans.append(Counter(checkout.plan("--", "all", study=path.name)))
        study = load(path)
        counted = Counter(job.rule for job in jobs_of(study, data_facts(study, "no such folder")))
        assert {rule: n for rule, n in plans[-1].items() if rule not in ("all", "fetch_resource")} == counted
    before, after = plans
    assert not before - after and set(after - before) == {"interpret_ig"}


def test_a_further_explanation_method_needs_no_rule(checkout):
    values = yaml.safe_load((checkout.folder / "tests/data/tiny.yaml").read_text())
    plans = []
    for name, more in {"plain": {}, "further": {"kernel-shap": {"samples": 30}}}.items():
        path = checkout.folder / f"methods-{name}.yaml"
        told = values | {"name": f"methods-{name}", "interpretation": values["interpretation"] | more}
        path.write_text(yaml.safe_dump(told, sort_keys=False))
        plans.append(checkout.plan("--", "explanations", study=path.name))
    before, after = plans
    assert Counter(after) - Counter(before) == {
        "interpret_kernel_shap": before["interpret_lime"],
        "measure_consistency": 1,
    }
    # measured with the others
    assert checkout.plan("--", "all", study=path.name)["interpret_kernel_shap"] == before["interpret_lime"]


def test_the_papers_study_is_planned_in_seconds(paper_plan, checkout):
    """10 s on two idle cores; held here against what a plan of a tenth of its jobs takes at the same time."""
    start = cpu_seconds()
    jobs = sum(checkout.plan("--forceall", "--", "all", cold=True).values())
    tiny = cpu_seconds() - start
    assert jobs < 150 and paper_plan[1] < 8 * tiny


def test_every_heavy_job_of_the_papers_study_wants_a_gpu(paper_plan):
    out, _ = paper_plan
    heavy = (
        "train_base",
        "train_start",
        "train_round",
        "attack_train",
        "attack_test",
        "interpret_ig",
        "interpret_lime",
    )
    jobs = re.findall(r"^rule (\w+):\n((?:    .*\n)+)", out, re.M)
    wants = {name: set() for name in heavy}
    for name, body in jobs:
        if name in wants:
            wants[name].add(re.search(r"gpu=(\d+)", body).group(1))
    assert all(values == {"1"} for values in wants.values()), wants


def test_models_on_the_cpu_want_no_gpu(checkout):
    out = checkout.tiny("-n", "--cores", "2", "--forceall", "--", "models")
    assert "gpu=0" in out and "gpu=1" not in out


def test_every_command_of_the_readme_can_be_planned(paper_plan, checkout, repository):
    """The first of them is ``paper_plan``."""
    lines = re.findall(r"^snakemake .*$", (repository / "README.md").read_text(), re.M)
    assert f"snakemake {PAPER}" in lines and len(lines) >= 8
    lines.remove(f"snakemake {PAPER}")

    def plan(line: str) -> None:
        arguments = shlex.split(line, comments=True)[1:]
        targets = arguments.index("--") if "--" in arguments else len(arguments)
        dry = [] if "--summary" in arguments else ["-n", "--quiet", "all"]
        checkout.run(*arguments[:targets], *dry, *arguments[targets:])

    with ThreadPoolExecutor(2) as side_by_side:
        list(side_by_side.map(plan, lines))


# Lines of pages that are no plans of a study at hand, and who knows them
NOT_PLANNED = {
    "--workflow-profile profiles/slurm": "tests/workflow/test_slurm.py",
    "my-study.yaml": "a study of the reader's",
    "part.yaml": "tests/workflow/test_published_archives.py makes such a study",
    "--configfile tests/data/tiny.yaml": "tests/workflow/test_worked_examples.py, with the page's changes",
    "--report": "tests/workflow/test_snakemake_report.py",
    "--unlock": "an option alone",
    "results/demo/tuning/overlay.yaml": "tests/workflow/test_tuning.py makes one",
}


def test_every_command_of_other_pages_can_be_planned_on_the_smallest_study(checkout):
    """Their studies are larger: what is tried here is whether Snakemake takes the line, and knows its targets.

    Lines that ask for what another one asks for, README's too, are planned once.
    """
    asked = {}
    for page in pages.PAGES:
        for script in pages.scripts(page):
            for command in pages.commands(script.text) if script.language != "inline" else ():
                if command.startswith("snakemake ") and not any(known in command for known in NOT_PLANNED):
                    words = on_tiny(command)
                    read = get_argument_parser().parse_args(words)
                    what = (*sorted({*read.targets} - {"all"}), "-R", *read.forcerun, "--config", *(read.config or ()))
                    asked.setdefault(what, (page.name, words))
    lines = [words for page, words in asked.values() if page != "README.md"]
    assert len(lines) >= 6
    with ThreadPoolExecutor(2) as side_by_side:
        list(side_by_side.map(lambda words: checkout.run(*words), lines))


def on_tiny(command: str) -> tuple[str, ...]:
    """The words of a snakemake line as a dry run of the tiny study."""
    words = pages.words(re.sub(r"results/\w+/", "results/tiny/", command))[1:]
    if "--configfile" in words:
        at = words.index("--configfile")
        del words[at : at + 2]
    asked = ("--quiet", "rules", "--configfile", "tests/data/tiny.yaml", "-n")  # the last one ends the list of files
    return (*asked, *(word for word in words if word != "-n"))


def test_a_crate_is_one_job_after_the_report_and_not_among_all(checkout):
    text = (checkout.folder / "tests/data/tiny.yaml").read_text()
    (checkout.folder / "unrun.yaml").write_text(text.replace("name: tiny", "name: unrun"))  # others may have run tiny
    asked, usual = (checkout.plan("--", target, study="unrun.yaml") for target in ("crate", "all"))
    assert asked["crate"] == asked["write_report"] == 1
    assert "crate" not in usual


def test_exports_are_jobs_after_the_report_and_not_among_all(checkout):
    text = (checkout.folder / "tests/data/tiny.yaml").read_text()
    (checkout.folder / "unexported.yaml").write_text(text.replace("name: tiny", "name: unexported"))
    names = ("evaluations", "model_cards", "croissant")
    asked, usual = (checkout.plan("--", *some, study="unexported.yaml") for some in (names, ("all",)))
    assert [asked[name] for name in (*names, "write_report")] == [1, 1, 1, 1]
    assert not set(names) & set(usual)


def test_a_bad_study_is_refused_before_any_job(checkout):
    bad = checkout.folder / "bad.yaml"
    bad.write_text((checkout.folder / "tests/data/tiny.yaml").read_text().replace("recipe: pwws", "recipe: pwsw"))
    out = checkout.tiny("--cores", "2", study="bad.yaml", ok=False)
    assert "attacks.pwws.recipe" in out and "did you mean pwws" in out and "remedy" in out
    assert "Traceback" not in out and "Job stats" not in out


def test_bad_data_are_refused_with_a_remedy(checkout):
    study = (checkout.folder / "tests/data/tiny.yaml").read_text()
    (checkout.folder / "mine.csv").write_text("text,label\nfine film,positive\nbad film,neutral\n")
    source = "{kind: files, train: mine.csv, label: label}"
    study = study.replace("{kind: package, corpus: rotten-tomatoes}", source).replace("name: tiny", "name: mine")
    (checkout.folder / "mine.yaml").write_text(study)
    target = "results/mine/data/sst2/train.parquet"
    out = checkout.tiny("--cores", "2", "--retries", "0", "--", target, study="mine.yaml", ok=False)
    assert "mine.csv" in out and "neutral" in out and "remedy" in out and "Traceback" not in out
