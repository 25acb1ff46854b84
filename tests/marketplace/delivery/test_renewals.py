"""Reminders before a right ends: which is due when, by the exchange's days."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace.delivery.renewals import DAYS, day_of, due_of
from settlement.clock import DAY_US, HOUR_US

BOUGHT = 1_800_000_000_000_000
DAYS_HELD = st.integers(1, 400)
LATE = st.integers(0, DAY_US - 1)


def test_a_year_is_reminded_of_three_times() -> None:
    until = BOUGHT + 365 * DAY_US
    told = [due_of(BOUGHT, until, BOUGHT + day * DAY_US) for day in range(366)]
    assert [told.index(days) for days in (60, 30, 7)] == [305, 335, 358]
    assert told[304] is None


def test_who_buys_for_less_is_not_told_at_once() -> None:
    until = BOUGHT + 30 * DAY_US
    told = [due_of(BOUGHT, until, BOUGHT + day * DAY_US) for day in range(31)]
    assert told == [None] * 23 + [7] * 8


def test_the_day_begins_at_midnight_in_china() -> None:
    assert day_of(16 * HOUR_US - 1) == 0
    assert day_of(16 * HOUR_US) == 1


@given(DAYS_HELD, LATE, LATE)
def test_each_reminder_has_its_one_first_day(
    days: int, morning: int, evening: int
) -> None:
    bought = BOUGHT + morning
    until = bought + days * DAY_US + evening
    told = [
        due_of(bought, until, bought + at * DAY_US)
        for at in range(day_of(until) - day_of(bought) + 1)
    ]
    seen = [one for one in dict.fromkeys(told) if one is not None]
    term = day_of(until) - day_of(bought)
    assert seen == [one for one in reversed(DAYS) if one < term]
    for one in seen:
        assert term - told.index(one) == one
