"""Completing and correcting: by spelling, pinyin and initials, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.search.lexicon import COMPLETIONS, Lexicon, edits

TITLES = [
    ("深圳气象观测数据", "Shenzhen weather observations"),
    ("重庆银行利率", "Bank rates of Chongqing"),
    ("", "Agricultural output of 2024"),
]
LEXICON = Lexicon(TITLES, [("南方数据", "Southern Data")])


def known(*terms: str) -> bool:
    return terms in {("weather",), ("气象",), ("bank",)}


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("深圳气", "深圳气象观测数据"),
        ("shenzhenqix", "深圳气象观测数据"),
        ("szqxgc", "深圳气象观测数据"),
        ("chongqingyinh", "重庆银行利率"),
        ("重慶", "重庆"),
        ("weather obs", "Shenzhen weather observations"),
        ("AGRICULTURAL  o", "Agricultural output of 2024"),
        ("nfsj", "南方数据"),
        ("southern", "Southern Data"),
    ],
)
def test_a_beginning_is_completed(typed, first):
    assert LEXICON.complete(typed)[0] == first


@pytest.mark.parametrize("typed", ["", "  ", "zzzz", "\x00", "*", "ﷺ" * 100])
def test_what_begins_nothing_is_not_completed(typed):
    assert LEXICON.complete(typed) == []


@given(st.text(max_size=60))
def test_any_beginning_is_answered_within_the_limit(typed):
    assert len(LEXICON.complete(typed)) <= COMPLETIONS


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("wheather", "weather"),
        ("汽象", "气象"),
        ("qixiang", "气象"),
        ("agriclutrual", "agricultural"),
        ("wether 气象", "weather 气象"),
        ("氣象 obsrvations", "气象 observations"),
    ],
)
def test_a_slip_is_put_right(typed, meant):
    assert LEXICON.correct(typed, known) == meant


@pytest.mark.parametrize("typed", ["weather", "气象", "xq", "", "qqqqqqqqq", "*"])
def test_what_is_known_or_like_nothing_stays(typed):
    assert LEXICON.correct(typed, known) == ""


def test_a_slip_is_a_letter_more_less_other_or_swapped():
    assert {"wether", "weathers", "weither", "waether"} <= edits("weather")
    assert "weather" not in edits("weather")
