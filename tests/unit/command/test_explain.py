"""``flat explain``: coloured on a terminal, plain elsewhere, JSON for machines; errors with their remedy."""

import json
import re
import subprocess
import sys

import opened_toys as toys
import pytest

from flat.use import open_model

RAW = "A great film, and a decent plot"
WORDS = ["a", "great", "film", ",", "and", "a", "decent", "plot"]
NAME = "mini:toy/CNN/base"
NOTE = "The study's settings are not known here: open it by its study file to explain and attack as it did."


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return toys.write(
        tmp_path_factory.mktemp("folder") / "results/mini", ["CNN/base/none/seed0", "CNN/base/none/seed1"]
    )


@pytest.fixture
def flat(results, monkeypatch, called):
    """What the command prints and how it ends, from the folder that the study was run in."""
    monkeypatch.chdir(results.parents[1])
    return called


@pytest.fixture
def model(results):
    return open_model(results / "models/toy/CNN/base/none/seed0")


def test_plainly(flat, model):
    found = model.explain(RAW)
    code, out, err = flat("explain", NAME, RAW)
    name, answer, heading, _, head, *rows = out.splitlines()
    assert (code, err, name) == (
        0,
        f"note: {NOTE}\n",
        "toy/CNN/base/seed0",
    ) and answer == f"answer: {found.prediction.line}"
    assert heading == f"ig: what speaks for {found.target}" and head.split() == ["word", "score"]
    assert [row.split() for row in rows] == [[word, f"{score:+.4f}"] for word, score in found]
    assert "\x1b" not in out


def test_on_a_terminal(flat, model, monkeypatch):
    found = model.explain(RAW, "occlusion", "good")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = flat("explain", NAME, RAW, "--method", "occlusion", "--target", "good")
    assert code == 0 and "\x1b[" in out
    bare = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert " ".join(WORDS) in bare and "occlusion: what speaks for and against good" in bare
    largest = max(found, key=lambda item: abs(item[1]))
    shown = next(line for line in bare.splitlines() if line.startswith(largest[0] + " ") and "█" * 20 in line)
    assert f"{largest[1]:+.4f}" in shown
    ground = "42" if largest[1] > 0 else "41"
    assert re.search(rf"\x1b\[[0-9;]*{ground}m{re.escape(largest[0])}\x1b", out)


def test_json(flat, model):
    found = model.explain(RAW, target="bad")
    code, out, err = flat("explain", NAME, RAW, "--target", "bad", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "") and (told["model"], told["notes"]) == ("toy/CNN/base/seed0", [NOTE])
    assert told["scores"] == list(found.scores) and told["prediction"]["words"] == WORDS
    assert told["prediction"]["probabilities"] == found.prediction.probabilities
    assert told["target"] == "bad" and told["method"] == "ig" and told["steps"] == found.steps


def test_a_checkpoint_folder(flat):
    code, out, _ = flat("explain", "results/mini/models/toy/CNN/base/none/seed1/round0", RAW)
    assert code == 0 and out.startswith("toy/CNN/base/seed1\n")


def test_notes_go_beside(flat):
    code, out, err = flat("explain", NAME, "strange " * 13)
    assert code == 0 and "note: The model reads the first 12 of the 13 words." in err
    assert 'note: Not in the model\'s vocabulary: "strange".' in err and "note" not in out
    told = json.loads(flat("explain", NAME, "strange " * 13, "--json")[1])
    assert len(told["prediction"]["notes"]) == 2


def test_a_text_moves_no_cursor(flat, tmp_path, monkeypatch):
    results = toys.write(tmp_path / "results/raw", cleaning=toys.CLEANING | {"style": "none"})
    monkeypatch.chdir(results.parents[1])
    for force in ("", "1"):
        monkeypatch.setenv("FORCE_COLOR", force)
        code, out, err = flat("explain", "raw:toy/CNN", "good \x1b[2J[bold]film[/bold] \u202efilm")
        assert code == 0 and "\x1b[2J" not in out + err and "\u202e" not in out + err
        assert r"\x1b[2j[bold]film[/bold]" in out and r"\u202efilm" in out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["mini:toy/LSTM/base", RAW], "choose one that is there: toy/CNN/base/seed0, toy/CNN/base/seed1"),
        (["nothing", RAW], "in results there is: results/mini"),
        ([NAME, ""], "the text: is empty"),
        ([NAME, "***"], "no word left after cleaning (style sst)"),
        ([NAME], "neither a text nor an example"),
        ([NAME, RAW, "--target", "fine"], "choose of bad, good"),
        ([NAME, RAW, "--method", "lim"], "did you mean lime?"),
        ([NAME, "--example", "test-000000"], "seeds are not known here"),
    ],
)
def test_errors_name_a_remedy(flat, arguments, said):
    code, out, err = flat("explain", *arguments)
    assert code == 1 and out == "" and err.startswith("error: ") and "remedy: " in err and said in err


def test_help_is_quick_and_whole(results):
    script = "import sys; from flat.command.app import app\ntry: app(['explain', '--help'])\nexcept SystemExit: pass\n"
    script += "print(sorted({'torch', 'pandas', 'numpy', 'transformers'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
    assert all(option in done.stdout for option in ("--method", "--target", "--example", "--study", "--json"))
