"""Fees: of the seller, rounded up, never cheaper in pieces (reliability M8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.fees import FIRST, TRADE_BPS_MAX, FeeSchedule
from settlement.money import AMOUNT_MAX

schedules = st.builds(FeeSchedule, st.just(1), st.integers(0, TRADE_BPS_MAX))


@pytest.mark.parametrize(
    ("value", "fee"), [(0, 0), (1, 1), (39, 1), (40, 1), (41, 2), (10_000, 250)]
)
def test_the_first_schedule_takes_two_and_a_half_percent_rounded_up(value, fee):
    assert FIRST.fee(value) == fee


@given(schedules, st.lists(st.integers(0, AMOUNT_MAX), max_size=10))
def test_splitting_an_order_never_costs_less(schedule, pieces):
    assert sum(map(schedule.fee, pieces)) >= schedule.fee(sum(pieces))


@given(schedules, st.integers(0, AMOUNT_MAX))
def test_a_fee_is_never_more_than_the_trade_is_worth(schedule, value):
    assert 0 <= schedule.fee(value) <= value
