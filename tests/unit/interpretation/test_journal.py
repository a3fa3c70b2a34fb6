"""Explanations that were interrupted go on from their journal to the same answers."""

import signal

import pandas as pd
import pytest
from interpretation_toys import ledger, real_model
from plugin_toys import wrapped

from flat.interpretation.attributions import explain_cell

pytestmark = pytest.mark.kill
OWN = {
    "e1": ("succeeded", "a good film", "a warm film"),
    "e2": ("skipped", "bad plot", "bad plot"),
    "e3": ("failed", "a very dull plot", "a very bad plot"),
}
OPTIONS = {"ig": {"steps": 8}, "lime": {"samples": 40, "exact_below": 0, "repeats": 2}}


def explain(method, journal=None, **changes):
    options = {"seed": 1, "options": OPTIONS[method], "code": "abc"} | changes
    return explain_cell(method, real_model("cnn"), ledger(OWN), journal=journal, **options)


@pytest.fixture
def asked(monkeypatch):
    """Counts the texts that are really explained; ``asked.act`` is called before each batch."""

    class Asked(list):
        def act(self):
            pass

    asked = Asked()

    def noting(inner):
        def explain_noted(model, texts, *rest):
            asked.act()
            asked.extend(texts)
            return inner(model, texts, *rest)

        return explain_noted

    for name in ("ig", "lime"):
        wrapped(monkeypatch, "explainers", name, noting)
    return asked


@pytest.mark.parametrize("method", ["ig", "lime"])
@pytest.mark.parametrize("torn", [b"", b'["0123'])
def test_it_goes_on_where_it_was(tmp_path, asked, method, torn):
    whole = explain(method)
    texts, journal = len(asked), tmp_path / "cell.jsonl"
    pd.testing.assert_frame_equal(explain(method, journal), whole, check_exact=True)
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + texts
    journal.write_bytes(b"".join(lines[:3]) + torn)
    asked.clear()
    pd.testing.assert_frame_equal(explain(method, journal), whole, check_exact=True)
    assert len(asked) == texts - 2
    asked.clear()
    pd.testing.assert_frame_equal(explain(method, journal), whole, check_exact=True)
    assert not asked


@pytest.mark.parametrize("method", ["ig", "lime"])
def test_sigterm_finishes_the_text_in_hand(tmp_path, asked, method):
    journal = tmp_path / "cell.jsonl"
    asked.act = lambda: signal.raise_signal(signal.SIGTERM) if len(asked) == 1 else None
    with pytest.raises(SystemExit) as stopped:
        explain(method, journal)
    assert stopped.value.code == 143 and len(asked) == 2
    assert len(journal.read_bytes().splitlines()) == 1 + 2


@pytest.mark.parametrize("change", [{"code": "abd"}, {"options": {"steps": 9}}, {"explained": ["e1", "e2"]}])
def test_another_question_sets_the_journal_aside(tmp_path, asked, change):
    journal = tmp_path / "cell.jsonl"
    explain("ig", journal)
    before = journal.read_bytes()
    asked.clear()
    explain("ig", journal, **change)
    assert asked and (tmp_path / "cell.jsonl.stale").read_bytes() == before
