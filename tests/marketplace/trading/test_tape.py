"""The public tape tells late, among enough parties, less than the records know."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from marketplace.trading.tables import prints
from marketplace.trading.tape import SIZES, WEEK_US, Rule, Tape, size
from settlement.clock import DAY_US, MINUTE_US
from settlement.tables import trades

RULE = Rule(15 * MINUTE_US, 3, large_value=1_000_000, large_delay_us=DAY_US)
MONDAY_US = 4 * DAY_US + 1_000 * WEEK_US
SUN, SEA = 1_000, 1_001


def trade(number, at_us, buyer, seller=9, **more):
    """Return a trade of 10 units at 100."""
    return {
        "id": number, "seq": number, "at_us": MONDAY_US + at_us, "instrument": SUN,
        "price": 100, "quantity": 10, "currency": 1, "buyer": buyer, "seller": seller,
        "buy_order": 1, "sell_order": 2, "taker": "buy", "fee": 0, "origin": "book",
        "state": "settled", "delivery": number, **more,
    }  # fmt: skip


@pytest.fixture
def told(engine):
    """Puts trades on record; returns which the tape tells by a moment."""
    tape = Tape(engine, engine, RULE)

    def told(rows, now_us):
        with engine.begin() as db:
            known = set(db.execute(select(trades.c.id)).scalars())
            if new := [row for row in rows if row["id"] not in known]:
                db.execute(trades.insert(), new)
        tape.step(MONDAY_US + now_us)
        with engine.connect() as db:
            return list(db.execute(select(prints.c.trade).order_by("id")).scalars())

    return told


def test_a_trade_waits_for_the_delay_and_for_the_third_party(told):
    rows = [trade(1, 0, buyer=1)]
    assert told(rows, DAY_US) == []  # a buyer and a seller are two
    rows.append(trade(2, DAY_US, buyer=2))
    assert told(rows, DAY_US + 14 * MINUTE_US) == []
    assert told(rows, DAY_US + 15 * MINUTE_US) == [1, 2]
    rows.append(trade(3, 2 * DAY_US, buyer=1))
    assert told(rows, 2 * DAY_US + 15 * MINUTE_US) == [1, 2, 3]


def test_weeks_and_instruments_do_not_lend_each_other_parties(told):
    rows = [
        trade(1, 0, buyer=1),
        trade(2, 1, buyer=2, instrument=SEA),
        trade(3, WEEK_US, buyer=2),
        trade(4, WEEK_US, buyer=3, origin="negotiated"),
    ]
    assert told(rows, 3 * WEEK_US) == []


def test_large_trades_and_personal_prices_are_another_matter(told):
    rows = [
        trade(1, 0, buyer=1, quantity=100_000),
        trade(2, 1, buyer=2),
        trade(3, 2, buyer=3, origin="negotiated"),
    ]
    assert told(rows, 15 * MINUTE_US + 1) == [2]
    assert told(rows, DAY_US + 1) == [2, 1]
    assert told(rows, 9 * WEEK_US) == [2, 1]


def test_a_line_has_the_minute_and_a_lower_bound_and_no_names(told, engine):
    told([trade(1, 90, buyer=1, quantity=17), trade(2, 91, buyer=2)], DAY_US)
    with engine.connect() as db:
        row = db.execute(select(prints).where(prints.c.trade == 1)).one()
    assert (row.at_us, row.quantity, row.price) == (MONDAY_US, 10, 100)
    assert not {"buyer", "seller", "fee"} & set(row._fields)


@given(st.integers(1, 10**9))
def test_what_is_told_of_a_size_is_at_most_the_size(quantity):
    assert size(quantity) in SIZES
    assert size(quantity) <= quantity


@given(
    st.lists(
        st.tuples(st.integers(0, 2 * WEEK_US), st.integers(1, 4), st.integers(5, 7)),
        max_size=12,
    ),
    st.lists(st.integers(0, 4 * WEEK_US), max_size=4),
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_however_often_it_looks_the_tape_tells_the_same(engine, drawn, looks):
    rows = [
        trade(number, at_us, buyer, seller)
        for number, (at_us, buyer, seller) in enumerate(sorted(drawn), start=1)
    ]
    with engine.begin() as db:
        db.execute(delete(trades))
        db.execute(delete(prints))
        if rows:
            db.execute(trades.insert(), rows)
    often = Tape(engine, engine, RULE)
    for now_us in [*sorted(looks), 9 * WEEK_US]:
        often.step(MONDAY_US + now_us)
    with engine.connect() as db:
        seen = {r.trade: r.due_us for r in db.execute(select(prints))}
    assert seen == naive(rows)


def naive(rows):
    """Return what may ever be told, each with its moment, by the words of the rule."""
    found = {}
    for row in rows:
        week = (row["at_us"] - MONDAY_US) // WEEK_US
        parties = {}
        for other in rows:
            if (other["at_us"] - MONDAY_US) // WEEK_US == week:
                for party in (other["buyer"], other["seller"]):
                    parties.setdefault(party, other["at_us"])
        times = sorted(parties.values())
        if len(times) >= RULE.parties:
            enough = times[RULE.parties - 1]
            found[row["id"]] = max(row["at_us"], enough) + RULE.delay_us
    return found
