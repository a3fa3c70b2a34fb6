"""Word lists are cut as their joined text is: ids and alignment are transformers' own, for every family's tokenizer."""

import random

import encoder_families as families
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from flat.errors import ResourceError, StudyError
from flat.models.encoders.word_pieces import WordPieces

LONGEST = 40
ODD = [
    "",
    " ",
    "two words",
    "end ",
    "\u00a0",
    "a\u00a0b",
    "\u200b",
    "film\u200b",
    "cafe\u0301",
    "\u0301",
    "\u00b4x",
    "\t",
    "\x07",
]
WORDS = [
    "film",
    "the",
    "isn't",
    "1984",
    "``",
    "...",
    "na\u00efve",
    "\u65e5\u672c",
    "\u039f\u03a3",
    "\U0001f44d\U0001f3fd",
    "-",
    "Zq",
]
WORDS += ["ab" * 30, "\u2581a", "\u0120a", "##a", *ODD]
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def pair(family, **options):
    """A family's tokenizer as transformers asks it, and its word pieces here."""
    return families.tokenizer(family, **options), WordPieces(families.tokenizer(family, **options), LONGEST)


@pytest.fixture(scope="module")
def pairs():
    made = {family: pair(family) for family in families.FAMILIES}
    return made | {f"{family} + space": pair(family, add_prefix_space=True) for family in ("roberta", "gpt2")}


def owners(words, tokenizer):
    """The word of each piece of the joined text, by its first character that is no space between words; -1: special."""
    starts, place = [], 0
    for word in words:
        starts.append(place)
        place += len(word) + 1
    found = tokenizer.backend_tokenizer.encode(" ".join(words))
    joints = {start - 1 for start in starts}
    numbers = []
    for (start, _), part in zip(found.offsets, found.sequence_ids, strict=True):
        first = start + 1 if start in joints else start
        numbers.append(-1 if part is None else max(i for i, begin in enumerate(starts) if begin <= first))
    return numbers


def check(pair, words):
    tokenizer, pieces = pair
    expected = tokenizer(" ".join(words), truncation=True, max_length=LONGEST)["input_ids"]
    batch = pieces.encode([words, ["film"] * 60])
    row = batch.ids[0][batch.present[0]].tolist()
    assert row == list(pieces.ids(words)) == (expected or [pieces.pad_id])
    special = len(pieces._before) + len(pieces._after)
    assert pieces.lengths([words]) == [max(len(expected) - special, 0)]
    if len(tokenizer(" ".join(words))["input_ids"]) == len(row):  # offsets are those of the whole text
        assert batch.word_index[0][: len(row)].tolist() == owners(words, tokenizer)


@pytest.mark.parametrize("family", [*families.FAMILIES, "roberta + space", "gpt2 + space"])
def test_random_texts_are_cut_as_running_text(pairs, family):
    draw = random.Random(family)
    words = [*WORDS, *pairs[family][0].all_special_tokens]
    for _ in range(300):
        letters = ["".join(draw.choices("abcdefghilmnorst'.-\u00e91", k=draw.randint(1, 7))) for _ in range(8)]
        check(pairs[family], draw.choices(words if draw.random() < 0.4 else letters, k=draw.randint(0, 12)))


@settings(max_examples=60, deadline=None)
@given(st.lists(anything, max_size=6), st.sampled_from(families.FAMILIES))
def test_any_unicode_is_cut_as_running_text(words, family):
    if family not in test_any_unicode_is_cut_as_running_text.made:
        test_any_unicode_is_cut_as_running_text.made[family] = pair(family)
    tokenizer, pieces = test_any_unicode_is_cut_as_running_text.made[family]
    expected = tokenizer(" ".join(words), truncation=True, max_length=LONGEST)["input_ids"]
    assert list(pieces.ids(words)) == (expected or [pieces.pad_id])


test_any_unicode_is_cut_as_running_text.made = {}


def test_a_word_holds_its_space_but_in_the_first_place(pairs):
    tokenizer, pieces = pairs["roberta"]
    assert tokenizer.convert_ids_to_tokens(pieces.ids(["film", "the", "film"])) == [
        "<s>",
        "f",
        "ilm",
        "\u0120the",
        "\u0120film",
        "</s>",
    ]


@pytest.mark.parametrize("family", families.FAMILIES)
def test_ordinary_words_are_cut_once_each(pairs, family):
    _, pieces = pair(family)
    assert pieces._running.by_word
    asked = []
    cut = pieces._running._encode
    pieces._running._encode = lambda text: asked.append(text) or cut(text)
    for _ in range(3):
        pieces.encode([["gripping", "warmly", "story"], ["warmly", "story", "gripping"], ["warmly", "warmly"]])
    assert len(asked) == len(set(asked)) <= 10  # five words in their places, twice where the end of a text may matter


def trained(pre_tokenizer, normalizer=None, model=None, trainer=None):
    backend = Tokenizer(model or models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        backend.normalizer = normalizer
    trainer = trainer or trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>", "</s>"], show_progress=False)
    backend.train_from_iterator(families.CORPUS, trainer)
    return backend


def of_roberta(*added, normalizer=None):
    backend = Tokenizer.from_str(families.tokenizer_json("roberta"))
    backend.add_tokens(list(added))
    if normalizer is not None:
        backend.normalizer = normalizer
    return backend


def legacy_llama():
    """Tokenizers of the first Llama, as stored before transformers rewrote them: a mark put before each part."""
    backend = Tokenizer.from_str(families.tokenizer_json("llama"))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    backend.pre_tokenizer = None
    return backend


def unigram_over_spaces():
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=["<unk>", "</s>"], unk_token="<unk>", show_progress=False
    )
    return trained(pre_tokenizers.Metaspace(split=False), model=models.Unigram(), trainer=trainer)


STRANGERS = {
    "pieces of several words": lambda: trained(pre_tokenizers.Metaspace(split=False)),
    "the best path through the whole text": unigram_over_spaces,
    "a token of two words": lambda: of_roberta("new york", "good film"),
    "a token that eats the space behind it": lambda: of_roberta(AddedToken("ZZ", rstrip=True)),
    "a mark before each part": legacy_llama,
    "a space belongs to the word before it": lambda: trained(pre_tokenizers.Split(" ", "merged_with_previous")),
    "a hyphen joins words": lambda: of_roberta(normalizer=normalizers.Replace("- ", "")),
    "a text of one word is another": lambda: of_roberta(normalizer=normalizers.Replace(Regex(r"^(\S+)$"), "only")),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_tokenizers_that_see_the_context_are_right_too(kind):
    from transformers import PreTrainedTokenizerFast

    backend = STRANGERS[kind]()  # two trainings may differ
    tokenizer, other = (
        PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", eos_token="</s>") for _ in range(2)
    )
    pieces, draw = WordPieces(other, LONGEST), random.Random(kind)
    words = ["new", "york", "good", "film", "ZZ", "x-", "-", "a", "the", "</s>", "<unk>", "1984", "", "end ", "\u00e9"]
    for _ in range(400):
        text = draw.choices(words, k=draw.randint(1, 8))
        expected = tokenizer(" ".join(text), truncation=True, max_length=LONGEST)["input_ids"]
        assert list(pieces.ids(text)) == (expected or [pieces.pad_id]), text


def test_a_piece_of_two_words_belongs_to_the_first():
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=of_roberta("new york"), eos_token="</s>")
    batch = WordPieces(tokenizer, LONGEST).encode([["the", "new", "york", "film"]])
    assert sorted(set(batch.word_index[0].tolist())) == [0, 1, 3]


def test_without_a_padding_token_the_end_of_text_pads_and_is_saved(tmp_path):
    from transformers import AutoTokenizer

    tokenizer = families.tokenizer("gpt2")
    assert tokenizer.pad_token is None
    pieces = WordPieces(tokenizer, LONGEST)
    assert pieces.pad_id == tokenizer.eos_token_id and pieces.special_ids == []
    assert pieces.unknown_word == "<|endoftext|>"
    assert pieces.ids([]) == (pieces.pad_id,)
    empty = pieces.encode([[], ["film"]])
    assert empty.special[0, 0] and empty.present[0].tolist() == [True] + [False] * (empty.ids.shape[1] - 1)
    llama = families.tokenizer("llama")
    WordPieces(llama, LONGEST)
    for made in (tokenizer, llama):
        made.save_pretrained(tmp_path)
        again = AutoTokenizer.from_pretrained(tmp_path)
        assert again.pad_token_id == made.eos_token_id
        assert (again.padding_side, again.truncation_side) == ("right", "right")


def test_tokenizers_that_cannot_be_used_are_refused():
    def refused(match, **parts):
        from transformers import PreTrainedTokenizerFast

        backend = of_roberta()
        for name, value in parts.pop("backend", {}).items():
            setattr(backend, name, value)
        with pytest.raises(ResourceError, match=match) as error:
            WordPieces(PreTrainedTokenizerFast(tokenizer_object=backend, **parts), LONGEST)
        assert "remedy" in str(error.value)

    from tokenizers.processors import TemplateProcessing

    refused("no token to pad with")
    typed = TemplateProcessing(single="$A:0 </s>:2", special_tokens=[("</s>", 2)])
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    refused("several types", eos_token="</s>", backend={"post_processor": typed}, model_input_names=inputs)
    model = of_roberta().model
    model.dropout = 0.1
    refused("at random", eos_token="</s>", backend={"model": model})
    with pytest.raises(StudyError, match="no room for a word"):
        WordPieces(families.tokenizer("roberta"), 2)
