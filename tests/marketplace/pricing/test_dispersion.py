"""Price dispersion: months on the exchange's calendar, exact measures."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.pricing.dispersion import measures, month_of, period
from settlement import clock
from settlement.errors import NotFound


def test_a_month_is_of_the_exchange_s_calendar():
    first, last = period("2026-12")
    assert month_of(first) == "2026-12"
    assert month_of(first - 1) == "2026-11"
    assert month_of(last) == "2027-01"
    assert (last - first) // clock.DAY_US == 31


@pytest.mark.parametrize("odd", ["", "2026", "2026-00", "2026-13", "1999-01", "x"])
def test_what_is_no_month_is_not_found(odd):
    with pytest.raises(NotFound):
        period(odd)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40))
def test_the_measures_are_those_of_the_single_prices(prices):
    steps = [(price, prices.count(price)) for price in sorted(set(prices))]
    count, median, variation = measures(steps)
    assert count == len(prices)
    assert median == statistics.median_low(prices)
    exact = statistics.pstdev(prices) / statistics.fmean(prices) * 10_000
    assert variation == pytest.approx(exact, abs=1.01)


def test_prices_of_nothing_do_not_vary():
    assert measures([(0, 7)]) == (7, 0, 0)
