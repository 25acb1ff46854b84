"""Fee schedules: what may be published, and what a trade is charged by its rules."""

import json

import pytest

from marketplace.trading import commands as c
from marketplace.trading.commands import decode
from marketplace.trading.venue import WrongOrder
from settlement.canonical import canonical
from tests.floor import CAT, DAN, STAFF, SUN, VERA, line
from tests.marketplace.trading.test_accepting import LIST, MOON, Desk

GENERAL = (100, 0, 0, ())
FIXED = (1, "", "", 0, (0, 20, 0, ()))
BAD = [
    (9, "", "", 0, GENERAL),
    (0, "ship", "", 0, GENERAL),
    (0, "", "shop", 0, GENERAL),
    (0, "", "", -1, GENERAL),
    (0, "", "", 0, (5_001, 0, 0, ())),
    (0, "", "", 0, (-1, 0, 0, ())),
    (0, "", "", 0, (100, 1, 0, ())),  # an amount of which currency?
    (1, "", "", 0, (100, -1, 0, ())),
    (1, "", "", 0, (300, 0, 0, ((10, 200),))),  # more beyond the tier
    (1, "", "", 0, (100, 0, 0, ((10, 300), (10, 200)))),
    (1, "", "", 0, (100, 0, 0, ((20, 200), (10, 300)))),
    (1, "", "", 0, ("1", 0, 0, ())),
    (1, "", ""),
    7,
]


@pytest.mark.parametrize("rule", BAD)
def test_rules_that_cannot_be_are_not_published(rule):
    desk = Desk()
    with pytest.raises(WrongOrder):
        desk.do(c.PublishFees(STAFF, 100, (rule,)))
    with pytest.raises(WrongOrder):
        desk.do(c.PublishFees(STAFF, 100, (FIXED,) * 51))
    assert desk.market.fees.version == 1


def test_a_trade_is_charged_by_the_first_rule_that_covers_it():
    desk = Desk()
    kind = LIST._replace(instrument=1_002, symbol="K", terms='{"class":"dataset"}')
    desk.do(kind._replace(acceptance=c.Acceptance(0)))
    rules = (
        (0, "", "", DAN, (0, 0, 0, ())),
        (1, "dataset", "book", 0, (200, 5, 30, ((1_000, 400),))),
    )
    desk.do(c.PublishFees(STAFF, 300, rules))
    desk.do(c.PlaceOrder(VERA, VERA, c.Line(1_002, "sell", 500, 1, evergreen=True)))
    for quantity in (1, 3):
        wanted = c.Line(1_002, "buy", 500, quantity, "IOC", purpose="analysis")
        desk.do(c.PlaceOrder(CAT, CAT, wanted))
    desk.do(c.PlaceOrder(VERA, VERA, line("sell", 10, 5)))
    desk.do(c.PlaceOrder(DAN, DAN, line("buy", 10, 5, time_in_force="IOC")))
    desk.do(c.PlaceOrder(DAN, DAN, line("sell", 10, 5)))
    desk.do(c.PlaceOrder(CAT, CAT, line("buy", 10, 5, time_in_force="IOC")))
    fees = [(t.instrument, t.seller, t.fee) for t in desk.market.trades_new]
    assert fees == [
        (1_002, VERA, 30),  # 20 and 5, but 30 at least
        (1_002, VERA, 40 + 10 + 5),  # two tiers and the fixed part
        (SUN, VERA, 2),  # the general rate
        (SUN, DAN, 0),  # waived
    ]
    assert [row[4] for row in desk.market.contracts_new] == [2, 2, 0, 1]


def test_what_waits_in_escrow_is_charged_by_the_rule_of_its_contract():
    desk = Desk()
    desk.do(c.PublishFees(STAFF, 300, (FIXED,)))
    escrow = desk.buy(2)
    desk.do(c.PublishFees(STAFF, 300))
    desk.accept(escrow, 1)
    desk.accept(escrow, 1)
    assert (escrow.rule, escrow.fee, desk.money(VERA)) == (1, 20, 1_980)
    assert desk.market.venues[MOON].kind == ""


def test_a_schedule_survives_its_journal():
    command = c.PublishFees(STAFF, 300, (FIXED, (0, "", "", 5, GENERAL)))
    assert decode("PublishFees", json.loads(canonical(command))) == command
