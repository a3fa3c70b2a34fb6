"""Masked language models of every tokenizer: TextAttack sees their pieces as words, and puts no mark into a text."""

import re

import encoder_families as families
import pytest
import torch
from attack_toys import Tagger, toy_masked_network

from flat.attacks.lexicon.masked_language_model import MaskedLanguageModel, load
from flat.attacks.lexicon.masked_pieces import BertLikePieces
from flat.attacks.lexicon.masked_training import Options, train
from flat.attacks.textattack_adapter.environment import textattack
from flat.errors import ResourceError

MASKED = ("roberta", "deberta", "deberta-v2", "modernbert", "albert", "xlm-roberta", "distilbert", "electra")
TEXTS = ("a good film with a dull plot", "the story", "caf\u00e9 in new york , funny")
AttackedText = textattack.shared.AttackedText


def write(folder, family):
    from transformers import AutoModelForMaskedLM

    torch.manual_seed(3)
    made = families.tokenizer(family)
    AutoModelForMaskedLM.from_config(families.configuration(family, made)).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=MASKED)
def model(request, tmp_path_factory):
    return load(write(tmp_path_factory.mktemp(request.param), request.param))


def transformation(kind, model, **options):
    from flat.attacks.textattack_adapter import masked_components

    local = {"tagger": Tagger()} if kind == "Merge" else {}
    return getattr(masked_components, f"Masked{kind}")(masked_language_model=model, **local, **options)


def candidates(made, text):
    given = AttackedText(text)
    given._pos_tags = Tagger().universal_tags(given.words)
    return [found.text for found in made(given)]


@pytest.mark.parametrize("kind", ["Swap", "Insertion", "Merge"])
def test_candidates_are_words_as_a_text_holds_them(model, kind):
    made, found = transformation(kind, model, max_candidates=100, min_confidence=0.0), []
    for text in TEXTS:
        found += candidates(made, text)
    assert len(found) > 50
    words = {word for text in found for word in text.split()}
    assert {"film", "is"} & words
    assert not re.search("[\u2581\u0120\u00c3\ufffd]|##|0x", " ".join(found))
    if model.network.config.model_type not in ("distilbert", "electra"):  # of BERT's kind: TextAttack takes [SEP] too
        assert not words & set(model.tokenizer.all_special_tokens)


def test_a_roberta_s_ascii_candidates_are_textattack_s_own(tmp_path):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    folder = write(tmp_path, "roberta")
    network = AutoModelForMaskedLM.from_pretrained(folder).eval()
    options = {"max_candidates": 1000, "min_confidence": 0.0}
    stock = textattack.transformations.WordSwapMaskedLM(
        masked_language_model=network, tokenizer=AutoTokenizer.from_pretrained(folder), max_length=64, **options
    )
    ours = transformation("Swap", load(folder), **options)
    for text in TEXTS[:2]:
        expected = [found for found in candidates(stock, text) if found.isascii() and "<" not in found]
        found = [other for other in candidates(ours, text) if other.isascii()]
        assert sorted(set(found)) == sorted(set(expected)) and len(expected) > 30


def test_a_model_of_bpe_is_trained_further_and_asked(tmp_path):
    folder = write(tmp_path / "source", "roberta")
    texts = ["the film is dull", "a good plot", "the story is warm"] * 4
    found = train(folder, texts, texts, 1, tmp_path / "more", Options(steps=60, batch_size=4, learning_rate=0.01))
    assert found["after"]["loss"] < found["before"]["loss"]
    assert candidates(transformation("Swap", load(tmp_path / "more"), max_candidates=9, min_confidence=0.0), "a film")


def test_pieces_are_written_as_bert_writes_them():
    for family, film in (("roberta", "\u0120film"), ("xlm-roberta", "\u2581film"), ("bert", "film")):
        tokenizer = families.tokenizer(family)
        pieces, vocabulary = BertLikePieces(tokenizer), tokenizer.get_vocab()
        if film in vocabulary:
            assert pieces.convert_ids_to_tokens(vocabulary[film]) == "film"
        assert (pieces.mask_token, pieces.mask_token_id) == (tokenizer.mask_token, tokenizer.mask_token_id)
    tokenizer = families.tokenizer("roberta")
    pieces, vocabulary = BertLikePieces(tokenizer), tokenizer.get_vocab()
    read = {piece: pieces.convert_ids_to_tokens(number) for piece, number in vocabulary.items()}
    assert read["\u0120film"] == "film" and read["i"] == "##i" and read["\u0120,"] == ","
    assert read["na\u00c3\u00afve"] == "##na\u00efve"
    assert read["\u00c3"] == read["<mask>"] == read["<s>"] == ""


def test_a_bert_s_pieces_are_left_as_they_are():
    network, tokenizer = toy_masked_network()
    pieces = MaskedLanguageModel(network, tokenizer).pieces
    for number in range(len(tokenizer)):
        assert pieces.convert_ids_to_tokens(number) == tokenizer.convert_ids_to_tokens(number)


def test_a_model_with_too_few_rows_or_pieces_without_text_is_refused(tmp_path):
    folder = write(tmp_path / "rows", "roberta")
    wider = families.tokenizer("roberta")
    wider.add_tokens(["wow"])
    wider.save_pretrained(folder)
    with pytest.raises(ResourceError, match="more tokens than the"):
        load(folder)
    folder = write(tmp_path / "decoder", "modernbert")
    text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    start = text.index('"decoder"')
    changed = text[:start] + re.sub(r"\{[^}]*\}", "null", text[start:], count=1)
    (folder / "tokenizer.json").write_text(changed, encoding="utf-8")
    with pytest.raises(ResourceError, match="how pieces become text"):
        load(folder)
