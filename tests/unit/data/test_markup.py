"""HTML goes, other words in angle brackets and ampersands stay."""

import gc
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flat.data import markup
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


def seconds(text: str) -> float:
    """CPU time of a cleaning, without the collector of garbage, which other tests' objects slow down."""
    gc.disable()
    try:
        begun = time.process_time()
        clean(text, "none", lower=False)
        return time.process_time() - begun
    finally:
        gc.enable()


PILES = {
    "layers": lambda n: "&" + "amp;" * n + "lt;br&gt;so",
    "layers without semicolons": lambda n: "&" + "amp" * n + " so",
    "layers by number": lambda n: "&" + "#38;#x26;" * (n // 2) + "lt;br&gt;so",
    "layers in an address": lambda n: "http://x.org/?a=1&" + "amp;" * n + "b=2",
    "many layers": lambda n: "&amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;lt;br&gt; " * (n // 12),
    "tags in tags": lambda n: "<a " * (n // 4) + ">" * (n // 4),
    "tags in no tag": lambda n: "<3 " * (n // 4) + "<b>" + ">" * (n // 4),
    "no tags": lambda n: "<3> " * (n // 4) + "<3" * 9,
    "bare placeholders": lambda n: "<time> " * (n // 4),
}


@pytest.mark.parametrize("pile", PILES.values(), ids=PILES)
def test_time_grows_as_the_text(pile):
    taken = [(seconds(pile(200_000)), seconds(pile(400_000))) for _ in range(3)]
    small, large = map(min, zip(*taken, strict=True))
    assert small < 1 and large <= 3 * small + 0.01


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 10, 17, 24])
@pytest.mark.parametrize("step", ["amp;", "AMP;", "amp", "#38;", "#038;", "#x26;", "#X26;", "#38;amp;", "amp;#x026;"])
@pytest.mark.parametrize("end", ["lt;b&gt;x", "copy;", "x", " ", "5;", "=2", "#"])
@pytest.mark.parametrize("start", ["", "http://x.org/?a=1", "R&D "])
def test_layers_go_as_if_one_by_one(monkeypatch, start, end, step, n):
    text = f"{start}&{step * n}{end}"
    quick = clean(text, "none", lower=False)
    monkeypatch.setattr(markup, "_PILES", dict.fromkeys(markup._PILES, re.compile("(?!)")))
    assert clean(text, "none", lower=False) == quick


@pytest.mark.parametrize("digits", ["9" * 10, "1" * 5000, "0" * 5000 + "1" * 8])
def test_a_number_of_no_character_is_the_sign_for_that(digits):
    assert clean(f"so &#{digits}; late", "none", lower=False) == "so \N{REPLACEMENT CHARACTER} late"
    assert clean("so &#" + "0" * 5000 + "65; late", "none", lower=False) == "so A late"


@given(
    st.lists(
        st.sampled_from(["<", ">", "<b>", "</b>", "<3", "a", " ", "<br/>", "<i ", "<user>", "&lt;", "c=1"]), max_size=40
    )
)
def test_tags_in_tags_go_as_if_one_by_one(pieces):
    text = "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markup, "_NESTED", re.compile("(?!)"))
        one_by_one = markup.without(text, lower=False)
        patch.setattr(markup, "_NESTED", re.compile("<"))
        assert markup.without(text, lower=False) == one_by_one
