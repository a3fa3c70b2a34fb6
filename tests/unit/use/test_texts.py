"""A raw text becomes the words that the data set's own texts would have become; what cannot be read is refused."""

import pytest

from flat.data.cleaning import clean
from flat.errors import DataError
from flat.use.texts import Reading

RAW = "It's a <b>GREAT</b> film &amp; I don't   regret it -- 9/10!"


@pytest.mark.parametrize("style", ["sst", "alphanumeric", "none"])
@pytest.mark.parametrize("lower", [True, False])
def test_a_text_is_cleaned_as_the_data_set_is(style, lower):
    read = Reading({"style": style, "lower": lower, "strip_html": True, "mask_unknown": False}).read(RAW)
    assert read.text == clean(RAW, style, lower) and read.words == tuple(read.text.split(" "))
    assert read.notes == () and ("great" in read.words) == lower


def test_words_beyond_the_data_sets_limit_are_cut_and_noted():
    read = Reading({"max_words": 3}).read("one two three four five")
    assert read.words == ("one", "two", "three")
    assert read.notes == ("The data set keeps the first 3 words of a text; 2 were cut.",)
    assert Reading({"max_words": 5}).read("one two three four five").notes == ()


def test_unknown_words_are_masked_where_the_data_set_masks_them():
    read = Reading({"mask_unknown": True}, frozenset({"a", "film"})).read("A strange film")
    assert read.words == ("a", "<unk>", "film")
    assert read.notes == ('Masked, as in the data set\'s test texts: "strange".',)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("*** ###", "no word left after cleaning"),
        (None, "is NoneType, not text"),
        (7, "is int, not text"),
        ("half \ud800", "half characters"),
    ],
)
def test_what_is_no_text_is_refused(text, said):
    with pytest.raises(DataError, match=said):
        Reading({}).read(text)
    with pytest.raises(DataError, match=r"^text 3: "):
        Reading({}).read(text, 3)
