"""What stands for Gene's language model and PSO's HowNet: bigrams by hand, WordNet's neighbours, foreign pickles."""

import pickle
from typing import ClassVar

import numpy as np
import pytest

from flat.attacks.lexicon import bigrams, google_language_model, sememes
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.lexicon.wordnet_table import WordNet
from flat.attacks.textattack_adapter.components import LanguageModel
from flat.attacks.textattack_adapter.environment import textattack
from flat.errors import AttackError, ResourceError

TEXTS = ["the good film", "The good good plot .", "a film , the film !"]


def test_bigrams_by_hand():
    table = bigrams.count(TEXTS)
    assert table.words == ["a", "film", "good", "plot", "the"]
    # after "good": film, good, plot, once each; of 11 words 3 are film, 3 good, 1 plot; V + 1 = 6
    alone = {"film": 4 / 17, "plot": 2 / 17, "the": 4 / 17, "zzz": 1 / 17}
    found = table.get_words_probs("good", ["film", "plot", "the", "zzz"])
    assert found == pytest.approx(
        [(1 + 3 * alone["film"]) / 6, (1 + 3 * alone["plot"]) / 6, 3 * 4 / 17 / 6, 3 / 17 / 6]
    )
    assert table.get_words_probs("GOOD", ["Film"]) == found[:1]
    assert table.get_words_probs("unheard", ["film", "zzz"]) == pytest.approx([4 / 17, 1 / 17])
    # "plot" ends its text: nothing was ever seen after it
    assert table.get_words_probs("plot", ["film"]) == pytest.approx([4 / 17])


def test_bigram_probabilities_sum_to_one_with_one_unseen_word():
    table = bigrams.count(TEXTS)
    for previous in (*table.words, "unheard"):
        assert sum(table.get_words_probs(previous, [*table.words, "zzz"])) == pytest.approx(1)


def test_bigrams_keep_their_bytes_and_answers_on_disk(tmp_path):
    table = bigrams.count(TEXTS)
    for name in ("one.npz", "two.npz"):
        bigrams.save(tmp_path / name, bigrams.count(TEXTS))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    words = [*table.words, "zzz"]
    for previous in words:
        again = bigrams.load(tmp_path / "one.npz").get_words_probs(previous, words)
        assert again == table.get_words_probs(previous, words)


def test_no_texts_give_a_model_all_the_same(tmp_path):
    bigrams.save(tmp_path / "none.npz", bigrams.count([]))
    assert bigrams.load(tmp_path / "none.npz").get_words_probs("a", ["b"]) == [1.0]


class Lengths:
    """Long words are probable."""

    asked: ClassVar[list] = []

    def get_words_probs(self, previous, words):
        self.asked.append((previous, list(words)))
        return [len(word) for word in words]


def test_gene_s_constraint_is_textattack_s_with_its_defect(monkeypatch):
    """TextAttack 0.3.11 counts how many candidates are among the most probable of their position, and then returns as
    many of the first ones, which need not be the same. Ours does what the stock constraint does."""
    module = textattack.constraints.grammaticality.language_models.google_language_model.google_language_model
    monkeypatch.setattr(module, "GoogLMHelper", Lengths)
    options = {"top_n_per_index": 2, "compare_against_original": False}
    text = textattack.shared.AttackedText("one good film")
    changed = [(1, "fine"), (1, "ok"), (1, "superb"), (0, "a"), (0, "another"), (0, "eleven")]
    kept = []
    for constraint in (LanguageModel(lm=Lengths(), **options), module.GoogleLanguageModel(**options)):
        Lengths.asked.clear()
        candidates = [text.replace_word_at_index(i, word) for i, word in changed]
        for candidate in candidates:
            candidate.attack_attrs["last_transformation"] = textattack.transformations.WordSwap()
        kept.append([c.text for c in constraint.call_many(candidates, text)])
        assert Lengths.asked == [("one", ["fine", "ok", "superb"]), ("film", ["a", "another", "eleven"])]
    assert kept[0] == kept[1] == ["one fine film", "one ok film", "one superb film", "a good film"]


def test_google_s_model_names_what_is_lacking(tmp_path):
    with pytest.raises(ResourceError, match=r"TensorFlow(.|\n)*bigrams@train"):
        google_language_model.load(tmp_path)


@pytest.fixture(scope="module")
def wordnet(resources):
    return WordNet(resources / "wordnet")


def test_sememes_are_of_the_same_part_of_speech_inflected_and_known(wordnet):
    train = [
        "the film the film the films were good , fine and excellent movies",
        "pictures moved quickly and rapidly in respectable company",
    ]
    bank = sememes.build(
        ["films run quickly", "a good film , moved"], [*train, "goodness a movie picture run ran"], wordnet
    )
    assert bank["film"]["noun"][:2] == ["movie", "picture"]
    assert bank["films"]["noun"][:2] == ["movies", "pictures"]  # the word's own inflection
    assert "films" not in bank["film"]["noun"] and "film" not in bank["films"]["noun"]
    assert bank["quickly"] == {"adv": ["rapidly"]}
    assert "goodness" in bank["good"]["noun"] and "goodness" not in bank["good"]["adj"]
    assert "respectable" in bank["good"]["adj"]
    known = {word for text in (*train, "goodness a movie picture run ran") for word in text.split()}
    for of_word in bank.values():
        for pos, words in of_word.items():
            assert pos in sememes.PARTS and 0 < len(words) <= sememes.MOST
            assert len(set(words)) == len(words)
            assert set(words) <= known
    assert sememes.build(["zzz ,"], train, wordnet) == {}


def test_the_order_of_the_texts_does_not_matter(wordnet):
    texts = ["a film about a good story", "the bad picture of a nice town", "people run and jump and talk"]
    assert sememes.build(texts, texts, wordnet) == sememes.build(texts[::-1], texts[::-1], wordnet)


def test_hownet_s_pickle_is_read_without_running_it(tmp_path):
    import os

    (tmp_path / "hownet").mkdir()
    path = tmp_path / "hownet" / "word_candidates_sense.pkl"
    path.write_bytes(pickle.dumps({"good": {"adj": ["fine", "nice"], "noun": {"b", "a"}}}))
    assert sememes.load_hownet(tmp_path) == {"good": {"adj": ["fine", "nice"], "noun": ["a", "b"]}}
    resources = AttackResources({"sememes": "hownet-candidates"}, folders={"sememes": tmp_path})
    assert resources.sememes["good"]["adj"] == ["fine", "nice"]

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    path.write_bytes(pickle.dumps({"good": Evil()}))
    with pytest.raises(ResourceError, match="wants to load"):
        sememes.load_hownet(tmp_path)
    assert not (tmp_path / "ran").exists()
    for content in (b"", b"no pickle", pickle.dumps([1, 2])):
        path.write_bytes(content)
        with pytest.raises(ResourceError, match="no bank of candidates"):
            sememes.load_hownet(tmp_path)
    with pytest.raises(ResourceError, match=r"word_candidates_sense\.pkl"):
        sememes.load_hownet(tmp_path / "nowhere")


def test_what_is_made_of_a_data_set_comes_from_its_table(tmp_path):
    bigrams.save(tmp_path / "bigrams.npz", bigrams.count(TEXTS))
    (tmp_path / "sememes.json").write_text('{"good": {"adj": ["fine"]}}')
    names = {"language_model": "bigrams@train", "sememes": "wordnet"}
    tables = {"language_model": tmp_path / "bigrams.npz", "sememes": tmp_path / "sememes.json"}
    resources = AttackResources(names, tables)
    assert resources.sememes == {"good": {"adj": ["fine"]}}
    assert resources.language_model.get_words_probs("the", ["good"]) == bigrams.count(TEXTS).get_words_probs(
        "the", ["good"]
    )
    version = resources.version("language_model")
    assert version["name"] == "bigrams@train"
    bigrams.save(tmp_path / "bigrams.npz", bigrams.count([*TEXTS, "another text"]))
    assert AttackResources(names, tables).version("language_model")["sha256"] != version["sha256"]
    with pytest.raises(AttackError, match=r"language_model: bigrams@train(.|\n)*nobody made it"):
        AttackResources(names).version("language_model")
    with pytest.raises(AttackError, match="no resource is named"):
        AttackResources().version("sememes")


def test_pairs_of_a_large_vocabulary_do_not_overflow():
    texts = [f"w{i} w{i + 1}" for i in range(0, 100_000, 2)]
    table = bigrams.count(texts)
    assert table.pairs.dtype == np.int64
    assert len(table.pairs) == len(texts)
    assert table.get_words_probs("w99998", ["w99999"])[0] > 0.5
