"""Races for a mandate's budget: many orders of one agent at the same moment."""

import pytest

from marketplace.trading import commands as c
from settlement import clock
from tests.floor import CAT, CNY, PRICE, VERA, line, money, proven, trading
from tests.race.test_races import at_once, codes

AGENT, CROWD, DAY = 77, 20, 100
FAR_US = clock.now_us() + 30 * clock.DAY_US


@pytest.fixture
def floor(database_url):
    """A gateway to a floor on which CAT has given an agent a mandate."""
    with trading(database_url) as gateway:
        gateway.submit(
            c.GiveMandate(
                CAT, CAT, AGENT, "sun", True, CNY, PRICE, DAY, None, None, False, (),
                (), FAR_US,
            )
        )  # fmt: skip
        yield gateway


def order(price, quantity, time="GTC"):
    wanted = line("buy", price, quantity, time_in_force=time)
    return c.PlaceOrder(AGENT, CAT, wanted)


def test_twenty_at_once_never_spend_more_than_the_days_budget(floor):
    """Orders that trade, orders that wait and baskets: a third of the budget each."""
    basket = c.PlaceBasket(AGENT, CAT, (line("buy", 9, 2), line("buy", 8, 2)))
    kinds = (order(PRICE, 2, "IOC"), order(9, 3), basket)
    answers = at_once(floor, [(kinds[n % 3], None) for n in range(CROWD)])
    counted = codes(answers)
    assert counted.keys() == {"ok", "over_budget"}
    assert counted["ok"] <= 4
    spent = 100_000 - money(floor._reads, CAT)  # paid, or held for what waits
    assert DAY - 34 < spent <= DAY
    proven(floor._reads)


def test_what_is_under_way_when_the_mandate_ends_is_refused(floor):
    end = c.EndMandate(CAT, CAT, 1)
    asks = [(order(1, 1), None)] * CROWD + [(end, None)] + [(order(1, 1), None)] * 5
    answers = at_once(floor, asks)
    placed = sum(1 for n, a in enumerate(answers) if n != CROWD and hasattr(a, "order"))
    assert answers[CROWD] == placed  # all that came before were cancelled by it
    counted = codes(answers)
    assert counted["ok"] == placed + 1
    assert counted["ok"] + counted["mandate_over"] == len(asks)
    assert money(floor._reads, CAT) == 100_000
    sold = c.PlaceOrder(VERA, VERA, line("sell", 1, 1, time_in_force="IOC"))
    assert floor.submit(sold).result.trades == ()
    proven(floor._reads)
