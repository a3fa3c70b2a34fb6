"""Broken plugins are found out, each with the smallest input that shows it; FLAT's own keep their promises."""

import textwrap

import pytest
from broken_plugins import BATCH, COMPLETE, LIAR, LOSS, PIECES, RANGE, ROWS, UNSEEDED, WIDE

from flat.conformance import run
from flat.conformance.__main__ import main
from flat.conformance.promises import Promise, fewer_numbers, fewer_words, judge
from flat.errors import StudyError
from flat.plugins.registry import ATTACKS, EXPLAINERS, METRICS, MODELS, OBJECTIVES, activate


@pytest.fixture
def verdicts(tmp_path):
    """Of a plugin's text, by promise."""

    def of(text, only=None):
        path = tmp_path / "broken.py"
        path.write_text(textwrap.dedent(text).lstrip())
        return {verdict.promise: verdict for verdict in run.verdicts([str(path)], only)}

    yield of
    activate([])


def broken(found):
    return {name for name, verdict in found.items() if not verdict.kept}


def test_a_batch_dependent_model_is_shown_with_two_words(verdicts):
    found = verdicts(BATCH)
    assert {"batch", "padding"} <= broken(found) and not {"order", "words", "checkpoint"} & broken(found)
    assert "with the texts that are asked beside it" in found["batch"].problem
    assert found["batch"].given.count("|") == 1 and len(found["batch"].given.split()) == 3, found["batch"].given


def test_a_tokenizer_that_cuts_word_middles_is_shown_with_a_few_words(verdicts):
    found = verdicts(PIECES)
    assert broken(found) & {"words", "alignment"}, found
    assert "tokens do not keep to words" in found["words"].problem
    assert len(found["words"].given.split()) <= 3, found["words"].given


def test_a_metric_outside_its_range_is_shown_with_one_word(verdicts):
    found = verdicts(RANGE)
    assert broken(found) == {"range"}
    assert "declared range is 0 to 1" in found["range"].problem
    one, other = eval(found["range"].given)
    assert len(one) == len(other) == 1 and one[0] * other[0] < 0


def test_an_explainer_that_is_not_complete_though_it_says_so_is_shown_with_two_words(verdicts):
    found = verdicts(COMPLETE)
    assert broken(found) == {"completeness"}
    assert "where the logit gains" in found["completeness"].problem
    assert 2 <= len(found["completeness"].given.split()) <= 3, found["completeness"].given


def test_an_explainer_that_ignores_its_seed_is_shown_with_one_word(verdicts):
    found = verdicts(UNSEEDED)
    assert {"seed", "batch"} == broken(found)
    assert len(found["seed"].given.split()) == 1


def test_an_attack_whose_ledger_contradicts_the_victim_is_shown_with_two_words(verdicts):
    found = verdicts(LIAR)
    assert "ledger" in broken(found)
    assert "says that it succeeded; by the victim's answer it failed" in found["ledger"].problem
    assert len(found["ledger"].given.split()) <= 2, found["ledger"].given


def test_a_loss_that_ignores_its_seed_is_shown_with_one_word(verdicts):
    found = verdicts(LOSS)
    assert broken(found) == {"seed"}
    assert "one seed gives two models" in found["seed"].problem
    assert len(found["seed"].given.split()) == 1, found["seed"].given


def test_a_source_s_rows_are_looked_at(verdicts):
    found = verdicts(ROWS)
    assert broken(found) == {"splits", "rows", "ids"}
    assert "train, extra" in found["splits"].problem and "has no text" in found["rows"].problem


def test_what_cannot_be_tried_is_said(verdicts):
    wide = verdicts(WIDE, only="wide")
    assert broken(wide) == {"shape", "batch", "seed", "generator", "model"}
    assert "scores of shapes [(2,)" in wide["shape"].problem and len(wide["shape"].given.split()) == 1
    (needs,) = verdicts(WIDE, only="needs").values()
    assert needs.untried.startswith("window must be given: --options") and needs.kept


def test_options_can_be_given(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(WIDE).lstrip())
    assert main([str(path), "--only", "needs"]) == 1  # nothing was tried
    assert "not tried: window must be given" in capsys.readouterr().out
    assert main([str(path), "--only", "needs", "--options", '{"window": 3}']) == 1
    assert "BROKEN  shape" in capsys.readouterr().out
    assert main([str(path), "--only", "needs", "--options", '{"window": "3"}']) == 1
    assert "--options of needs.window: '3' cannot be used" in capsys.readouterr().err
    activate([])


def test_an_error_of_a_plugin_breaks_its_promise(verdicts):
    found = verdicts(RANGE.replace("return float(", "return 1 / (len(before) - 1) * float("))
    assert found["number"].problem.startswith("ZeroDivisionError")
    assert all(len(vector) == 1 for vector in eval(found["number"].given))


# --- FLAT's own


@pytest.mark.parametrize(
    ("group", "name"),
    [("models", "cnn"), ("models", "lstm"), ("models", "encoder")] + [("metrics", m) for m in METRICS],
)
def test_flat_s_own_keep_their_promises(group, name):
    registry = MODELS if group == "models" else METRICS
    assert [verdict for verdict in run.of_plugin(registry.found(name)) if not verdict.kept] == []


def test_flat_s_own_attacks_and_objectives_keep_theirs(monkeypatch, resources):
    monkeypatch.setattr("flat.conformance.of_attacks.TEXTS", [[], ["a", "very", "dull", "plot"], ["bad", "film"]])
    monkeypatch.setattr("flat.conformance.of_objectives.TEXTS", [["good"], ["a", "very", "dull", "plot"]])
    tried = [ATTACKS.found(name) for name in ("pwws", "deepwordbug")]
    tried += [OBJECTIVES.found(name) for name in OBJECTIVES if not OBJECTIVES[name].roles]
    found = [verdict for each in tried for verdict in run.of_plugin(each)]
    assert len(found) == 4 * len(tried) and [verdict for verdict in found if not verdict.kept] == []
    (untried,) = run.of_plugin(ATTACKS.found("clare"))
    assert "masked_language_model" in untried.untried


@pytest.mark.parametrize("name", EXPLAINERS)
def test_flat_s_own_explainers_keep_their_promises_on_short_texts(name, monkeypatch):
    monkeypatch.setattr("flat.conformance.of_explanations.TEXTS", [["good"], ["a", "very", "dull", "plot"]])
    assert [verdict for verdict in run.of_plugin(EXPLAINERS.found(name)) if not verdict.kept] == []


# --- the command


def test_the_command_says_what_is_broken_and_ends_with_1(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(RANGE).lstrip())
    assert main([str(path)]) == 1
    out = capsys.readouterr().out
    assert "metric cosine\n" in out and "  BROKEN  range: " in out and "smallest input: ([" in out
    assert out.endswith("1 plugin, 5 promises tried, 1 broken\n")
    assert main([str(path), "--broken"]) == 1
    assert "  kept" not in capsys.readouterr().out
    activate([])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no/such.py"], "there is no such file"),
        (["json"], "declares no plugin"),
        (["flat", "--only", "x"], "choose of"),
    ],
)
def test_the_command_tells_a_wrong_argument(arguments, message, capsys):
    assert main(arguments) == 1
    assert message in capsys.readouterr().err


def test_a_package_s_modules_are_all_looked_at(tmp_path, monkeypatch):
    folder = tmp_path / "of_many"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text(textwrap.dedent(RANGE).lstrip())
    (folder / "two.py").write_text(textwrap.dedent(UNSEEDED).lstrip())
    monkeypatch.syspath_prepend(tmp_path)
    assert sorted(found.plugin.name for found in run.plugins_of("of_many")) == ["cosine", "noise"]
    with pytest.raises(StudyError, match="declares no plugin"):
        run.plugins_of("textwrap")


# --- shrinking


def test_the_smallest_input_is_found():
    found = METRICS.found("rbo")
    texts = [["a", "b"], ["c", "bad", "d"], ["e"]]
    promise = Promise("x", "x", [texts], lambda given: "bad" if any("bad" in t for t in given) else None, fewer_words)
    assert judge(found, promise).given == "bad"
    pair = ([0.26, 3.41], [1.7, -2.3])
    promise = Promise("x", "x", [pair], lambda p: "sign" if p[0][-1] * p[1][-1] < 0 else None, fewer_numbers)
    assert judge(found, promise).given == "([1.0], [-2.0])"
