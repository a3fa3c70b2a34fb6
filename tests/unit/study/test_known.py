"""What a study may name: each name has its code, no heavy import is needed to read it, a further method is planned."""

import inspect
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
from demo_studies import ROOT

from flat.attacks.textattack_adapter import further_recipes
from flat.attacks.textattack_adapter import recipes as built_recipes
from flat.cost.facts import data_facts
from flat.cost.jobs import jobs_of
from flat.data import package_sources
from flat.jobs.code_digest import modules_of
from flat.plugins import Explainer, Options
from flat.plugins.own.corpora import CORPORA
from flat.plugins.registry import ATTACKS, EXPLAINERS, MODELS, Found, activate
from flat.resources.catalogue import load_catalogue
from flat.study.grid import attacked_cells, explained_cells, explained_draws, main_cells, reading_cells
from flat.study.known.plugins import Interpretation
from flat.study.load import load


@pytest.mark.parametrize(
    ("named", "coded"),
    [
        (ATTACKS, built_recipes.RECIPES | further_recipes.RECIPES),
        (CORPORA, package_sources.CORPORA),
    ],
)
def test_every_name_has_its_code(named, coded):
    assert list(named) == list(coded)


@pytest.mark.parametrize("kind", MODELS)
def test_every_option_of_a_model_is_taken(kind):
    builder = MODELS[kind].load()
    takers = [base.__init__ for base in builder.__mro__] if isinstance(builder, type) else [builder]
    taken = {name for taker in takers for name in inspect.signature(taker).parameters}
    assert set(MODELS[kind].options.model_fields) <= taken


def test_corpora_lie_in_resources_of_the_catalogue():
    assert {name for names in CORPORA.values() for name in names} <= set(load_catalogue())


def test_a_study_is_read_without_heavy_imports():
    """The rules read it in each job of a cluster."""
    code = (
        "import sys, flat.study.load, flat.study.grid, flat.study.paths\n"
        "print([name for name in ('torch', 'pandas', 'numpy', 'textattack') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("script", ["preprocess", "train", "attack", "measure_consistency"])
def test_a_new_method_reruns_nothing_that_comes_before_it(script):
    assert "flat.plugins.own.explainers" not in modules_of(ROOT / f"workflow/scripts/{script}.py")


class Further(Options):
    passes: int = 3


FURTHER = {
    beyond: Explainer(
        name="further",
        options=Further,
        make=print,
        answers=lambda options, classes: options.passes * classes,
        beyond_main=beyond,
    )
    for beyond in (False, True)
}


@pytest.fixture(params=[False, True])
def further(request):
    """The paper's study with the options of a third method, which goes beyond the main tables or not."""
    study = load(ROOT / "config/config.yaml")
    EXPLAINERS.use({"further": Found(FURTHER[request.param], None, "FURTHER", "here")})
    yield study.model_copy(update={"interpretation": Interpretation(further={})})
    activate([])


def test_a_method_explains_the_main_tables_cells_or_more(further):
    cells = set(explained_cells(further, "further"))
    beyond = EXPLAINERS["further"].beyond_main
    assert cells == set(explained_cells(further, "ig" if beyond else "lime")) and set(main_cells(further)) <= cells
    assert (set(reading_cells(further)) <= cells) == beyond


def test_a_method_without_options_explains_nothing_and_changes_no_plan(further):
    plain = further.model_copy(update={"interpretation": Interpretation()})
    assert explained_cells(plain, "further") == [] and explained_cells(plain, "ig") == explained_cells(further, "ig")
    assert attacked_cells(further) == attacked_cells(plain)
    assert explained_draws(further, "sst2") == explained_draws(plain, "sst2")


def test_a_method_is_counted_by_the_cost_model(further):
    data = data_facts(further, "no such folder")
    jobs = jobs_of(further, data)
    explained = explained_cells(further, "further")
    (job,) = [
        j for j in jobs if j.rule == "interpret_further" and j.at[:3] == ("ag", "LSTM", "FLAT") and "pwws" in j.at
    ]
    assert (job.work, job.factor) == ("further", 3 * 4)
    gradients = next(j for j in jobs if j.rule == "interpret_ig" and j.at == job.at)
    assert replace(gradients, rule=job.rule, work=job.work, factor=job.factor) == job
    counts = Counter(j.rule for j in jobs)
    assert counts["interpret_further"] == len(explained) and counts["interpret_lime"] == 96
    places = {(a.cell.dataset, a.cell.model) for a in explained}
    assert {j.at[1:] for j in jobs if j.rule == "measure_consistency" and j.at[0] == "further"} == places
