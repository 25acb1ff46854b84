"""Working days: Monday to Friday, but for what was published."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from marketplace.holidays import announced, number_of
from marketplace.trading.workdays import deadline_us, is_worked

CHINA = timezone(timedelta(hours=8))
NATIONAL = dict(announced(2026))


def at(text):
    """Return a moment of China's time, microseconds UTC."""
    moment = datetime.fromisoformat(text).replace(tzinfo=CHINA)
    return int(moment.timestamp()) * 1_000_000


def said(text, days, exceptions=NATIONAL):
    """Return the deadline in China's time."""
    end = datetime.fromtimestamp(deadline_us(at(text), days, exceptions) / 1e6, UTC)
    return f"{end.astimezone(CHINA):%Y-%m-%d %H:%M}"


def test_a_deadline_is_the_end_of_its_working_day():
    assert said("2026-11-27 18:00", 1) == "2026-12-01 00:00"  # Friday → Monday's end
    assert said("2026-11-25 09:00", 7) == "2026-12-05 00:00"


def test_holidays_are_passed_over_and_weekends_that_are_worked_count():
    # National Day: Thursday the 1st to Wednesday the 7th; Saturday the 10th is worked.
    assert said("2026-09-30 10:00", 1) == "2026-10-09 00:00"
    assert said("2026-09-30 10:00", 3) == "2026-10-11 00:00"
    assert said("2026-09-30 10:00", 3, {}) == "2026-10-06 00:00"


def test_the_announced_days_differ_from_their_weekday():
    assert len(NATIONAL) == 2 + 6 + 1 + 3 + 1 + 1 + 5 + 6
    assert all(is_worked(day, {}) is not worked for day, worked in NATIONAL.items())
    assert announced(2031) == ()
    assert number_of(datetime(1970, 1, 2, tzinfo=UTC).date()) == 1


@given(
    st.integers(0, 4 * 10**15),
    st.integers(0, 60),
    st.dictionaries(st.integers(0, 50_000), st.booleans(), max_size=50),
)
def test_between_now_and_the_deadline_lie_as_many_working_days(
    now_us, days, exceptions
):
    end_us = deadline_us(now_us, days, exceptions)
    first, last = ((t + 8 * 3_600_000_000) // 86_400_000_000 for t in (now_us, end_us))
    assert end_us > now_us
    worked = [day for day in range(first + 1, last) if is_worked(day, exceptions)]
    assert len(worked) == days
    assert not days or worked[-1] == last - 1
