"""HTML goes, other words in angle brackets and ampersands stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flat.data.cleaning import KEPT as KEPT_BY_STYLE
from flat.data.cleaning import clean

KEPT = [
    "<user> wrote to <url> about <unk> <number>",
    "<USER> and </USER>",
    "if a <b and c> d then",
    "i <3 you <33",
    "1 <i or j> 2",
    "<http://example.org/a> or <someone@example.org>",
    "shares of <ABC.N> rose",
    "<grin> (<sp?) <<<sigh>>>",
    "see <link> at <time> in <video>",
    "<pad> <mask> [SEP]",
    "x.org/?a=1&copy=2&region=3&lt=4",
    "http://x.org/?q&amp",
    "http://x.org/&copy2",
    "R&D, Q&A and AT&T",
]
STRIPPED = [
    ("one<br />two<br>three<BR/>four", "one two three four"),
    ("<p>so <b>late</b></p>", "so late"),
    ('<a href="http://x.org/?a=1&b=2">here</a>', "here"),
    ("<A HREF=http://x.org target=_blank>here</A>", "here"),
    ("<font color='red' size=2\\>red</font>", "red"),
    ("<input disabled> <hr noshade>", ""),
    ('<img src="a.png"> <link rel="x">', ""),
    ("at <time>noon</time>", "at noon"),
    ("<h1>Title</h1 > text", "Title text"),
    ("<o:p></o:p>so", "so"),
    ("&lt;br&gt;so &amp;lt;i&amp;gt;late", "so late"),
    ("fish &amp; chips &copy; 2020 &copy 2021 &#39;s &#x27;t", "fish & chips © 2020 © 2021 's 't"),
    ("http://x.org/?a=1&amp;b=2", "http://x.org/?a=1&b=2"),
    ("&nbspso", "so"),
]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_html_is_kept(text):
    assert clean(text, "none", lower=False) == text


@pytest.mark.parametrize(("text", "cleaned"), STRIPPED)
def test_html_is_stripped(text, cleaned):
    assert clean(text, "none", lower=False) == cleaned


def test_published_styles_keep_the_word_of_a_placeholder():
    assert clean("<USER> likes <br /> it", "sst") == "user likes it"
    assert clean("shares of <ABC.N> rose", "alphanumeric") == "shares of abc n rose"


@given(
    st.text(alphabet="<>/&;= abitmeuscopy:.#39x", max_size=60),
    st.sampled_from(list(KEPT_BY_STYLE)),
    st.booleans(),
    st.sampled_from([None, 3]),
)
def test_cleaning_again_changes_nothing(text, style, lower, max_words):
    cleaned = clean(text, style, lower, True, max_words)
    assert clean(cleaned, style, lower, True, max_words) == cleaned
