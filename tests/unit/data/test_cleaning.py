"""Cleaning: worked examples, and what must hold for any text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flat.data.cleaning import KEPT, clean, cleaner, mask_unknown


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("It isn't bad, it's GREAT!", "it is n't bad , it 's great !"),
        ("They've said we'll see what you'd do; they're late", "they 've said we 'll see what you 'd do they 're late"),
        ("CAN'T", "ca n't"),
        ("a  half-hearted\tfilm (2,5 hours?)\n", "a half hearted film ( 2 , 5 hours ? )"),
        ("``quoted'' text", "``quoted'' text"),
        ("café & thé: 10%", "caf th 10"),
        ("one<br /><br />two &amp; <b>three</b>", "one two three"),
        ("...", ""),
    ],
)
def test_sst_style_by_hand(raw, cleaned):
    assert clean(raw, "sst") == cleaned


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("What 's the capital of Zambia ?", "what 's the capital of zambia"),
        ("AP - Stocks fell (again), didn't they?", "ap stocks fell again did n't they"),
    ],
)
def test_alphanumeric_style_by_hand(raw, cleaned):
    assert clean(raw, "alphanumeric") == cleaned


def test_style_none_changes_only_white_space_unless_told():
    assert clean(" Été,\u00a0 5 < 6 \u2028 & <i>so</i> ", "none", lower=False, strip_html=False) == (
        "Été, 5 < 6 & <i>so</i>"
    )
    assert clean("Été <br/>&lt;i&gt; 5 < 6", "none") == "été 5 < 6"


def test_the_case_is_kept_on_demand_and_clitics_still_split():
    assert clean("He'S Sure HE CAN'T", lower=False) == "He 'S Sure HE CA N'T"


def test_max_words_counts_cleaned_words():
    assert clean("It isn't so, no.", max_words=4) == "it is n't so"
    assert clean("<p>It</p> isn't so.", max_words=2) == "it is"


def test_cleaner_takes_the_options_of_a_study():
    options = {"style": "alphanumeric", "lower": True, "strip_html": True, "max_words": 2, "mask_unknown": True}
    assert cleaner(options)("One, two, three") == "one two"
    assert cleaner({})("One, two") == "one , two"


def test_mask_unknown_keeps_the_number_of_words():
    assert mask_unknown(["a", "Rare", "Film"], {"a", "film"}) == ["a", "<unk>", "Film"]


@given(st.text(max_size=80), st.sampled_from(list(KEPT)), st.booleans(), st.booleans(), st.sampled_from([None, 1, 5]))
@example("&amp;lt;br&amp;gt; &NBSP; <<b>b> N'T", "none", True, True, None)
@example("İ ǅ \x1c\x85 'll'll n''t", "none", True, True, 3)
@example("<b\n<i>>x", "sst", True, True, None)
def test_any_text_cleans_to_single_spaced_words_and_stays_so(text, style, lower, strip_html, max_words):
    cleaned = clean(text, style, lower, strip_html, max_words)
    words = cleaned.split(" ") if cleaned else []
    assert words == cleaned.split()  # no empty word, no white space but single spaces
    assert max_words is None or len(words) <= max_words
    assert clean(cleaned, style, lower, strip_html, max_words) == cleaned


@given(st.text(alphabet="aBn't s!,'&;<>/é ", max_size=60))
def test_sst_style_leaves_no_other_character_and_no_mark_inside_a_word(text):
    for word in clean(text, "sst").split():
        assert not set(word) - set("abcdefghijklmnopqrstuvwxyz0123456789(),!?'`")
        assert len(word) == 1 or not set(word) & set("(),!?")
