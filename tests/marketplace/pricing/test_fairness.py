"""The fair-value band: comparable trades of other vendors, or nothing at all."""

import pytest

from marketplace.pricing.fairness import (
    INSTRUMENTS_MIN,
    OF_VENDOR_MAX,
    Facts,
    band,
    comparable,
)

OWN = Facts(
    *(1, 1, "dataset", "per_term", 1, 365),
    *("weather", "internal", "31", "daily", 1_000),
)


def other(number, vendor=None, **changed):
    return OWN._replace(instrument=number, vendor=vendor or number, **changed)


def made(others, prices=None):
    """Return the band of OWN among *others*, each told at one price."""
    prices = prices or [100 * n for n in range(1, len(others) + 1)]
    return band(
        comparable(OWN, one, [(9, price)])
        for one, price in zip(others, prices, strict=True)
    )


def test_the_band_is_the_middle_half_of_the_votes():
    found = made([other(n) for n in range(2, 10)])
    assert (found.low, found.high) == (200, 600)
    assert (found.instruments, found.vendors, len(found.shown)) == (8, 8, 5)
    assert [found.judge(p) for p in (199, 200, 600, 601)] == [
        *("below", "within", "within", "above"),
    ]


def test_below_the_minimum_sample_there_is_none():
    assert made([other(n) for n in range(2, 1 + INSTRUMENTS_MIN)]) is None
    few = [other(n, vendor=2 + n % 2) for n in range(2, 12)]
    assert made(few) is None, "two vendors are not enough"


@pytest.mark.parametrize(
    "changed",
    [
        {"vendor": 1},  # one's own sales say nothing
        {"kind": "service"},
        {"mode": "seat"},
        {"currency": 2},
        {"term_days": None},
        {"term_days": 5 * 365},
        {"sector": "ports", "licence": "x", "region": "11", "updates": None},
    ],
)
def test_what_does_not_compare_has_no_vote(changed):
    assert comparable(OWN, other(2)._replace(**changed), [(1, 100)]) is None


def test_a_price_is_brought_to_the_same_term():
    found = comparable(OWN, other(2, term_days=730), [(1, 999)])
    assert found.price == 500  # 499.5
    assert comparable(OWN, other(2), []) is None


def test_each_instrument_votes_once_with_its_median():
    told = [(1, 100), (2, 120), (3, 9_000)]
    found = comparable(OWN, other(2), told)
    assert (found.price, found.trades, found.at_us) == (120, 3, 3)


def test_what_is_more_alike_weighs_more_and_is_shown_first():
    far = {"region": "11", "updates": "yearly", "rows": 1_000_000}
    others = [other(n, **far) for n in range(2, 6)] + [other(n) for n in range(6, 9)]
    found = made(others, [100, 200, 300, 400, 1_000, 1_000, 1_000])
    assert (found.low, found.high) == (300, 1_000)
    assert [one.facts.instrument for one in found.shown][:3] == [6, 7, 8]
    assert found.shown[0].like == ("sector", "licence", "region", "updates", "rows")


def test_one_vendor_cannot_make_the_band():
    many = [other(n, vendor=2) for n in range(2, 12)]
    found = made([*many, other(20), other(21)])
    assert found.instruments == OF_VENDOR_MAX + 2
    assert found.vendors == 3
