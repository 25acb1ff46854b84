"""Baskets with a total: all lines in one step, at most so much together, or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.trading import commands as c
from marketplace.trading.baskets import BlockedLine, OverTotal
from marketplace.trading.market import Market
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import NotVerified
from settlement.errors import InsufficientBalance, Refusal
from tests.floor import CASH, CAT, CNY, DAN, PRICE, STAFF, SUN, opening

MOON, STAR, EURO = 1_001, 1_002, 1_003
WALT = 4  # another vendor


def want(instrument, quantity=1, **rest):
    return c.Line(instrument, "buy", None, quantity, purpose="analysis", **rest)


class Stage:
    """A market of two vendors: SUN at 12, MOON at 30, five STARs at 40 and 50."""

    def __init__(self):
        self.market, self.seq = Market(), 0
        for command in opening():
            self.do(command)
        self.do(c.SetStanding(STAFF, WALT, verified=True))
        for number, currency in ((MOON, CNY), (STAR, CNY), (EURO, 2)):
            self.do(
                c.ListInstrument(
                    STAFF, number, f"SYM{number}", WALT, currency, 1, 1, "{}",
                    ("analysis",), None, None, transferable=True,
                )
            )  # fmt: skip
        for instrument, price, quantity, evergreen in (
            (MOON, 30, 1, True), (STAR, 40, 2, False), (STAR, 50, 3, False),
            (EURO, 5, 1, True),
        ):  # fmt: skip
            line = c.Line(instrument, "sell", price, quantity, evergreen=evergreen)
            self.do(c.PlaceOrder(WALT, WALT, line))

    def do(self, command):
        self.seq += 1
        return self.market.apply(command, self.seq, 1_000_000 + self.seq)

    def buy(self, total, *lines, member=CAT):
        return self.do(c.PlaceBasket(member, member, lines, total))

    def money(self, member=CAT):
        return self.market.ledger.balance(member, CNY)


@pytest.fixture
def stage():
    return Stage()


def test_all_lines_trade_in_one_step_at_the_posted_and_the_best_prices(stage):
    total = 2 * PRICE + 30 + 2 * 40 + 50
    placed = stage.buy(total, want(SUN, 2), want(MOON), want(STAR, 3))
    assert [one.state for one in placed] == ["filled"] * 3
    assert [[t[1:] for t in one.trades] for one in placed] == [
        [(12, 2)], [(30, 1)], [(40, 2), (50, 1)],
    ]  # fmt: skip
    assert stage.money() == CASH - total
    assert not stage.market.orders_of.get(CAT)


def refused(stage, total, *lines, member=CAT):
    """Return the refusal; nothing may have changed."""
    before = digest(stage.market)
    with pytest.raises(Refusal) as told:
        stage.buy(total, *lines, member=member)
    assert digest(stage.market) == before
    return told.value


def test_a_minor_unit_over_the_total_and_nothing_happens(stage):
    found = refused(stage, 41, want(SUN), want(MOON))
    assert isinstance(found, OverTotal)
    assert (found.total, found.total_max) == (42, 41)
    stage.buy(42, want(SUN), want(MOON))


@pytest.mark.parametrize(
    ("line", "why", "symbol"),
    [
        (want(STAR, 6), "not_offered", "SYM1002"),
        (want(77), "unknown_instrument", ""),
        (c.Line(STAR, "buy", None, 1, purpose="x"), "purpose_not_permitted", "SYM1002"),
        (c.Line(STAR, "sell", None, 1), "wrong_order", "SYM1002"),
        (c.Line(STAR, "buy", 40, 1, purpose="analysis"), "wrong_order", "SYM1002"),
        (want(STAR, 0), "wrong_order", "SYM1002"),
    ],
)
def test_the_line_that_stands_in_the_way_is_named(stage, line, why, symbol):
    found = refused(stage, CASH, want(SUN), line, want(MOON))
    assert isinstance(found, BlockedLine)
    assert (found.line, found.why, found.symbol) == (2, why, symbol)


def test_what_is_suspended_or_collects_for_a_call_blocks_the_basket(stage):
    stage.do(c.SetPhase(STAFF, STAR, "call", 40))
    found = refused(stage, CASH, want(SUN), want(STAR))
    assert (found.line, found.why) == (2, "instrument_closed")
    stage.do(c.SuspendInstrument(STAFF, SUN))
    assert refused(stage, CASH, want(SUN), want(STAR)).line == 1


def test_what_is_hidden_from_the_buyer_is_not_named(stage):
    stage.do(c.SetAudience(STAFF, STAR, (DAN,), True))
    found = refused(stage, CASH, want(SUN), want(STAR))
    assert (found.why, found.symbol) == ("unknown_instrument", "")


def test_each_line_may_be_paid_alone_but_not_all_together(stage):
    lines = want(SUN, 5_000), want(MOON, 2_000)
    found = refused(stage, CASH * 2, *lines)
    assert isinstance(found, InsufficientBalance)
    assert found.needed == 120_000


@pytest.mark.parametrize("total", [-1, "5", 10**16, True])
def test_a_total_that_is_none_is_refused(stage, total):
    assert refused(stage, total, want(SUN)).field == "total_max"


def test_lines_are_of_one_currency_and_of_different_instruments(stage):
    assert refused(stage, CASH, want(SUN), want(SUN)).field == "instrument"
    assert refused(stage, CASH).field == "orders"
    stage.do(c.RequestPayin(CAT, CAT, 2, 100, "euro"))
    stage.do(c.ConfirmPayin(STAFF, 3))
    assert refused(stage, CASH, want(SUN), want(EURO)).field == "currency"
    with pytest.raises(NotVerified):
        stage.buy(CASH, want(SUN), member=77)


def test_a_market_that_counts_orders_counts_the_lines(stage):
    limits = (None, None, None, None, 2, None)
    number = stage.do(c.Propose(STAFF, "SetLimits", (0, limits), "calm"))
    stage.do(c.Decide(STAFF + 1, number, approve=True))
    found = refused(stage, CASH, want(SUN), want(MOON), want(STAR))
    assert found.why == "too_fast"
    stage.buy(CASH, want(SUN), want(MOON))


def test_without_a_total_each_line_stands_for_itself(stage):
    lines = want(SUN, time_in_force="IOC"), want(77)
    first, second = stage.do(c.PlaceBasket(CAT, CAT, lines))
    assert (first.state, second.code) == ("filled", "unknown_instrument")


LINES = st.builds(
    want,
    st.sampled_from((SUN, MOON, STAR, STAR, EURO, 77)),
    st.sampled_from((1, 1, 2, 3, 5, 6, 4_000, 0)),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(LINES, max_size=4), st.sampled_from((30, 200, CASH))),
        max_size=5,
    ),
    st.sampled_from((None, (STAR, "call", 40), (SUN, "closed", None))),
)
def test_whatever_is_asked_comes_in_full_or_leaves_no_trace(asked, phase):
    stage = Stage()
    if phase:
        stage.do(c.SetPhase(STAFF, *phase))
    for lines, total in asked:
        before, had = digest(stage.market), stage.money()
        try:
            placed = stage.buy(total, *lines)
        except Refusal:
            assert digest(stage.market) == before
            continue
        paid = sum(p * q for one in placed for _, p, q in one.trades)
        assert had - stage.money() == paid <= total
        assert [sum(q for *_, q in one.trades) for one in placed] == [
            line.quantity for line in lines
        ]
        assert not any(stage.market.ledger.totals().values())
