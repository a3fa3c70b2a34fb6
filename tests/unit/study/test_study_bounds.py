"""Every number of a study has bounds and every text of it can be read; a plan has a size that can be held."""

import copy
import itertools
import json
import time

import pydantic
import pytest
from demo_studies import CNN, DEMO, ROOT, change, with_override

from flat.attacks.textattack_adapter import further_recipes
from flat.attacks.textattack_adapter import recipes as built_recipes
from flat.errors import StudyError
from flat.plugins.registry import ATTACKS, MODELS
from flat.plugins.values import Strict
from flat.study.bounds.plain import LONGEST, MOST_VALUES
from flat.study.bounds.plan_size import MOST_JOBS, jobs_at_most
from flat.study.grid import attacked_cells, explained_cells, trained_cells
from flat.study.load import load, parse
from flat.study.paths import attacked_in_round
from flat.study.schema import Rounds, Study, Training
from flat.study.settings import last_round

SCHEMA = Study.model_json_schema()
# what these hold is checked elsewhere: below, by kind of model, recipe and field; by objective
OPEN = {("Model", "options"), ("Attack", "parameters"), ("Override", "training"), ("Override", "rounds")}
OPEN |= {("Strategy", "options")}
NUMBERS = [float("nan"), float("inf"), float("-inf"), -(10**9), -1e9, 10**30]
SIGNS = ["\x00", "\n", "\r", "\t", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\ud800"]


def numeric(schema):
    """For each number within a part of the schema: a function that puts one there."""
    if schema.get("type") in ("integer", "number"):
        yield lambda value: value
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from numeric(part)
    for inner in numeric(schema["items"]) if "items" in schema else ():
        yield lambda value, inner=inner: [inner(value)]
    keys = schema.get("propertyNames", {}).get("enum", ["k"])
    extra = schema.get("additionalProperties")
    for inner in numeric(extra) if isinstance(extra, dict) else ():
        yield lambda value, inner=inner: {keys[0]: inner(value)}


def fields():
    for title, part in {**SCHEMA["$defs"], "Study": SCHEMA}.items():
        for name, schema in part.get("properties", {}).items():
            for place in numeric(schema) if (title, name) not in OPEN else ():
                yield pytest.param(title, name, place, id=f"{title}.{name}")


def classes(base=Strict):
    return {kind.__name__: kind for sub in base.__subclasses__() for kind in (sub, *classes(sub).values())}


FIELDS = list(fields())


def test_the_schema_s_numbers_are_found():
    assert len(FIELDS) > 60 and {"Training.epochs", "Study.seeds", "Override.objective"} <= {p.id for p in FIELDS}


@pytest.mark.parametrize("bad", NUMBERS, ids=str)
@pytest.mark.parametrize(("title", "name", "place"), FIELDS)
def test_every_number_has_bounds(title, name, place, bad):
    with pytest.raises(pydantic.ValidationError) as refused:
        classes()[title].model_validate({name: place(bad)})
    assert any(item["loc"][0] == name and item["type"] != "missing" for item in refused.value.errors())


@pytest.mark.parametrize("field, kind", [("training", Training), ("rounds", Rounds)])
def test_overrides_have_the_bounds_of_what_they_change(field, kind):
    names = [n for n, schema in kind.model_json_schema()["properties"].items() if any(True for _ in numeric(schema))]
    assert len(names) >= 4
    for name, bad in itertools.product(names, NUMBERS):
        with pytest.raises(StudyError, match=name):
            parse(with_override(where=CNN, **{field: {name: bad}}))


def leaves(value, key=""):
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, str):
        yield key


def put(study, key, value):
    *parents, last = [int(part) if part.isdigit() else part for part in key.split(".")]
    for part in parents:
        study = study[part]
    study[last] = value


WRITTEN_OUT = json.loads(json.dumps(DEMO))  # no value shared: an error names the first place of one
TEXTS = list(leaves(WRITTEN_OUT))


@pytest.mark.parametrize("key", TEXTS)
def test_no_text_holds_a_sign_that_cannot_be_seen(key):
    place = TEXTS.index(key)
    for sign in (SIGNS[place % len(SIGNS)], SIGNS[(place * 7 + 3) % len(SIGNS)]):  # each sign stands in many keys
        study = copy.deepcopy(WRITTEN_OUT)
        put(study, key, f"a{sign}b")
        with pytest.raises(StudyError, match="cannot be printed") as refused:
            parse(study, "mine.yaml")
        told = str(refused.value)
        assert told.startswith(f"mine.yaml: {key}: ") and refused.value.remedy
        assert told.isascii() or sign not in told


def test_no_key_holds_one_either():
    with pytest.raises(StudyError, match=r"datasets: the key 'a\\x1b\[2Jb'"):
        parse(DEMO | {"datasets": {"a\x1b[2Jb": DEMO["datasets"]["sst2"]}})


def test_a_text_is_of_readable_length():
    with pytest.raises(StudyError, match=f"title: .* has {LONGEST + 1} characters"):
        parse(DEMO | {"title": "x" * (LONGEST + 1)})


@pytest.mark.parametrize("name", ["tiny\n", "../x", "-x", "", "a b", "x" * 41])
def test_a_name_is_the_name_of_a_folder(name):
    with pytest.raises(StudyError, match="name: "):
        parse(DEMO | {"name": name})


# --- options and parameters


@pytest.mark.parametrize("bad", [*NUMBERS, -1, "a\x1b", "__class__", [], {}, None], ids=ascii)
@pytest.mark.parametrize(
    "known", [*(kind.options for kind in (*MODELS.values(), *ATTACKS.values()))], ids=[*MODELS, *ATTACKS]
)
def test_every_option_and_parameter_has_bounds(known, bad):
    cosines = ("similarity_threshold", "min_cos_sim")  # a cosine may be -1
    taken = [name for name in known.model_fields if fits(known, name, bad) and not (bad == -1 and name in cosines)]
    assert taken == []


def fits(options, name, value):
    try:
        options.model_validate({name: value})
    except pydantic.ValidationError:
        return False
    return True


def test_parameters_are_those_that_the_recipes_take():
    assert {name: set(attack.options.model_fields) for name, attack in ATTACKS.items()} == {
        name: {*recipe.parameters, *recipe.arguments}
        for name, recipe in (built_recipes.RECIPES | further_recipes.RECIPES).items()
    }


REFUSED = {
    "dropout 7": ("models.CNN.options", {"dropout": 7}, r"options\.dropout: 7 .*\n.*from 0 and below 1"),
    "dropout 1": ("models.CNN.options", {"dropout": 1.0}, r"options\.dropout: 1"),
    "dropout true": ("models.CNN.options", {"dropout": True}, r"options\.dropout: True"),
    "no filter": ("models.CNN.options", {"filters": 0}, r"options\.filters: 0 .*\n.*whole number from 1"),
    "filters": ("models.CNN.options", {"filters": -5}, r"options\.filters: -5"),
    "too many filters": ("models.CNN.options", {"filters": 10**12}, r"options\.filters"),
    "no width": ("models.CNN.options", {"widths": []}, r"options\.widths: \[\]"),
    "width 0": ("models.CNN.options", {"widths": [3, 0]}, r"options\.widths: \[3, 0\]"),
    "hidden": ("models.LSTM.options", {"hidden": 1.5}, r"options\.hidden: 1\.5"),
    "layers": ("models.BERT.options", {"layers": 0}, r"options\.layers: 0"),
    "attention": ("models.BERT.options", {"attention": "flash"}, r"options\.attention: 'flash'.*\n.*sdpa, eager"),
    "class": ("attacks.textfooler.parameters", {"__class__": "x"}, r"parameters: __class__ is not among"),
    "misspelt": ("attacks.textfooler.parameters", {"max_candidate": 2}, r"did you mean max_candidates"),
    "candidates": ("attacks.textfooler.parameters", {"max_candidates": -1}, r"parameters\.max_candidates: -1"),
    "another recipe's": ("attacks.pwws.parameters", {"max_candidates": 5}, r"not among the parameters of pwws"),
    "beta": ("strategies.FLAT.beta", float("inf"), r"strategies\.FLAT\.beta: inf is no finite number"),
    "rate": ("models.CNN.training.learning_rate", float("nan"), r"learning_rate: nan is no finite number"),
    "shards": ("attacks.pwws.shards", 10**7, r"attacks\.pwws\.shards: .*less than or equal to 1000"),
    "seed": ("seed", 10**40, r"seed: it is a whole number of 133 bits"),
}


@pytest.mark.parametrize(("key", "value", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_built_is_refused_before_the_plan(key, value, message):
    with pytest.raises(StudyError, match=message) as refused:
        parse(change(key, value), "mine.yaml")
    assert str(refused.value).startswith("mine.yaml") and refused.value.remedy


# --- sizes


def bomb(value, levels=9):
    for _ in range(levels):
        value = [value] * 10
    return value


@pytest.mark.parametrize("kind", [list, dict])
def test_aliases_of_aliases_are_counted_and_not_written_out(kind):
    study = {"artefacts": bomb("x") if kind is list else {}}
    for _ in range(9 if kind is dict else 0):
        study = {str(n): study for n in range(10)}
    begun = time.process_time()
    with pytest.raises(StudyError, match=r"stands for [12],\d\d\d,\d\d\d,\d\d\d values.*at most 100,000"):
        parse(study)
    assert time.process_time() - begun < 1


def test_merged_aliases_are_counted_before_they_are_merged(tmp_path):
    lines = ["a0: &a0 {x: 1, y: 2}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 10)]
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(lines))
    begun = time.process_time()
    with pytest.raises(StudyError, match="its aliases"):
        load(file)
    assert time.process_time() - begun < 1


def test_a_value_inside_itself_is_refused(tmp_path):
    file = tmp_path / "ring.yaml"
    file.write_text("a: &a [*a]")
    with pytest.raises(StudyError, match="stands inside of what it names"):
        load(file)
    ring = []
    ring.append(ring)
    with pytest.raises(StudyError, match="stands inside of what it names"):
        parse({"a": ring})


@pytest.mark.parametrize("text", ["a: 2020-13-45", "a: " + "1" * 5000, "a: " + "[" * 5000])
def test_yaml_that_stands_for_nothing_is_refused(tmp_path, text):
    file = tmp_path / "odd.yaml"
    file.write_text(text)
    with pytest.raises(StudyError) as refused:
        load(file)
    assert str(file) in str(refused.value)


def test_studies_of_ours_are_far_from_the_caps():
    for name in ("config", "demo", "readings", "word-models"):
        assert jobs_at_most(load(ROOT / f"config/{name}.yaml"))[0] < MOST_JOBS / 100
    assert sum(1 for _ in leaves(DEMO)) < MOST_VALUES / 50


@pytest.mark.parametrize("name", ["config", "demo", "readings", "word-models"])
def test_the_count_is_a_bound_of_what_is_planned(name):
    study = load(ROOT / f"config/{name}.yaml")
    rounds = {attacked_in_round(study, c, k) for c in trained_cells(study) for k in range(1, last_round(study, c) + 1)}
    explained = sum(len(explained_cells(study, method)) for method in study.interpretation.methods)
    trained = sum(1 + last_round(study, cell) for cell in trained_cells(study))
    assert trained + len(rounds) + len(attacked_cells(study)) + explained <= jobs_at_most(study)[0]


def test_too_many_jobs_are_refused_with_their_numbers():
    study = change("seeds", list(range(2000)))
    study["attacks"]["pwws"]["shards"] = 1000
    begun = time.process_time()
    with pytest.raises(StudyError, match=r"artefacts\.main: .* jobs \(96 combinations × 2,000 seeds.*1,000 shards"):
        parse(study)
    assert time.process_time() - begun < 1
    study["sharding"], study["seeds"] = "never", [0]
    assert parse(study)
