"""Plugins are found, told apart and refused with file and line; what they are made of decides their digests."""

import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from demo_studies import DEMO, change

from flat.errors import StudyError
from flat.plugins import Explainer, Metric, Options, code, registry
from flat.plugins.registry import EXPLAINERS, METRICS, activate
from flat.study.grid import explained_cells
from flat.study.json_schema import schema
from flat.study.load import parse

MINE = """
    from flat.plugins import Explainer, Metric, Options


    class Scaled(Options):
        scale: float = 1.0


    def length(model, texts, targets, seeds, options):
        return [[of(words, options) for _ in wanted] for words, wanted in zip(texts, targets)]


    def of(words, options):
        return [options.scale * len(word) for word in words]


    def same(before, after, options):
        return float(shared(before) == shared(after))


    def shared(scores):
        return max(range(len(scores)), key=scores.__getitem__)


    LENGTH = Explainer(name="word-length", title="Length of words", options=Scaled, make=length)
    SAME_FIRST = Metric(name="same-first", of="pairs", low=0, high=1, make=same)
"""


@pytest.fixture(autouse=True)
def forget():
    yield
    activate([])


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip())
    return str(path)


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


# --- digests


def edit(path, old, new):
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def again(found):
    """The digest of the same plugin as its files are now."""
    code.parsed.cache_clear()
    return code.digest(found)


def digests(path):
    activate([str(path)])
    return code.digest(EXPLAINERS.found("word-length")), code.digest(METRICS.found("same-first"))


EDITS = {
    "a comment": ("def same(", "# why\ndef same(", (False, False)),
    "a docstring": ("def shared(scores):", "def shared(scores):\n    '''The first.'''", (False, False)),
    "the method": ("len(word)", "-len(word)", (True, False)),
    "its options": ("scale: float = 1.0", "scale: float = 2.0", (True, False)),
    "its declaration": ('title="Length of words"', 'title="Length"', (True, False)),
    "the metric's helper": ("key=scores", "default=0, key=scores", (False, True)),
    "something for all": ("LENGTH = ", "print()\nLENGTH = ", (True, True)),
    "something for none": ("LENGTH = ", "OTHER = 3\nLENGTH = ", (False, False)),
}


@pytest.mark.parametrize(("old", "new", "changed"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_the_digest_of_what_it_may_change(mine, old, new, changed):
    before = digests(mine)
    edit(mine, old, new)
    after = digests(mine)
    assert tuple(a != b for a, b in zip(before, after, strict=True)) == changed


def test_a_neighbour_and_a_named_file_count(tmp_path):
    text = MINE.replace("def shared", "import near\n\n\n    def shared").replace("max(range", "near.big(range")
    mine = write(tmp_path / "mine.py", text.replace("make=length)", "make=length, files=('words.txt',))"))
    write(tmp_path / "near.py", "big = max\n")
    write(tmp_path / "words.txt", "a b")
    before = digests(mine)
    write(tmp_path / "near.py", "big = min\n")
    code.parsed.cache_clear()
    neighbour = digests(mine)
    assert neighbour[0] == before[0] and neighbour[1] != before[1]
    write(tmp_path / "words.txt", "a b c")
    assert digests(mine)[0] != before[0]
    (tmp_path / "words.txt").unlink()
    with pytest.raises(StudyError, match=r"words\.txt: the explainer word-length names it, and it is absent"):
        digests(mine)
    sys.modules.pop("near", None)


def test_an_edit_after_the_plan_is_refused_in_the_job(mine):
    activate([mine])
    needed = {"explainers/word-length": code.made_of("explainers", "word-length")}
    code.ready(needed)
    assert needed["explainers/word-length"]["version"] is None
    edit(mine, "LENGTH = ", "def more():\n    pass\n\n\nLENGTH = ")
    code.ready(needed)  # nothing that the plugin uses
    edit(mine, "len(word)", "2 * len(word)")
    with pytest.raises(StudyError, match="was edited, or removed, after this run"):
        code.ready(needed)


def test_own_digests_follow_the_code_that_a_declaration_names_only():
    """Of a method that is declared by "module:name" the module counts, though nothing imports it."""
    found = EXPLAINERS.found("occlusion")
    statements = code.reached(found.module.source, "OCCLUSION")
    assert len(statements) < 12
    names = code.closure(["flat.interpretation.explainers.occlusion"], code.Places("flat", code.FLAT))
    assert "flat.models.interface" in names and "flat.interpretation.lime_words" not in names


def test_declarations_say_what_suits():
    assert not EXPLAINERS["ig"].suits(registry.MODELS["cnn"].__class__(name="box", built_from="texts", make=print))
    assert EXPLAINERS["attention-rollout"].suits(registry.MODELS["encoder"])
    assert not EXPLAINERS["attention-rollout"].suits(registry.MODELS["cnn"])
    metric = Metric(name="m", of="pairs", low=0, high=1, make=print)
    assert metric.holds(0.5) and metric.holds(float("nan")) and not metric.holds(1.5)
    assert Explainer(name="e", make=print).shown == "e" and Options() == Options()
