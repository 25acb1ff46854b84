from collections import Counter
from random import Random

from marketplace.demo.calendar import DAYS, ZONE, days, midnight, poisson
from settlement import clock

NOW_US = 1_790_000_000_000_000


def test_four_weeks_end_at_the_last_midnight():
    until = midnight(NOW_US)
    calendar = list(days(until))
    assert len(calendar) == DAYS == 28
    end_us = calendar[-1].begins_us + clock.DAY_US
    assert end_us == clock.from_datetime(until) <= NOW_US < end_us + clock.DAY_US


def test_working_days_are_busier_than_weekends_and_office_hours_than_nights():
    random = Random(1)
    calendar = list(days(midnight(NOW_US)))
    weekend = [day.busy for day in calendar if day.date.weekday() >= 5]
    working = [day.busy for day in calendar if day.date.weekday() < 5]
    assert max(weekend) < min(working)
    hours = Counter(
        clock.moment(calendar[0].sometime(random)).astimezone(ZONE).hour
        for _ in range(2_000)
    )
    office = sum(hours[hour] for hour in range(9, 18))
    assert office > 0.75 * hours.total()
    assert not set(hours) & set(range(8))


def test_poisson_counts_have_the_mean_they_are_given():
    random = Random(2)
    counts = [poisson(random, 4.0) for _ in range(4_000)]
    assert abs(sum(counts) / len(counts) - 4.0) < 0.15
