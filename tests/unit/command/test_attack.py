"""``flat attack``: the outcome, both answers and what was swapped, on a terminal, plainly and as JSON."""

import json
import re

import opened_toys as toys
import pytest
from attack_toys import ToyResources

from flat.use import open_model

RAW = "A good film, with a decent plot"
NAME = "mini:toy/CNN/base"
NOTE = "The study's settings are not known here: open it by its study file to explain and attack as it did."


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return toys.write(tmp_path_factory.mktemp("folder") / "results/mini")


@pytest.fixture
def flat(results, monkeypatch, called, tmp_path):
    monkeypatch.chdir(results.parents[1])

    class Toys(ToyResources):
        def __init__(self, *_, **__):
            super().__init__(tmp_path)

    monkeypatch.setattr("flat.attacks.lexicon.resources.AttackResources", Toys)

    return called


@pytest.fixture
def found(flat, results):
    """The same attack by the Python surface."""
    return open_model(results / "models/toy/CNN/base/none/seed0").attack(RAW, "textfooler")


def test_plainly(flat, found):
    code, out, err = flat("attack", NAME, RAW)
    name, head, _, columns, before, after, *swaps = out.splitlines()
    assert (code, err, name) == (0, f"note: {NOTE}\n", "toy/CNN/base/seed0") and head.startswith(
        f"{found.line}: the model "
    )
    assert columns.split() == ["answer", "text"]
    assert before.startswith("before") and before.endswith(found.before.text)
    assert after.startswith("after") and after.endswith(found.perturbed) and found.after.line in after
    assert found.swaps and swaps[1:] == [f"word {place + 1}: {word} -> {other}" for place, word, other in found.swaps]


def test_on_a_terminal(flat, found, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = flat("attack", NAME, RAW)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert code == 0 and found.before.text in bare and found.perturbed in bare and "█" in bare
    _, word, other = found.swaps[0]
    for changed in (word, other):
        assert re.search(rf"\x1b\[1;33m{changed}\x1b", out)


def test_json(flat, found):
    told = json.loads(flat("attack", NAME, RAW, "--json")[1])
    assert told == {"model": "toy/CNN/base/seed0", "notes": [NOTE], **json.loads(json.dumps(found.as_values()))}
    assert told["after"]["text"] == found.perturbed and told["attack_hash"] == found.row["attack_hash"]


def test_a_label_that_the_model_does_not_answer(flat, found):
    wrong = next(name for name in toys.CLASSES if name != found.label)
    code, out, _ = flat("attack", NAME, RAW, "--recipe", "pwws", "--label", wrong)
    assert code == 0 and f"pwws skipped after 1 query: the model did not answer {wrong} in the first place" in out
    assert out.count(found.before.text) == 1  # there is no text after it


def test_a_budget(flat, found):
    told = json.loads(flat("attack", NAME, RAW, "--query-budget", "3", "--json")[1])
    assert told["queries"] <= 3 and told["attack_hash"] != found.row["attack_hash"]


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([RAW, "--recipe", "textfoler"], "did you mean textfooler?"),
        ([RAW, "--label", "fine"], "choose of bad, good"),
        ([RAW, "--resource", "synonyms"], "write --resource"),
        ([RAW, "--resource", "word=x"], "use one of synonyms, sentence_encoder, tagger"),
        ([RAW, "--recipe", "bae"], "--resource masked_language_model=NAME"),
        ([""], "the text: is empty"),
        ([RAW, "--time-limit", "0"], "time_limit: 0.0 is no limit"),
    ],
)
def test_errors_name_a_remedy(flat, arguments, said):
    code, out, err = flat("attack", NAME, *arguments)
    assert code == 1 and out == "" and err.startswith("error: ") and "remedy: " in err and said in err
