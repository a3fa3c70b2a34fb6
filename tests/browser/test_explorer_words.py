"""The page of words in a real browser: counts, frequency and phi beside each word, as the files say."""

from dataclasses import replace

import numpy as np
import pytest
from explorer_studies import PLAIN, opened, put

from flat.data import vocabulary
from flat.files.artefacts import read_table
from flat.report.explorer import page as explorer
from flat.report.explorer.block import embedded_json
from flat.report.explorer.content import content
from flat.study import paths
from flat.study.grid import attacked_cells, importance_cells

pytestmark = pytest.mark.browser
TABLE = (
    "[...document.querySelectorAll('.results tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
)
ABOUT = "document.getElementById('about-phi').innerText"


@pytest.fixture(scope="module")
def swaps(study):
    """(strategy, from, to) of each text that fell, each once a text."""
    found = []
    for attacked in attacked_cells(study):
        ledger = read_table(paths.test_ledger(study, attacked))
        for row in ledger[ledger["status"].eq("succeeded")].to_dict("records"):
            found += {(attacked.cell.strategy, row["example_id"], s["from"], s["to"]) for s in row["swaps"]}
    return found


@pytest.fixture(scope="module")
def known(study):
    """Frequency, and by strategy phi, of each word."""
    phi = {}
    for cell in importance_cells(study):
        place = paths.of(study).importance("importance.parquet", **paths.coordinates(cell))
        phi[cell.strategy] = read_table(place).set_index("word")["phi"].to_dict()
    return dict(zip(*vocabulary.load(paths.of(study).data("sst2", "vocabulary.json")), strict=True)), phi


def shown(value, form: str) -> str:
    return "–" if value is None else format(value, form)


def test_words_have_their_frequency_and_phi(page, file, swaps, known):
    page.open(file, "words", height=3000)
    head, *rows = page.ask(TABLE)
    assert head == ["word", "all", "base", "adv", "FLAT", "in train", "φ FLAT", "φ FLAT, gamma = 0"]
    frequency, phi = known
    assert {word for word, *_ in rows} == {a or "inserted" for _, _, a, _ in swaps}
    for word, whole, *_, count, flat, _ in rows:
        mine = [(text, strategy, to) for strategy, text, a, to in swaps if (a or "inserted") == word]
        assert whole == str(len({each[:2] for each in mine}))
        assert count == shown(frequency.get(word), "d")
        after = [phi["FLAT"][to] for *_, to in mine if to in phi["FLAT"]]
        parts = shown(phi["FLAT"].get(word), ".2f"), shown(float(np.mean(after)) if after else None, ".2f")
        assert flat == " → ".join(parts)


def test_swaps_have_both_sides_and_open_their_pairs(page, file, swaps, known):
    page.open(file, "words?by=swap", height=3000)
    _, *rows = page.ask(TABLE)
    frequency, phi = known
    seen = 0
    for swap, whole, *_, count, _, plain in rows:
        old, new = swap.split(" → ")
        if old == "inserted":
            continue
        seen += 1
        assert whole == str(sum((a, to) == (old, new) for _, _, a, to in swaps))
        assert count == f"{shown(frequency.get(old), 'd')} → {shown(frequency.get(new), 'd')}"
        both = [shown(phi["FLAT-nogamma"].get(word), ".2f") for word in (old, new)]
        assert plain == " → ".join(both)
    assert seen
    page.ask("document.querySelector('.results tbody td a').click()")
    page.settle()
    assert page.ask("document.getElementById('tally').textContent").split()[0] == rows[0][1]


def test_what_has_no_phi_is_told(page, file, tmp_path):
    page.open(file, "words")
    said = page.ask(ABOUT)
    assert "(SST2, CNN, trained on TextFooler, seed 0)" in said and "No word mask, hence no φ: base; adv." in said
    page.open(file, "words?dataset=other")
    assert "is measured of SST2, CNN, trained on TextFooler, seed 0 alone" in page.ask(ABOUT)
    plain = put(tmp_path, PLAIN)
    other = tmp_path / "explorer.html"
    other.write_text(explorer.build("t", content(plain, root="", draws=100)), "utf-8")
    page.open(other, "words")
    assert "the study has no block artefacts.importance" in page.ask(ABOUT)
    assert not any("φ" in name for name in page.ask(TABLE)[0])


def test_columns_are_the_main_strategies_until_all_are_asked_for(page, made, swaps, tmp_path):
    """Of a study with other strategies too: their counts stay in "all", and every number stands in a full table."""
    facts, _ = opened(made)
    facts["strategies"] = [each | {"main": each["name"] != "adv"} for each in facts["strategies"]]
    file = tmp_path / "explorer.html"
    file.write_text(explorer.build("t", replace(made, head=embedded_json(facts))), "utf-8")
    page.open(file, "words", height=3000)
    few, *rows = page.ask(TABLE)
    assert few[:4] == ["word", "all", "base", "FLAT"] and "adv" not in few
    assert "“All” counts the other strategies too" in page.ask("document.querySelector('main').innerText")
    page.open(file, "words?columns=every", height=3000)
    every, *whole = page.ask(TABLE)
    assert set(every) - set(few) == {"adv"} and "other strategies" not in page.ask("document.body.innerText")
    assert [row[1] for row in rows] == [row[1] for row in whole]  # all
    adv = every.index("adv")
    for word, *counts in whole:
        mine = {text for strategy, text, a, _ in swaps if strategy == "adv" and (a or "inserted") == word}
        assert counts[adv - 1] == str(len(mine))
