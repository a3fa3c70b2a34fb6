"""A black box and a source of texts, both plugins as docs/ prints them, from texts to tables beside a network."""

import json

import numpy as np
import pandas as pd
import pytest
import worked_examples
from demo_studies import ROOT

from flat.errors import StudyError
from flat.plugins.registry import MODELS, activate
from flat.use import open_study
from tests.workflow.conftest import Checkout, copy_to

pytestmark = pytest.mark.workflow
STUDY = """
name: boxed
title: A black box
seed: 7
plugins: [./my_lines.py, ./my_lexicon.py]
datasets:
  reviews:
    title: Reviews
    source: {kind: lines, files: {bad: bad.txt, good: good.txt}}
    classes: [bad, good]
    splits: {dev: 8, test: 16}
    max_length: 40
    attacked_test: 12
    explained: 6
models:
  Lexicon: {title: word counts, kind: lexicon, options: {strength: 2.0}}
  CNN: {title: CNN, kind: cnn, vectors: glove-6b-50d, options: {filters: 4}, training: {epochs: 1}}
strategies:
  base: {title: base, adversarial: false}
attacks:
  pwws: {title: PWWS, recipe: pwws, resources: {wordnet: wordnet, stopwords: stopwords}}
interpretation:
  ig: {steps: 4}
  lime: {samples: 50, repeats: 2}
  occlusion: {output: probability}
guards:
  calibration: {examples: 6, where: {strategies: [base]}}
artefacts:
  main: {datasets: [reviews], models: [Lexicon, CNN], strategies: [base], train_attacks: [pwws]}
"""
CELL = "reviews/Lexicon/base/none/seed0"


@pytest.fixture(scope="module")
def boxed(tmp_path_factory, repository, resources):
    """The study run to its end, from a folder of the user's."""
    folder = tmp_path_factory.mktemp("boxed")
    copy_to(folder, repository)
    for page in ("add-a-source", "add-a-model"):
        worked_examples.write_files(ROOT / f"docs/{page}.md", folder)
    (folder / "boxed.yaml").write_text(STUDY)
    for verdict, texts in pd.read_csv(ROOT / "tests/data/reviews.csv").groupby("verdict")["review"]:
        (folder / f"{verdict}.txt").write_text("".join(f"{text}\n" for text in texts))
    checkout = Checkout(folder, resources)
    checkout.tiny("--cores", "1", "--quiet", "all", study="boxed.yaml", warm=True)
    return checkout


@pytest.fixture(scope="module")
def asked(boxed):
    """Probabilities of praise as the plugin gives them for lists of words, in this process."""
    activate([str(boxed.folder / "my_lexicon.py")])
    box = MODELS["lexicon"].load()(2, strength=2.0, bias=0.1)
    activate([])
    return lambda texts: box.predict_proba([" ".join(words) for words in texts])[:, 1]


def table(boxed, path):
    return pd.read_parquet(boxed.folder / "results/boxed" / path)


def test_its_accuracy_is_that_of_its_answers(boxed, asked):
    folder = boxed.folder / f"results/boxed/models/{CELL}/round0"
    metrics = json.loads((folder / "metrics.json").read_text())
    test = table(boxed, "data/reviews/test.parquet")
    by_hand = ((asked(test["words"]) > 0.5) == test["label"]).mean()
    assert metrics["test_accuracy"] == by_hand and metrics["test_n"] == len(test) == 16
    measured = table(boxed, "measurements.parquet").query("model == 'Lexicon'")
    values = measured[measured["method"] == ""].set_index("metric")["value"]
    assert values["test_accuracy_percent"] == 100 * by_hand
    assert not {"incomplete_percent", "aa_known_words_percent", "parameters"} & set(values.index)


def test_the_attack_finds_texts_that_it_takes_for_others(boxed, asked):
    ledger = table(boxed, f"attacks/test/{CELL}/pwws/ledger.parquet")
    assert len(ledger) == 12 and {"succeeded", "skipped"} <= set(ledger["status"])
    right = (asked(ledger["original_words"]) > 0.5) == ledger["label"]
    turned = (asked(ledger["perturbed_words"]) > 0.5) != ledger["label"]
    assert (ledger["status"] == "skipped").equals(~right)
    assert ((ledger["status"] == "succeeded") == (right & turned)).all()
    probability = np.exp(np.stack(ledger["perturbed_logits"]))[:, 1]
    np.testing.assert_allclose(probability, asked(ledger["perturbed_words"]), rtol=1e-5)


def test_occlusion_is_what_its_answers_lose_and_no_gradient_is_asked_for(boxed, asked):
    explained = table(boxed, f"interpretations/occlusion/{CELL}/pwws/attributions.parquet")
    assert {"original", "adversarial"} <= set(explained["side"])
    for row in explained[explained["target"] == 1].itertuples():
        words = list(row.words)
        without = [[*words[:i], "UNKWORDZ", *words[i + 1 :]] for i in range(len(words))]
        np.testing.assert_allclose(row.scores, asked([words])[0] - asked(without), atol=1e-6)
    folder = boxed.folder / "results/boxed/interpretations"
    explained = {path.parts[-8:-5] for path in folder.rglob("attributions.parquet")}
    models = {method: {model for m, _, model in explained if m == method} for method, *_ in explained}
    assert models == {"ig": {"CNN"}, "lime": {"CNN", "Lexicon"}, "occlusion": {"CNN", "Lexicon"}}
    shown = (boxed.folder / "results/boxed/tables/table3.md").read_text()
    assert "word counts-base" in shown and "CNN-base" in shown


def test_an_edit_of_the_box_runs_it_again_and_a_comment_does_not(boxed):
    plugin, source = boxed.folder / "my_lexicon.py", boxed.folder / "my_lines.py"
    before, read = plugin.read_text(), source.read_text()
    assert boxed.plan(study="boxed.yaml") == {}
    plugin.write_text(before + "# a comment\n")
    assert boxed.plan(study="boxed.yaml") == {}
    plugin.write_text(before.replace('"dull": -1.5', '"dull": -1.4'))
    again = boxed.plan(study="boxed.yaml")
    assert {"train_base", "attack_test", "interpret_lime", "interpret_occlusion"} <= set(again)
    assert "preprocess" not in again
    plugin.write_text(before)
    source.write_text(read.replace("line.strip() for", "line.strip().lower() for"))
    assert {"preprocess", "train_base"} <= set(boxed.plan(study="boxed.yaml"))
    source.write_text(read)
    with (boxed.folder / "bad.txt").open("a") as file:
        file.write("Nothing in it works .\n")
    assert "preprocess" in boxed.plan(study="boxed.yaml")


def test_it_is_asked_again_as_its_study_asked_it(boxed, monkeypatch):
    """By the file, whose plugins then run; the results folder alone runs none."""
    monkeypatch.chdir(boxed.folder)
    monkeypatch.setenv("FLAT_RESOURCES", boxed.environment["FLAT_RESOURCES"])
    try:
        study = open_study("boxed.yaml")
        model, attributions = study.model("reviews/Lexicon/base"), study.pairs("reviews/Lexicon", method="occlusion")
        for row in study.ledger("reviews/Lexicon/base", "pwws").to_dict("records"):
            again = model.attack(example=row["example_id"], recipe="pwws")
            assert (again.perturbed, again.queries) == (row["perturbed"], row["queries"])
        for pair in attributions:
            found = model.explain(example=pair.example, method="occlusion", target="good")
            assert np.float32(found.scores).tolist() == pair.scores["good"].tolist()
        with pytest.raises(StudyError, match="is a black box"):
            model.explain("a fine book", "ig")
    finally:
        activate([])
    alone = open_study("results/boxed")
    assert alone.settings is None and "It names plugins" in alone.notes[0] and len(alone.ledger("reviews/CNN/base"))
