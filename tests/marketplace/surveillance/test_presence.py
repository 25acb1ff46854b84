"""Designated vendors: both sides, within the spread, of the size, for how long."""

import pytest
from sqlalchemy import select

from marketplace.surveillance import presence
from marketplace.surveillance.presence import Kept, Owed, Step, measure
from marketplace.surveillance.tables import designations
from marketplace.trading import commands as c
from settlement import store
from settlement.clock import MINUTE_US
from tests.floor import CAT, DAN, STAFF, SUN, VERA, Clock, line, trading

OWED = Owed(spread_bps=1_000, size=5, present_bps=8_000)


def kept(*steps, owed=OWED, until=100):
    return measure([Step(*step) for step in steps], owed, 0, until).kept_us


def test_both_sides_are_needed_within_the_spread_and_of_the_size():
    both = (10, "buy", 96, 5), (20, "sell", 105, 9)
    assert kept(*both) == 80
    assert kept(both[0]) == 0
    assert kept(*both, (50, "sell", 105, -5)) == 30, "four are too few"
    assert kept(*both, (50, "sell", 105, -4)) == 80
    assert kept((10, "buy", 94, 5), (20, "sell", 105, 9)) == 0, "11 of 99.5 is too wide"


def test_a_size_may_lie_at_several_prices():
    steps = (0, "buy", 99, 2), (0, "buy", 97, 3), (0, "sell", 101, 5)
    assert kept(*steps) == 100
    assert kept(*steps, owed=OWED._replace(spread_bps=300)) == 0, "97 to 101 counts"


def test_only_the_time_asked_for_counts():
    steps = [
        Step(-50, "buy", 100, 5),
        Step(-50, "sell", 100, 5),
        Step(70, "buy", 100, -5),
    ]
    assert measure(steps, OWED, 0, 100) == Kept(70, 100)
    assert measure(steps, OWED, 0, 100).bps == 7_000
    assert measure(steps, OWED, 200, 100).bps == 0


@pytest.fixture(scope="module")
def quoted(tmp_path_factory):
    """A vendor that bids, posts, is traded with, reduces and cancels, by the minute."""
    url = f"sqlite:///{tmp_path_factory.mktemp('presence') / 'presence.db'}"
    hands = Clock(20_000 * 86_400_000_000)
    with trading(url, now_us=hands) as floor:
        for command in (
            c.RequestPayin(VERA, VERA, 1, 10_000, "cash"),
            c.ConfirmPayin(STAFF, 3),
            c.PlaceOrder(VERA, VERA, line("buy", 11, 8)),  # from minute 2 on
            c.PlaceOrder(CAT, CAT, line("buy", 12, 4, time_in_force="IOC")),
            c.PlaceOrder(CAT, CAT, line("sell", 11, 2, time_in_force="IOC")),
            c.ReduceOrder(VERA, VERA, 2, 1),  # 5 are left, from minute 5 on
            c.CancelOrder(VERA, VERA, 1),  # the posted price, at minute 6
            c.PlaceOrder(VERA, VERA, line("sell", 12, 5)),
            c.PlaceOrder(DAN, DAN, line("buy", 12, 1, time_in_force="IOC")),
        ):
            floor.submit(command)
            hands.at_us += MINUTE_US
    engine = store.connect(url, write=True)
    yield engine, 20_000 * 86_400_000_000
    engine.dispose()


def test_what_was_there_is_read_from_the_records(quoted):
    engine, begins_us = quoted
    with engine.begin() as db:
        owed = Owed(1_500, 5, 8_000)
        number = presence.designate(db, SUN, VERA, owed, begins_us, STAFF)
        again = presence.designate(db, SUN, VERA, owed, begins_us, STAFF)
        assert (number, again) == (1, 2)
        row = db.execute(select(designations).where(designations.c.id == 2)).one()
        found = presence.of_designation(db, row, 0, begins_us + 10 * MINUTE_US)
        # Minutes 2 to 6 with the posted price, minute 7 until DAN takes one at 8.
        assert found == Kept(5 * MINUTE_US, 10 * MINUTE_US)
        assert presence.end(db, begins_us + MINUTE_US, designations.c.id == 2) == 1
        row = db.execute(select(designations).where(designations.c.id == 2)).one()
        found = presence.of_designation(db, row, 0, begins_us + 10 * MINUTE_US)
        assert found == Kept(0, MINUTE_US)
