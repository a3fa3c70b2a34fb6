"""Plugins are found, told apart and refused with file and line; what they are made of decides their digests."""

import sys
import textwrap
from importlib.metadata import EntryPoint

import pytest
from demo_studies import DEMO, change
from plugin_toys import MINE, again, write

from flat.errors import StudyError
from flat.plugins import Explainer, Metric, Options, code, registry
from flat.plugins.registry import EXPLAINERS, METRICS, activate
from flat.study.grid import explained_cells
from flat.study.json_schema import schema
from flat.study.load import parse


@pytest.fixture(autouse=True)
def forget():
    yield
    activate([])


@pytest.fixture
def mine(tmp_path):
    return write(tmp_path / "mine.py", MINE)


def with_plugin(given, **interpretation):
    return DEMO | {"plugins": [given], "interpretation": DEMO["interpretation"] | interpretation}


# --- found


def test_a_file_s_plugins_are_named_like_flat_s_own(mine):
    study = parse(with_plugin(mine, **{"word-length": {"scale": 2}}))
    assert study.interpretation.methods == ["ig", "lime", "word-length"]
    assert getattr(study.interpretation, "word-length").scale == 2.0
    assert study.model_dump(mode="json")["interpretation"]["word-length"] == {"scale": 2.0}
    assert METRICS["same-first"].high == 1 and "word-length" in schema()["$defs"]["Interpretation"]["properties"]


def test_a_study_without_them_knows_none(mine):
    parse(with_plugin(mine, **{"word-length": {}}))
    with pytest.raises(StudyError, match="there is no explainer word-length"):
        parse(DEMO | {"interpretation": DEMO["interpretation"] | {"word-length": {}}})
    assert "word-length" not in EXPLAINERS


def test_a_study_of_plain_data_is_the_same_study_again(mine):
    study = parse(with_plugin(mine, **{"word-length": {}}))
    assert parse(study.model_dump(mode="json")) == study


def test_a_package_is_named_by_its_module(tmp_path, monkeypatch):
    write(tmp_path / "brought/__init__.py", "")
    write(
        tmp_path / "brought/methods.py",
        "from .parts import length\n"
        + textwrap.dedent(MINE).split("def length")[0]
        + ("\nLENGTH = Explainer(name='word-length', options=Scaled, make=length)\n"),
    )
    write(tmp_path / "brought/parts.py", "def length(*_):\n    return []\n")
    monkeypatch.syspath_prepend(tmp_path)
    parse(with_plugin("brought.methods", **{"word-length": {}}))
    found = EXPLAINERS.found("word-length")
    assert found.given == "brought.methods" and found.module.package == "brought"
    first = code.digest(found)
    write(tmp_path / "brought/parts.py", "def length(*_):\n    return [1]\n")
    assert again(found) != first
    second = again(found)
    write(tmp_path / "brought/words.txt", "a list that it may read")
    assert again(found) != second


def test_an_installed_package_brings_them_by_entry_points(tmp_path, monkeypatch):
    write(tmp_path / "entering.py", MINE)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("word-length", "entering:LENGTH", "flat.explainers")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == point.group else [])
    registry._points.cache_clear()
    try:
        assert "entering" not in sys.modules and "word-length" in EXPLAINERS and "entering" not in sys.modules
        study = parse(DEMO | {"interpretation": DEMO["interpretation"] | {"word-length": {"scale": 3.0}}})
        assert "word-length" in study.interpretation.methods and EXPLAINERS.found("word-length").installed
    finally:
        registry._points.cache_clear()


def test_two_packages_with_one_name_are_refused(monkeypatch):
    points = [EntryPoint("twice", f"package{n}:IT", "flat.metrics") for n in range(2)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "flat.metrics" else [])
    registry._points.cache_clear()
    try:
        with pytest.raises(StudyError, match="two packages have one of this name: package0:IT and package1:IT"):
            METRICS["twice"]
    finally:
        registry._points.cache_clear()


def test_flat_s_own_come_first_and_are_all_there():
    assert {group: list(own)[:2] for group, own in registry.REGISTRIES.items() if group in ("models", "attacks")} == {
        "models": ["cnn", "lstm"],
        "attacks": ["textfooler", "pwws"],
    }
    assert all(plugin.reference for plugin in EXPLAINERS.values())


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, own in registry.REGISTRIES.items() for name in own]
)
def test_each_of_flat_s_own_can_be_loaded_and_has_a_digest(group, name):
    found = registry.REGISTRIES[group].found(name)
    assert callable(found.plugin.load()) and len(code.digest(found)) == code.DIGITS


# --- refused


REFUSED = {
    "no file": (None, "there is no such file"),
    "syntax": ("x = (\n", r"mine\.py, line 1.*is no Python"),
    "import": ("import flat\nimport no_such_library\n", r"mine\.py, line 2.*ModuleNotFoundError: No module named"),
    "raises": ("def f():\n    return 1 / 0\n\n\nf()\n", r"mine\.py, line 2.*ZeroDivisionError"),
    "ends": ("import sys\nsys.exit(3)\n", r"mine\.py, line 2.*SystemExit"),
    "none": ("x = 1\n", "declares no plugin"),
    "wrong type": (
        "from flat.plugins import Metric\n\nM = Metric(name='m', of='pairs', make=3)\n",
        r"mine\.py, line 3.*metric m: make is a function",
    ),
    "wrong name": (
        "from flat.plugins import Metric\nM = Metric(name='m m', of='pairs', make=print)\n",
        r"line 2.*a name has letters, digits and hyphens",
    ),
    "unknown field": (
        "from flat.plugins import Metric\nM = Metric(name='m', of='pairs', make=print, hihg=1)\n",
        r"line 2.*unexpected keyword argument 'hihg'",
    ),
    "options": (
        "from flat.plugins import Metric\nM = Metric(name='m', of='pairs', make=print, options=dict)\n",
        r"line 2.*options is a class that extends",
    ),
    "random": (
        "from flat.plugins import Explainer\nE = Explainer(name='e', make=print, random=True)\n",
        r"line 2.*need the option repeats",
    ),
    "own name": (
        "from flat.plugins import Explainer\nE = Explainer(name='lime', make=print)\n",
        "lime is declared already, in FLAT itself",
    ),
    "twice": (
        "from flat.plugins import Metric\nA = Metric(name='m', of='pairs', make=print)\nB = A\n",
        "m is declared already",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_told_with_file_and_line(text, message, tmp_path):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StudyError, match=f"(?s){message}") as refused:
        parse(DEMO | {"plugins": [str(path)]}, "study.yaml")
    assert str(refused.value).startswith("study.yaml: plugins.0") and refused.value.remedy


def test_an_absent_module_is_refused_by_name():
    with pytest.raises(StudyError, match="there is no module no_such_package"):
        parse(DEMO | {"plugins": ["no_such_package.methods"]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "2"}, r"interpretation\.word-length\.scale: .*valid number, found '2'"),
        ({"sacle": 2.0}, r"interpretation\.word-length\.sacle: .*not permitted"),
    ],
)
def test_options_are_checked_as_the_plugin_declares_them(mine, options, message):
    with pytest.raises(StudyError, match=message):
        parse(with_plugin(mine, **{"word-length": options}))


def test_a_method_that_suits_no_model_is_refused_and_another_skips_what_it_does_not_suit():
    rollout = {"attention-rollout": {}}
    study = parse(DEMO | {"interpretation": DEMO["interpretation"] | rollout})
    explained = {a.cell.model for a in explained_cells(study, "attention-rollout")}
    assert explained and all(study.models[name].is_encoder for name in explained)
    words = [name for name, model in study.models.items() if not model.is_encoder]
    main = DEMO["artefacts"]["main"] | {"models": words}
    with pytest.raises(StudyError, match=r"interpretation\.attention-rollout: it can explain none"):
        parse(
            DEMO
            | {
                "interpretation": DEMO["interpretation"] | rollout,
                "models": {name: DEMO["models"][name] for name in words},
                "overrides": [],
                "artefacts": {"main": main},
            }
        )


def test_a_misspelt_name_is_told_the_nearest():
    with pytest.raises(StudyError, match="there is no explainer oclusion: did you mean occlusion"):
        parse(DEMO | {"interpretation": {"oclusion": {}}})
    with pytest.raises(StudyError, match="there is no model cnnn: did you mean cnn"):
        parse(change("models.CNN.kind", "cnnn"))


def test_a_neighbour_s_module_does_not_hide_another_s(tmp_path):
    for name in ("one", "two"):
        write(tmp_path / name / "helping.py", f"VALUE = '{name}'\n")
        write(
            tmp_path / name / "mine.py",
            f"""
            from flat.plugins import Metric
            import helping

            def make(before, after, options):
                return helping.VALUE

            M = Metric(name="{name}", of="pairs", make=make)
            """,
        )
    activate([str(tmp_path / name / "mine.py") for name in ("one", "two")])
    code.digest(METRICS.found("one"))
    with pytest.raises(StudyError, match="was imported under this name before"):
        code.digest(METRICS.found("two"))
    del sys.modules["helping"]


def test_declarations_say_what_suits():
    assert not EXPLAINERS["ig"].suits(registry.MODELS["cnn"].__class__(name="box", built_from="texts", make=print))
    assert EXPLAINERS["attention-rollout"].suits(registry.MODELS["encoder"])
    assert not EXPLAINERS["attention-rollout"].suits(registry.MODELS["cnn"])
    metric = Metric(name="m", of="pairs", low=0, high=1, make=print)
    assert metric.holds(0.5) and metric.holds(float("nan")) and not metric.holds(1.5)
    assert Explainer(name="e", make=print).shown == "e" and Options() == Options()
