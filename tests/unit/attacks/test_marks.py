"""Texts that hold what TextAttack, a tokenizer or our vocabulary uses as a mark of its own are attacked like others."""

import attack_toys as toys
import pandas as pd
import pytest

from flat.attacks.attack import attack_examples
from flat.attacks.textattack_adapter.environment import as_installed, textattack

MARKED = [
    "<SPLIT> a good film",
    "a good <SPLIT>",
    "good S <SPLIT> I P <SPLIT> <SPLIT> bad film",
    "a good<SPLIT>film , bad plot",
    "[[good]] film [MASK] bad [SEP] plot",
    "<s> a good <mask> film </s> <pad> <unk>",
]


def attacked(recipe, texts, folder):
    words = [text.split(" ") for text in texts]
    names = [f"test-{i}" for i in range(len(texts))]
    examples = pd.DataFrame({"example_id": names, "text": texts, "label": [1] * len(texts), "words": words})
    victim, resources = toys.BagOfWords().eval(), toys.toy_resources(folder)
    return attack_examples(victim, examples, toys.spec(recipe), seed=7, resources=resources).ledger


@pytest.mark.parametrize("recipe", toys.ALL)
def test_every_recipe_attacks_texts_with_marks(tmp_path, recipe):
    ledger = attacked(recipe, MARKED, tmp_path)
    assert ledger["original"].tolist() == MARKED
    for original, perturbed in zip(MARKED, ledger["perturbed"], strict=True):
        assert recipe in ("clare", "textbugger") or len(perturbed.split()) == len(
            original.split()
        )  # nothing behind a mark is lost


@pytest.mark.parametrize("recipe", [recipe for recipe in toys.RECIPES if recipe not in ("clare", "bae")])
def test_the_separator_is_a_word_like_any_unknown_one(tmp_path, recipe):
    texts = ["a good <SPLIT> film", "great acting <SPLIT> and a superb story <SPLIT> in this movie"]
    marked = attacked(recipe, texts, tmp_path / "a")
    plain = attacked(recipe, [text.replace("<SPLIT>", "<SPLAT>") for text in texts], tmp_path / "b")
    assert marked["status"].tolist() == plain["status"].tolist()
    assert [text.replace("<SPLIT>", "<SPLAT>") for text in marked["perturbed"]] == plain["perturbed"].tolist()


def test_a_text_is_edited_behind_the_separator():
    text = textattack.shared.AttackedText("I <SPLIT> saw S it")
    new = text.replace_words_at_indices([2, 4], ["never saw", ""])
    assert new.text.split() == ["I", "<SPLIT>", "never", "saw", "S"]
    with as_installed():
        assert textattack.shared.AttackedText.SPLIT_TOKEN == "<SPLIT>"
