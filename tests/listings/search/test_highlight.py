"""Highlights: plain fragments that lose nothing."""

from hypothesis import given
from hypothesis import strategies as st

from listings.search import highlight
from listings.search.highlight import SNIPPET_MAX, Fragment, Marker
from listings.search.segment import is_han, segment


def matches(*terms):
    return Marker(terms)


def test_matching_words_are_marked_in_any_form():
    assert highlight.title("Trades of data", matches("trade")) == (
        Fragment("Trades", is_match=True),
        Fragment(" of data", is_match=False),
    )


def test_chinese_words_inside_a_long_word_are_marked():
    fragments = highlight.title("上海证券交易所", matches("证券"))
    assert [fragment.text for fragment in fragments if fragment.is_match] == ["证券"]


def test_words_that_overlap_are_marked_once():
    fragments = highlight.title("证券交易所", matches("证券", "交易", "交易所"))
    assert fragments == (Fragment("证券交易所", is_match=True),)


def test_accents_and_full_width_letters_do_not_hide_a_match():
    fragments = highlight.title("Étude de ＤＡＴＡ", matches("etud", "data"))
    assert [f.text for f in fragments if f.is_match] == ["Étude", "ＤＡＴＡ"]


def test_a_word_that_only_starts_like_a_term_is_not_marked():
    fragments = highlight.title("datum database x_data", matches("data"))
    assert [f.text for f in fragments if f.is_match] == ["data"]


def test_words_with_a_beginning_are_marked_whole():
    fragments = highlight.title("Weathered 股票", Marker([], ["weat", "股"]))
    assert [f.text for f in fragments if f.is_match] == ["Weathered", "股"]


@given(st.text(max_size=60))
def test_a_text_that_is_asked_for_word_by_word_is_marked(text):
    for token in segment(text):
        if not is_han(token.term) and text.isascii():
            assert Marker([token.term]).spans(text)


def test_markup_stays_text():
    fragments = highlight.title("<b>data</b>", matches("data"))
    assert [fragment.text for fragment in fragments] == ["<b>", "data", "</b>"]


def test_a_snippet_shows_the_match_far_inside_a_text():
    text = "rain " * 200 + "typhoon" + " wind" * 200
    fragments = highlight.snippet(("no", text), matches("typhoon"))
    assert any(fragment == ("typhoon", True) for fragment in fragments)
    assert fragments[0].text == fragments[-1].text == "…"
    assert sum(len(fragment.text) for fragment in fragments) <= SNIPPET_MAX + 2


def test_without_a_match_the_first_text_is_shown():
    assert highlight.snippet(("", "summary", "more"), matches("x")) == (
        Fragment("summary", is_match=False),
    )
    assert highlight.snippet(("", ""), matches("x")) == ()


words = st.text(alphabet="数据交易 ab<>&\n", max_size=400)


@given(words, st.sets(st.sampled_from(["数据", "交易", "a", "b", "ab"])))
def test_the_fragments_of_a_title_are_the_title(text, terms):
    fragments = highlight.title(text, matches(*terms))
    assert "".join(fragment.text for fragment in fragments) == text
    assert all(fragment.text for fragment in fragments)


@given(words, words, st.sets(st.sampled_from(["数据", "交易", "a", "b"])))
def test_a_snippet_is_a_short_piece_of_one_text(one, other, terms):
    fragments = highlight.snippet((one, other), matches(*terms))
    shown = "".join(f.text for f in fragments).strip("…")
    assert shown in one or shown in other
    assert len(shown) <= SNIPPET_MAX
