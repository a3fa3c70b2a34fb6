"""The explorer's file: what it holds is what the ledgers hold, cut to a size, and nothing else can be in it."""

import base64
import json
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from explorer_studies import opened, put

from flat.errors import ArtefactError
from flat.files.artefacts import read_table
from flat.report.explorer import numbers, page, pairs
from flat.report.explorer.block import embedded_json, pack, smallest
from flat.report.explorer.content import Content, content
from flat.report.explorer.sentences import MOST, sentences
from flat.study import paths
from flat.study.grid import attacked_cells

DRAWS = 200


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return put(tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="module")
def made(study):
    return content(study, root="", draws=DRAWS)


def words_of(facts, columns, pair: int) -> tuple[list[str], list[str]]:
    """The original and the adversarial words of a pair, as the page puts them together."""
    text = columns["text"][pair]
    start = columns["text_length"][:text].sum(dtype=int)
    original = columns["text_words"][start : start + columns["text_length"][text]].tolist()
    start = columns["edited"][:pair].sum(dtype=int)
    edits = columns["edits"][start : start + columns["edited"][pair]].tolist()
    if columns["rewritten"][pair]:
        changed = edits[: len(edits) - len(original)]
    else:
        changed = list(original)
        for at, new in zip(edits[::2], edits[1::2], strict=True):
            changed[at] = new
    return [facts["words"][word] for word in original], [facts["words"][word] for word in changed]


def test_every_pair_of_the_ledgers_is_in_it(study, made):
    facts, columns = opened(made)
    at = 0
    for number, attacked in enumerate(attacked_cells(study)):
        ledger = read_table(paths.test_ledger(study, attacked))
        assert facts["cells"][number]["attacked"] == facts["cells"][number]["shown"] == len(ledger)
        for row in ledger.to_dict("records"):
            assert words_of(facts, columns, at) == (list(row["original_words"]), list(row["perturbed_words"]))
            assert facts["ids"][columns["text"][at]] == row["example_id"] and columns["cell"][at] == number
            assert facts["statuses"][columns["status"][at]] == row["status"]
            assert columns["queries"][at] == row["queries"]
            share = np.exp(row["perturbed_logits"]) / np.exp(row["perturbed_logits"]).sum()
            assert columns["after"][at] / facts["parts"] == pytest.approx(share[row["label"]], abs=1e-4)
            at += 1
    assert at == len(columns["cell"]) and columns["rewritten"].any() and not columns["rewritten"].all()


def test_explanations_are_those_of_the_label(study, made):
    facts, columns = opened(made)
    attacked = attacked_cells(study)[0]
    place = paths.of(study).attributions("ig", attacked.attack, **paths.coordinates(attacked.cell))
    scores = read_table(place)
    lengths, start = columns["ig_length"], 0
    for place, length in enumerate(lengths[: 3 * facts["cells"][0]["shown"]]):
        example, side = facts["ids"][columns["text"][place // 3]], facts["sides"][place % 3]
        mine = scores[(scores["example_id"] == example) & (scores["side"] == side) & (scores["target"] == 1)]
        known = np.asarray(mine["scores"].iloc[0])
        shown = columns["ig_scores"][start : start + length] / 127 * columns["ig_scale"][place]
        assert shown == pytest.approx(known, abs=float(np.abs(known).max()) / 250)
        start += length
    taus = read_table(paths.of(study).consistency("ig", "sst2", "CNN"))
    own = taus[(taus["source"] == "own") & (taus["strategy"] == "FLAT")]["kendall_tau"]
    assert columns["ig_kt_own"][: len(own)] / facts["parts"] == pytest.approx(own, abs=1e-4)


def test_equal_inputs_give_equal_bytes(study, made):
    again = content(study, root="", draws=DRAWS)
    assert again == made and page.build("t", again) == page.build("t", made)


def test_beyond_the_limit_cells_share_a_draw(tmp_path):
    texts = [f"text {at} of many words {at * at} {at * 7919}" for at in range(120)]
    study = put(tmp_path, texts)
    whole = content(study, root="", draws=DRAWS)
    few = content(study, root="", limit=whole.size * 2 // 3, draws=DRAWS)
    facts, columns = opened(few)
    assert few.size <= whole.size * 2 // 3
    shown = {cell["shown"] for cell in facts["cells"]}
    assert len(shown) == 1 and 20 <= shown.pop() < 120 and {cell["attacked"] for cell in facts["cells"]} == {120}
    each = [set(columns["text"][columns["cell"] == cell]) for cell in range(len(facts["cells"]))]
    assert all(texts == each[0] for texts in each)
    assert content(study, root="", limit=whole.size * 2 // 3, draws=DRAWS) == few


def test_a_draw_hangs_on_the_ids_alone():
    ids = [f"test-{at}" for at in range(50)]
    assert pairs.drawn(ids, 9) == pairs.drawn(ids[::-1], 9) and len(pairs.drawn(ids, 9)) == 9
    assert set(pairs.drawn(ids, 9)) < set(pairs.drawn(ids, 10)) and pairs.drawn(ids, None) == sorted(ids)


def test_numbers_have_what_is_behind_them(study, made):
    facts, _ = opened(made)
    shares = [row for row in facts["results"] if row["metric"] == "after_attack_accuracy_percent"]
    assert len(shares) == 3
    for row in shares:
        assert row["of"] == row["n"] == 6 and row["value"] == pytest.approx(100 * row["right"] / 6, abs=1e-3)
        assert row["low"] <= row["value"] <= row["high"] and row["high"] - row["low"] > 40  # six texts say little


def test_differences_are_of_the_studys_own_strategies(study, made):
    facts, _ = opened(made)
    assert numbers.compared(study) == [("FLAT", "adv"), ("adv", "base")]
    first = facts["contrasts"][0]
    ours = {row["strategy"]: row["value"] for row in facts["results"] if row["metric"] == first["metric"]}
    assert (first["of"], first["minus"]) == ("FLAT", "adv")
    assert first["value"] == pytest.approx(ours["FLAT"] - ours["adv"], abs=1e-3)
    assert len(facts["sentences"]) == MOST and "One seed" in facts["sentences"][-1]["text"]
    assert "1 flag marks" in facts["sentences"][-1]["text"]


CELL = {"dataset": "d", "model": "m", "attack": "a", "n": 300}
DIFFERENCE = {"of": "FLAT", "minus": "adv", "metric": "after_attack_accuracy_percent", "method": "", "k": 0, "seeds": 5}


@pytest.mark.parametrize(
    ("low", "high", "value", "kind", "said"),
    [
        (1.0, 9.0, 5.0, "above", "is 5.0 points above that of adv"),
        (-9.0, -1.0, -5.0, "below", "is 5.0 points below that of adv"),
        (-1.0, 9.0, 4.0, "unclear", "cannot be told apart: +4.0 points"),
        (None, None, 0.0, "unclear", "is the same (1 cell of 300 texts; nothing is known"),
    ],
)
def test_a_sentence_says_what_the_interval_permits(study, low, high, value, kind, said):
    one = DIFFERENCE | {"low": low, "high": high, "value": value, "cells": [CELL]}
    first, last = sentences(study, [one], 0)
    assert first["kind"] == kind and said in first["text"]
    assert last["text"] == "5 seeds permit a verdict on the methods."


def test_cells_of_unlike_size_and_seeds_are_told_so(study):
    cells = [CELL | {"n": 30, "seeds": [0]}, CELL | {"n": 80, "seeds": [0, 1, 2]}]
    one = DIFFERENCE | {"low": 1.0, "high": 3.0, "value": 2.0, "cells": cells, "seeds": 1}
    first, last = sentences(study, [one], 0)
    assert "2 cells of 30 to 80 texts" in first["text"] and last["text"].startswith("One seed in some cells: ")
    _, last = sentences(study, [one | {"cells": cells[:1]}], 0)
    assert last["text"].startswith("One seed: ")


def test_ledgers_that_disagree_on_a_text_are_refused(tmp_path):
    study = put(tmp_path)
    place = Path(paths.test_ledger(study, attacked_cells(study)[-1]))
    ledger = read_table(place)
    ledger["original_words"] = [["other", *words[1:]] for words in ledger["original_words"]]
    ledger.to_parquet(place)
    with pytest.raises(ArtefactError, match="example test-000000 has another text") as refused:
        pairs.gather(study, "")
    assert str(place) in str(refused.value)


def test_claims_that_are_no_table_are_refused(tmp_path):
    study = put(tmp_path)
    Path(paths.of(study).claims()).write_text("claim,verdict\nx,reproduced\n")
    with pytest.raises(ArtefactError, match=r"claims\.csv"):
        content(study, root="", draws=DRAWS)


def test_columns_are_aligned_and_as_small_as_they_can_be():
    places, data = pack({"a": smallest([1, 2, 255]), "b": smallest([256]), "c": smallest([2**16]), "d": smallest([])})
    assert places == {"a": ["uint8", 0, 3], "b": ["uint16", 4, 1], "c": ["uint32", 8, 1], "d": ["uint8", 12, 0]}
    assert data == b"\1\2\xff\0" + b"\0\1\0\0" + b"\0\0\1\0"


def test_the_page_runs_its_own_script_alone():
    nasty = "</script><script>alert(1)</script>"
    html = page.build(nasty, Content(embedded_json({"text": nasty}), embedded_json([])))
    assert html.count("<script") == 3 and "alert(1)" not in html.replace("&gt;alert(1)", "")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html).group(1)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert set(rules) == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    script, style = (re.search(f"<{tag}>(.*?)</{tag}>", html, re.S).group(1) for tag in ("script", "style"))
    for text, rule in ((script, "script-src"), (style, "style-src")):
        assert rules[rule] == f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
    assert "url(" not in style and "@import" not in style
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|eval|innerHTML)\(|new Function", script)


def test_a_bundle_that_would_end_its_element_is_refused(tmp_path, monkeypatch):
    (tmp_path / "bundle.js").write_text("'</ScRipt>'")
    monkeypatch.setattr(page, "SCRIPT", tmp_path / "bundle.js")
    with pytest.raises(ArtefactError, match="explorer/README"):
        page.build("t", Content("", ""))


def test_the_bundle_says_whose_code_is_in_it():
    held = json.loads((Path(__file__).parents[3] / "explorer/package.json").read_text())["dependencies"]
    licences = page.SCRIPT.with_name("bundle-licences.txt").read_text()
    for name, version in held.items():
        assert f"{name} {version} (" in licences
    assert licences.count("Permission is hereby granted") >= len(held)
