"""The page of two compared studies: its numbers are the comparison's, its texts those of both studies' ledgers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from compared_studies import ANOTHER, TEXTS, outcomes, two
from explorer_studies import opened as columns_of
from typer.testing import CliRunner

from flat.analysis.comparison import cells, settings, words
from flat.analysis.comparison.opened import open_study
from flat.command.app import app
from flat.files.artefacts import read_table
from flat.report.explorer import page
from flat.report.explorer.compared import content, matched
from flat.study import paths

DRAWS = 100


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    return two(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def sides(studies):
    return tuple(map(open_study, studies))


@pytest.fixture(scope="module")
def compared(sides):
    return cells.compare(*sides, draws=DRAWS, each_seed=False), settings.differences(*sides)


@pytest.fixture(scope="module")
def made(sides, compared):
    return content(*sides, *compared)


def expected(sides, strategy: str) -> dict[str, set[str]]:
    a, b = ({e: of for (s, e), of in outcomes(side.study).items() if s == strategy} for side in sides)
    shared = {e for e in a.keys() & b.keys() if a[e][0] == b[e][0]}
    fell = {
        (x, y): {e for e in shared if (a[e][1], b[e][1]) == (x, y)}
        for x in ("succeeded", "failed")
        for y in ("succeeded", "failed")
    }
    return {"shared": shared, "fell_a": fell["succeeded", "failed"], "fell_b": fell["failed", "succeeded"]} | {
        "only_a": a.keys() - shared,
        "only_b": b.keys() - shared,
    }


def test_texts_are_matched_by_id_and_text(sides):
    found = matched(*sides)
    assert [each.attacked.cell.strategy for each in found] == ["FLAT", "adv", "base"]
    for each in found:
        for name, ids in expected(sides, each.attacked.cell.strategy).items():
            assert set(getattr(each, name)) == ids and sorted(ids) == getattr(each, name)
        assert each.only_a == [f"test-{ANOTHER:06}"] and each.only_b == [f"test-{ANOTHER:06}", f"test-{len(TEXTS):06}"]
        assert set(each.order[: len(each.fell_a + each.fell_b)]) == {*each.fell_a, *each.fell_b}


def test_numbers_are_those_of_the_comparison(made, compared):
    facts, _ = columns_of(made)
    numbers = facts["comparison"]["numbers"]
    assert len(numbers) == len(words.shown(compared[0])) > 0
    for shown, each in zip(numbers, words.shown(compared[0]), strict=True):
        assert (shown["dataset"], shown["model"], shown["strategy"], shown["train_attack"]) == each.cell
        assert shown["said"] == words.figures(each) and shown["difference"] == pytest.approx(each.difference, abs=1e-4)
        assert shown["shared"] == each.shared and shown["pairing"] == each.pairing
    assert {"kind": "settings", "key": "torch_threads", "a": "1", "b": "2"} in facts["comparison"]["differences"]


def test_every_pair_of_both_is_in_it_and_a_text_of_both_once(made, sides):
    facts, columns = columns_of(made)
    assert len(facts["ids"]) == len(TEXTS) + 2  # one id is two texts, and B has one more
    known = {name: outcomes(side.study) for name, side in zip("ab", sides, strict=True)}
    for pair in range(len(columns["cell"])):
        cell, text = facts["cells"][columns["cell"][pair]], columns["text"][pair]
        original, status = known[cell["side"]].pop((cell["strategy"], facts["ids"][text]))
        start = int(columns["text_length"][:text].sum(dtype=int))
        numbers = columns["text_words"][start : start + columns["text_length"][text]]
        assert " ".join(facts["words"][word] for word in numbers) == original
        assert facts["statuses"][columns["status"][pair]] == status
    assert known == {"a": {}, "b": {}}
    assert all(not cell["ledger"].startswith("/") for cell in facts["cells"])


def test_where_not_all_fit_those_come_first_on_which_the_studies_part(made, sides, compared):
    limit = made.size * 3 // 4
    few = content(*sides, *compared, limit=limit)
    facts, columns = columns_of(few)
    assert few.size <= limit and content(*sides, *compared, limit=limit) == few
    for number, cell in enumerate(facts["cells"]):
        held = {facts["ids"][text] for text in columns["text"][columns["cell"] == number]}
        told = expected(sides, cell["strategy"])
        assert len(held) == cell["shown"] < cell["attacked"]
        assert told["fell_a"] | told["fell_b"] <= held
    counts = [{name: each[name] for name in ("fell_a", "fell_b", "shared")} for each in facts["comparison"]["cells"]]
    whole = columns_of(made)[0]["comparison"]["cells"]
    assert counts == [{name: each[name] for name in ("fell_a", "fell_b", "shared")} for each in whole]


def test_a_study_against_itself_differs_in_nothing(studies):
    sides = open_study(studies[0]), open_study(studies[0])
    found = cells.compare(*sides, draws=DRAWS, each_seed=False)
    facts, _ = columns_of(content(*sides, found, settings.differences(*sides)))
    assert all(each["fell_a"] == each["fell_b"] == each["only_a"] == 0 for each in facts["comparison"]["cells"])
    assert any("counted from the same files" in each for each in facts["comparison"]["sentences"])
    assert facts["comparison"]["differences"] == []


def test_studies_without_texts_are_numbers_alone(tmp_path):
    """Of studies redrawn from archives nobody can say whether two ids are one text."""
    files = two(tmp_path)
    sides = tuple(map(open_study, files))
    for attacked in sides[1].attacked:
        place = Path(paths.test_ledger(sides[1].study, attacked))
        ledger = read_table(place)
        ledger["original"] = ledger["perturbed"] = ""
        ledger.to_parquet(place)
    found = cells.compare(*sides, draws=DRAWS, each_seed=False)
    facts, _ = columns_of(content(*sides, found, []))
    assert facts["cells"] == facts["ids"] == facts["comparison"]["cells"] == [] and facts["comparison"]["numbers"]


def test_explanations_are_of_methods_that_both_have(sides):
    sides = sides[0], replace(sides[1], explained={"ig": sides[1].explained["ig"]})
    found = cells.compare(*sides, draws=DRAWS, each_seed=False)
    facts, columns = columns_of(content(*sides, found, settings.differences(*sides)))
    assert facts["methods"] == ["ig"] and not any(name.startswith("lime") for name in columns)
    assert len(columns["ig_length"]) == 3 * len(columns["cell"]) and columns["ig_length"].all()


@pytest.mark.parametrize(
    ("intervals", "said"),
    [
        ([(1.0, 2.0), (-2.0, -1.0), (-1.0, 1.0)], "3 numbers of common cells: B is above A in 1 and below A in 1."),
        ([(1.0, 2.0)], "1 number of common cells: B is above A in 1 and below A in 0. In 0 they"),
        ([(float("nan"),) * 2], "Nothing is known of the spread of 1 difference."),
        ([(-1.0, 1.0)] * 60, "If nothing differed, about 3 of 60 intervals at 95 % would still lie"),
    ],
)
def test_a_summary_says_how_much_chance_would_give(compared, intervals, said):
    one = next(each for each in compared[0] if each.attack)
    found = [replace(one, low=low, high=high, pairing="paired") for low, high in intervals]
    assert said in " ".join(words.summary(found))


def test_the_command_writes_the_page(studies, tmp_path):
    file = tmp_path / "new/page.html"
    done = CliRunner().invoke(app, ["compare", *studies, "--html", str(file)])
    assert done.exit_code == 0, done.output
    assert f"page: {file}" in done.output
    html = file.read_text("utf-8")
    assert "<title>tiny and other: comparison</title>" in html and html.count("Content-Security-Policy") == 1
    again = CliRunner().invoke(app, ["compare", *studies, "--html", str(file), "--json"])
    assert json.loads(again.output)["numbers"] and file.read_text("utf-8") == html


def test_titles_cannot_leave_their_place(made):
    nasty = "</title><script>alert(1)</script>"
    html = page.build(nasty, made, page.COMPARISON)
    assert "<script>alert" not in html and html.count("<script") == 3
