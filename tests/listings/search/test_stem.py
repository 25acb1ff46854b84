"""English inflections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.search.stem import stem


@pytest.mark.parametrize(
    "family",
    [
        "trade trades traded trading",
        "price prices priced pricing",
        "house houses housed housing",
        "map maps mapped mapping",
        "library libraries",
        "day days",
        "dataset datasets",
        "service services",
        "quote quotes quoted quoting",
        "class classes",
    ],
)
def test_the_forms_of_a_word_have_one_stem(family):
    assert len({stem(word) for word in family.split()}) == 1


@pytest.mark.parametrize("word", ["aws", "gis", "gas", "bus", "2023s", "naïves", "the"])
def test_codes_and_short_words_stay(word):
    assert stem(word) == word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("general", "generic"),
        ("organ", "organic"),
        ("policy", "police"),
        ("sars", "sar"),
        ("news", "new"),
        ("customs", "custom"),
        ("aids", "aid"),
    ],
)
def test_words_of_different_meaning_stay_apart(one, other):
    assert stem(one) != stem(other)


@given(st.text(alphabet="abcdeginsyz", max_size=12))
def test_no_word_loses_everything_and_none_grows(word):
    assert len(stem(word)) <= max(len(word), 1)
    assert bool(stem(word)) == bool(word)
