"""Metered use: any order of budgets and calls charges each tier once, and no more."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from listings.plans import Plan, Tier, charge, dump
from marketplace.trading import commands as c
from marketplace.trading import usage_tables as u
from marketplace.trading.market import Market
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from marketplace.trading.usage import GRACE_US
from settlement.canonical import canonical
from settlement.errors import Refusal
from tests.floor import CASH, CAT, CNY, STAFF, VERA, opening
from tests.scratch import scratch

USED, RIGHT = 1_001, 1
PLAN = Plan(
    pack=3,
    tiers=(Tier(4, 50), Tier(9, 20), Tier(None, 7)),
    free_units=2,
    spend_cap=400,
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("budget"), st.integers(0, 900)),
        st.tuples(st.just("calls"), st.integers(0, 30)),
        st.tuples(st.just("again"), st.integers(0, 30)),
        st.tuples(st.just("wait"), st.integers(1, 2)),
        st.tuples(st.just("revoke"), st.just(0)),
    ),
    max_size=25,
)


def begun() -> Market:
    market = Market()
    body = canonical({"mode": "per_call", "plan": dump(PLAN)})
    listed = c.ListInstrument(
        STAFF, USED, "USED", VERA, CNY, 1, 1, body, (), None, 40, transferable=False
    )
    granted = c.GrantRight(STAFF, CAT, USED, 1, "analysis")
    for seq, command in enumerate([*opening(), listed, granted], start=1):
        market.apply(command, seq, seq)
    return market


@given(steps)
@settings(max_examples=60, deadline=None)
def test_use_is_counted_once_and_paid_by_the_plan(flow):
    market, at_us, place, units, budgeted = begun(), 1_000, 0, 0, 0
    for seq, (what, number) in enumerate(flow, start=100):
        at_us += 1
        command: c.Command = c.Tick()
        if what == "budget":
            command = c.SetBudget(CAT, CAT, RIGHT, number)
        elif what == "calls":
            command = c.CountUse(0, "m", place, place + 1, ((RIGHT, 0, number, 0, 0),))
            place += 1
        elif what == "again" and place:
            command = c.CountUse(0, "m", place - 1, place, ((RIGHT, 0, number, 0, 0),))
        elif what == "wait":
            at_us += number * GRACE_US
        elif what == "revoke":
            command = c.RevokeRight(STAFF, RIGHT)
        known = RIGHT in market.usage.tabs or RIGHT in market.rights.live
        with contextlib.suppress(Refusal):
            market.apply(command, seq, at_us)
            units += number if what == "calls" and known else 0
            budgeted = max(budgeted, number if what == "budget" else 0)
        check(market, units)
    with scratch() as db:
        write(db, drain(market))
        assert digest(load(db)) == digest(market)
        counted = db.scalar(select(func.coalesce(func.sum(u.uses.c.units), 0)))
        assert counted == units


def check(market: Market, units: int) -> None:
    assert set(market.ledger.totals().values()) == {0}
    tab = market.usage.tabs.get(RIGHT)
    held = market.ledger.balance(CAT, CNY, 1)
    assert held == (tab.held if tab else 0)
    period = market.usage.periods.get((RIGHT, 0))
    paid = period.amount if period else 0
    assert market.ledger.balance(CAT, CNY) + held + paid == CASH
    if period:
        assert period.units == units
        assert period.due == charge(PLAN, units).total
        assert 0 <= period.fee <= period.amount <= period.due
