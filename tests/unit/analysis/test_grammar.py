"""Grammar errors by Harper's rules: what counts, what does not, each text once, and what is done without Harper."""

import logging
import subprocess
import sys

import pytest

from flat.analysis import grammar
from flat.analysis.validity import introduced_errors, measure

CELL = {"dataset": "sst2", "model": "CNN", "strategy": "base", "train_attack": "none", "attack": "pwws", "seed": "0"}
FINE = "the film is n't bad , and its <unk> hero ( a dog named rex ) makes it fun ; i 'd see it again"


@pytest.fixture(scope="module")
def harper():
    pytest.importorskip("harper", reason="harper-py has no wheel for this platform")
    return grammar.Harper()


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("they was happy", 1),
        ("a apples", 1),
        ("he do n't like an plain film", 2),  # agreement, article
        ("the film is is good", 1),
        ("we have to disagrees with it", 1),
        ("they were happy", 0),
        (FINE, 0),
        ("viggo mortensen stars in paris zzyzx teh", 0),  # capitals and spelling
        ("what a film !it was good ,but too long", 0),  # spacing and punctuation
        ("we dont know its a good one", 0),  # apostrophes
        ("the script was <unk> rewritten", 0),
        ("there ai n't none", 0),  # "there ai" by itself would be an error
        ("", 0),
    ],
)
def test_what_counts(harper, text, errors):
    assert harper.errors([text]) == {text: errors}


def test_errors_of_the_original_are_taken_off(harper):
    pairs = {
        ("they were happy", "they was happy"),
        ("they was happy", "they were happy"),
        ("they was happy with a apples", "they was glad with a apples"),
        ("they was happy", "they was happy with a apples"),
        (FINE, FINE),
        ("a apples", ""),
    }
    assert introduced_errors(pairs, harper) == {
        ("they were happy", "they was happy"): 1.0,
        ("they was happy", "they were happy"): -1.0,
        ("they was happy with a apples", "they was glad with a apples"): 0.0,
        ("they was happy", "they was happy with a apples"): 1.0,
        (FINE, FINE): 0.0,
        ("a apples", ""): -1.0,
    }


def test_a_text_whose_words_are_all_gone_has_no_errors(harper):
    import pandas as pd

    row = {"example_id": "1", "status": "succeeded", "original": "they was happy", "perturbed": "", "swaps": []}
    ledger = pd.DataFrame([{**row, "original_words": ["they", "was", "happy"], "similarity_unchecked": False}])
    frame = measure([(CELL, ledger)], None, None, harper)
    assert frame["introduced_errors"].tolist() == [-1.0]
    assert frame["grammar_checker"].tolist() == [harper.name] and harper.name.startswith("harper-py 0.")


def test_same_texts_same_counts_whatever_the_order_and_the_instance(harper):
    texts = [f"{start} {end}" for start in ("they was", "an film is", FINE) for end in ("happy", "a apples", "the the")]
    first = harper.errors(texts)
    assert first == harper.errors(texts[::-1]) == grammar.Harper().errors(texts[3:] + texts[:3])
    assert sum(first.values()) > 5


def test_each_distinct_text_is_checked_once(harper, monkeypatch):
    asked = []

    class Linter:
        def lint(self, text, language):
            asked.append((text, language))
            return []

    monkeypatch.setattr(harper, "_linter", Linter())
    introduced_errors({("a b", "a c"), ("a b", "a d"), ("a c", "a b")}, harper)
    assert asked == [("a b", "plaintext"), ("a c", "plaintext"), ("a d", "plaintext")]


def test_every_rule_named_is_one_of_harpers(harper):
    import harper as library

    assert set(grammar.ALSO) | set(grammar.NOT) <= set(library.get_default_lint_config())


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("it 's fun , is n't it ?", "it's fun, isn't it?"),
        ("( so ) we 've [ all ] seen $ 3 ; 9 % !", "(so) we've [all] seen $3; 9%!"),
        ("they 'd say 'so what '", "they'd say 'so what '"),
        ("'story ' and 'sense", "'story ' and 'sense"),
    ],
)
def test_tokens_are_put_together_as_they_are_written(tokens, text):
    assert grammar.plain(tokens) == text


def test_without_harper_nothing_is_counted_and_the_log_says_why(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "harper", None)
    monkeypatch.setattr(grammar.log, "propagate", True)
    with caplog.at_level(logging.WARNING, "flat"):
        assert grammar.checker() is None
    assert "grammar errors are not counted" in caplog.text and "pip install harper-py" in caplog.text


def test_harper_is_imported_by_the_job_that_counts_alone():
    modules = "flat.analysis.grammar, flat.analysis.validity, flat.report.build"
    subprocess.run([sys.executable, "-c", f"import sys, {modules}; assert 'harper' not in sys.modules"], check=True)
