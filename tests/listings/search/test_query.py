"""Parsing queries: limits, phrases, beginnings, Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.search.entry import Facet
from listings.search.query import (
    LENGTH_MAX,
    PAGE_MAX,
    TERMS_MAX,
    Clause,
    PageTooFar,
    Query,
    QueryTooLong,
    TooManyTerms,
    TooManyValues,
    check,
    parse,
)
from settlement.errors import Refusal


def required(text):
    return [clause.terms for clause in parse(text) if clause.required]


def test_every_word_is_required():
    assert required("weather 数据") == [(("weather", 0),), (("数据", 0),)]


def test_stop_words_are_not_required_beside_others():
    assert required("the state of the art") == [(("state", 0),), (("art", 0),)]


def test_stop_words_alone_are_required():
    assert required("this and that")


def test_quotes_make_a_phrase_even_when_left_open():
    phrase = Clause((("open", 0), ("data", 1)))
    assert parse('"open data"') == (phrase,)
    assert parse('"open data') == (phrase,)


def test_a_hyphenated_word_is_a_phrase():
    assert parse("R-28") == (Clause((("r", 0), ("28", 1))),)


def test_unknown_chinese_words_are_phrases_of_characters():
    assert parse("锟斤") == (Clause((("锟", 0), ("斤", 1))),)


def test_one_chinese_character_is_a_beginning():
    assert parse("股")[0].is_prefix


def test_a_long_word_made_of_others_is_not_required():
    assert (("上海证券交易所", 0),) not in required("上海证券交易所")
    assert (("交易所", 0),) in required("上海证券交易所")


def test_a_star_after_three_letters_is_a_beginning():
    assert parse("wea*")[0].is_prefix
    assert not parse("we*")[0].is_prefix


def test_a_beginning_is_sought_as_typed_and_stemmed():
    assert parse("Pricing*") == (
        Clause((("pricing", 0), ("price", 0)), is_prefix=True),
    )


def test_the_same_word_twice_is_one_clause():
    assert parse("data data DATA") == parse("data")


def test_only_signs_are_no_words():
    assert parse("* ?????* [] \x00 😀") == ()


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("x" * (LENGTH_MAX + 1), QueryTooLong),
        ("a " * 21, TooManyTerms),
        ("aaa* bbb* ccc* ddd* eee* fff*", TooManyTerms),
        ("数 统 气 观 温 降", TooManyTerms),
        ('"' + " ".join(f"{n}" for n in range(TERMS_MAX + 1)) + '"', TooManyTerms),
    ],
)
def test_what_is_beyond_the_limits_is_refused(text, refusal):
    with pytest.raises(refusal):
        parse(text)


@pytest.mark.parametrize("page", [0, -1, PAGE_MAX + 1, 10**9])
def test_pages_have_an_end(page):
    with pytest.raises(PageTooFar):
        check(Query(page=page))


def test_filters_have_a_limit():
    with pytest.raises(TooManyValues):
        check(Query(filters={Facet.REGION: frozenset(map(str, range(51)))}))


@given(st.text(max_size=LENGTH_MAX + 10))
def test_any_text_is_parsed_or_refused(text):
    try:
        clauses = parse(text)
    except Refusal:
        return
    assert sum(len(clause.terms) for clause in clauses) <= TERMS_MAX
    assert not clauses or any(clause.required for clause in clauses)


def test_a_word_also_stands_for_those_that_mean_the_same():
    (clause,) = parse("天气")
    assert clause.terms == (("天气", 0),)
    assert (("weather", 0),) in clause.others


def test_a_meaning_of_several_words_is_one_condition():
    (clause,) = parse("Air  Quality")
    assert clause.terms == (("air", 0), ("qualiti", 1))
    assert (("air", 0), ("pollution", 1)) in clause.others
    assert any(phrase[0] == ("空气", 0) for phrase in clause.others)


def test_quotes_ask_for_the_word_itself():
    assert parse('"天气"') == (Clause((("天气", 0),)),)


def test_a_single_character_means_a_province_only_if_it_stands_alone():
    (alone, _) = parse("粤 data")
    assert (("广东", 0),) in alone.others
    assert all(not clause.others for clause in parse("粤剧"))


def test_traditional_characters_ask_the_same():
    assert parse("氣象數據") == parse("气象数据")
