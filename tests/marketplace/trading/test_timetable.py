"""The trading calendar: which phase begins when."""

from datetime import UTC, datetime

import pytest

from marketplace.trading.timetable import (
    STEPS_MAX,
    Action,
    Due,
    Timetable,
    after,
    decode,
    possible,
)

CHINA = Timetable(
    480, (0, 1, 2, 3, 4), (), ((540, "call"), (900, "uncross"), (901, "closed"))
)


def us(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**6


def test_a_day_goes_through_its_steps_in_the_markets_own_zone():
    due = after(CHINA, us("2026-11-27T00:00"))  # a Friday; nine o'clock in China is one
    assert due == Due(us("2026-11-27T01:00"), Action.CALL)
    due = after(CHINA, due.at_us)
    assert due == Due(us("2026-11-27T07:00"), Action.UNCROSS)
    assert after(CHINA, due.at_us).action is Action.CLOSED


def test_weekends_and_holidays_are_passed_over():
    friday_night = us("2026-11-27T20:00")
    assert after(CHINA, friday_night).at_us == us("2026-11-30T01:00")
    monday = us("2026-11-30T00:00") // (86_400 * 10**6)
    closed = CHINA._replace(holidays=(monday,))
    assert after(closed, friday_night).at_us == us("2026-12-01T01:00")
    never = CHINA._replace(holidays=tuple(range(monday - 3, monday + 397)))
    assert possible(never)
    assert after(never, friday_night).at_us > us("2027-12-01T00:00")


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone_min": 841},
        {"weekdays": ()},
        {"weekdays": (7,)},
        {"weekdays": (1, 1)},
        {"steps": ()},
        {"steps": ((5, "call"), (5, "closed"))},
        {"steps": ((9, "call"), (5, "closed"))},
        {"steps": ((1_440, "call"),)},
        {"steps": ((5, "lunch"),)},
        {"steps": tuple((n, "call") for n in range(STEPS_MAX + 1))},
        {"holidays": (-1,)},
        {"holidays": tuple(range(401))},
    ],
)
def test_what_is_no_timetable_is_not_possible(wrong):
    assert possible(CHINA)
    assert not possible(CHINA._replace(**wrong))


def test_a_timetable_comes_back_from_json_as_it_was():
    assert decode([480, [0, 1, 2, 3, 4], [], [[540, "call"], [900, "uncross"],
                   [901, "closed"]]]) == CHINA  # fmt: skip
