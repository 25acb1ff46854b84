"""Entries: bands and weighted words."""

import pytest

from listings.search.entry import WORDS_MAX, Band, Entry, Facet, band, occurrences


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (None, Band.ASK),
        (0, Band.FREE),
        (1, Band.UNDER_100),
        (99_99, Band.UNDER_100),
        (100_00, Band.FROM_100),
        (999_99, Band.FROM_100),
        (1_000_00, Band.FROM_1K),
        (10_000_00, Band.FROM_10K),
        (99_999_99, Band.FROM_10K),
        (100_000_00, Band.FROM_100K),
        (10**15, Band.FROM_100K),
    ],
)
def test_the_lower_end_belongs_to_the_band(price, expected):
    assert band(price) is expected


def test_an_entry_has_a_value_in_every_facet():
    entry = Entry(1, "", "", 0, kind="dataset", vendor_id=7, price=0)
    assert set(entry.facets()) == set(Facet)
    assert entry.facets()[Facet.VENDOR] == "7"
    assert entry.facets()[Facet.REGION] == ""
    assert Entry(1, "", "", 0).facets()[Facet.VENDOR] == ""


def test_a_word_in_the_title_weighs_more_than_in_the_description():
    found = occurrences(Entry(1, "", "wind", 0, description_en="rain"))
    assert found["wind"].weight > found["rain"].weight


def test_weights_of_all_texts_are_added():
    found = occurrences(Entry(1, "", "wind", 0, description_en="wind wind"))
    assert found["wind"].weight == pytest.approx(7.0)
    assert len(found["wind"].turns) == 3


def test_turns_ascend_and_texts_lie_apart():
    found = occurrences(Entry(1, "风", "open", 0, description_en="data open"))
    assert list(found["open"].turns) == sorted(found["open"].turns)
    assert found["data"].turns[0] - found["open"].turns[0] > 1


def test_a_huge_description_is_indexed_up_to_a_limit():
    words = " ".join(f"w{number}" for number in range(100_000))
    found = occurrences(Entry(1, "", "title", 0, description_en=words))
    assert "titl" in found
    assert "w0" in found
    assert len(found) <= WORDS_MAX + 1
