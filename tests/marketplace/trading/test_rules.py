"""Commands of the house: standing, listing, suspension, fees, time passing."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.orders import Reason
from marketplace.trading.venue import (
    FixedFact,
    InstrumentClosed,
    NotVerified,
    SymbolTaken,
    UnknownInstrument,
    WrongOrder,
)
from settlement.errors import IllegalMove, NotFound
from settlement.ledger import HOUSE, Pocket
from tests.scenario import PURPOSE, STAFF, SUN, VERA, Play

ANN, CAT = 11, 12
LISTING = c.ListInstrument(
    STAFF, 1_001, "MOON", VERA, 1, 5, 10, '{"title":"Moon"}', (PURPOSE,), 100, 3,
    transferable=False,
)  # fmt: skip


@pytest.fixture
def stage():
    """A market where ANN holds 10 SUN and CAT has 1,000 fen."""
    play = Play()
    for member in (ANN, CAT):
        play.do(c.SetStanding(STAFF, member, verified=True))
    play.do(c.GrantRight(STAFF, ANN, SUN, 10, PURPOSE))
    play.do(c.ConfirmPayin(STAFF, play.do(c.RequestPayin(CAT, CAT, 1, 1_000, "cash"))))
    return play


def place(stage, member, side, price, quantity, instrument=SUN, **rest):
    """Place an order; what became of it."""
    line = c.Line(instrument, side, price, quantity, purpose=PURPOSE, **rest)
    return stage.do(c.PlaceOrder(member, member, line))


def free_and_held(stage, member, asset):
    """Return both pockets."""
    balance = stage.market.ledger.balance
    return balance(member, asset), balance(member, asset, Pocket.HELD)


def test_only_verified_members_place_orders(stage):
    with pytest.raises(NotVerified):
        place(stage, 99, "buy", 1, 1)


def test_losing_verification_cancels_the_members_orders_and_no_others(stage):
    bid = place(stage, CAT, "buy", 9, 10).order
    offer = place(stage, ANN, "sell", 10, 5).order
    stage.do(c.SetStanding(STAFF, CAT, verified=False))
    assert list(stage.market.orders) == [offer]
    assert stage.market.orders_changed[bid][1] is Reason.SUSPENDED
    assert free_and_held(stage, CAT, 1) == (1_000, 0)
    with pytest.raises(NotVerified):
        place(stage, CAT, "buy", 9, 1)


def test_the_house_is_no_member_and_cannot_be_let_trade(stage):
    with pytest.raises(WrongOrder):
        stage.do(c.SetStanding(STAFF, HOUSE, verified=True))


def test_a_suspended_instrument_takes_no_orders_but_cancels(stage):
    order = place(stage, CAT, "buy", 9, 10).order
    stage.do(c.SuspendInstrument(STAFF, SUN))
    with pytest.raises(InstrumentClosed) as refused:
        place(stage, ANN, "sell", 9, 10)
    assert refused.value.state == "suspended"
    assert stage.do(c.CancelOrder(CAT, CAT, order)) == 10
    stage.do(c.ResumeInstrument(STAFF, SUN))
    assert place(stage, ANN, "sell", 9, 10).state == "open"


def test_delisting_cancels_the_orders_and_leaves_the_rights(stage):
    place(stage, CAT, "buy", 9, 10)
    place(stage, ANN, "sell", 10, 4)
    assert stage.do(c.DelistInstrument(STAFF, SUN)) == 2
    assert stage.market.orders == {}
    assert free_and_held(stage, CAT, 1) == (1_000, 0)
    assert free_and_held(stage, ANN, SUN) == (10, 0)
    assert [right.quantity for right in stage.market.rights.of(ANN, SUN)] == [10]
    with pytest.raises(InstrumentClosed):
        place(stage, CAT, "buy", 9, 1)


@pytest.mark.parametrize(
    "commands",
    [
        [c.ResumeInstrument],
        [c.SuspendInstrument, c.SuspendInstrument],
        [c.DelistInstrument, c.ResumeInstrument],
        [c.DelistInstrument, c.SuspendInstrument],
        [c.DelistInstrument, c.DelistInstrument],
    ],
)
def test_trading_moves_only_along_its_machine(stage, commands):
    *before, last = commands
    for command in before:
        stage.do(command(STAFF, SUN))
    with pytest.raises(IllegalMove):
        stage.do(last(STAFF, SUN))


def test_what_was_never_listed_is_unknown(stage):
    for command in (c.SuspendInstrument, c.ResumeInstrument, c.DelistInstrument):
        with pytest.raises(UnknownInstrument):
            stage.do(command(STAFF, 1_999))


@pytest.mark.parametrize(
    "facts",
    [
        {"instrument": 999},
        {"currency": 77},
        {"currency": SUN},
        {"tick": 0},
        {"lot": 0},
        {"lot": -10},
        {"symbol": ""},
        {"symbol": "MØØN"},
        {"symbol": "MO\nON"},
        {"term_us": 0},
        {"term_us": -1},
        {"term_us": 2**62},
        {"deliveries_max": 0},
        {"deliveries_max": 2**63},
        {"tick": 2**63},
        {"lot": 2**63},
        {"purposes": ("model training",)},
        {"purposes": ("",)},
        {"purposes": ("训练",)},
        {"terms": "\x00"},
        {"terms": '{"title":"\ud800"}'},
    ],
)
def test_an_instrument_that_could_not_trade_is_not_listed(stage, facts):
    with pytest.raises(WrongOrder):
        stage.do(LISTING._replace(**facts))
    assert 1_001 not in stage.market.venues


def test_a_symbol_belongs_to_one_instrument(stage):
    with pytest.raises(SymbolTaken):
        stage.do(LISTING._replace(symbol="SUN"))


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("symbol", "LUNA"),
        ("vendor", ANN),
        ("currency", 2),
        ("tick", 1),
        ("lot", 1),
        ("transferable", True),
    ],
)
def test_what_waiting_orders_rest_on_cannot_change(stage, fact, value):
    stage.do(LISTING)
    with pytest.raises(FixedFact) as refused:
        stage.do(LISTING._replace(**{fact: value}))
    assert refused.value.fact == fact


def test_new_terms_hold_for_the_trades_after_them_and_old_rights_keep_theirs(stage):
    place(stage, VERA, "sell", 10, 1, evergreen=True)
    place(stage, CAT, "buy", 10, 1)
    stage.do(
        c.ListInstrument(
            STAFF, SUN, "SUN", VERA, 1, 1, 1, '{"title":"Sun 2"}', (), 100, 3,
            transferable=True,
        )
    )  # fmt: skip
    place(stage, CAT, "buy", 10, 1)
    before, after = stage.market.rights.of(CAT, SUN)
    assert (before.terms, before.until_us, before.deliveries_max) == (1, None, None)
    assert (after.terms, after.until_us, after.deliveries_max) == (
        2,
        after.from_us + 100,
        3,
    )
    assert [contract[1] for contract in stage.market.contracts_new] == [1, 2]


def test_equal_terms_are_kept_once(stage):
    stage.do(LISTING)
    stage.do(LISTING)
    assert len(stage.market.terms) == 2


def test_a_new_fee_holds_from_its_command_on(stage):
    place(stage, VERA, "sell", 100, 1, evergreen=True)
    place(stage, CAT, "buy", 100, 1)
    assert stage.do(c.PublishFees(STAFF, 1_000)) == 2
    place(stage, CAT, "buy", 100, 1)
    assert [trade.fee for trade in stage.market.trades_new] == [3, 10]
    assert [contract[3] for contract in stage.market.contracts_new] == [1, 2]


@pytest.mark.parametrize("trade_bps", [-1, 5_001])
def test_a_fee_beyond_the_limits_is_not_published(stage, trade_bps):
    with pytest.raises(WrongOrder):
        stage.do(c.PublishFees(STAFF, trade_bps))
    assert stage.market.fees.version == 1


def test_orders_for_a_time_expire_with_it_in_the_order_of_their_ends(stage):
    late = stage.at_us + 500
    orders = [
        place(stage, CAT, "buy", 9, 1, time_in_force="GTD", expires_us=ends).order
        for ends in (late + 10, late, late + 20)
    ]
    place(stage, CAT, "buy", 8, 1)
    assert stage.market.next_due_us() == late
    stage.at_us = late + 9
    assert stage.do(c.Tick()) == (2, 0)
    assert [order for order in orders if order in stage.market.orders] == orders[2:]
    assert [stage.market.orders_changed[order][1] for order in orders[:2]] == [
        Reason.EXPIRED
    ] * 2
    assert free_and_held(stage, CAT, 1) == (983, 17)
    with pytest.raises(NotFound):
        stage.do(c.CancelOrder(CAT, CAT, orders[0]))


def test_a_cancelled_order_leaves_no_expiry_behind(stage):
    ends = stage.at_us + 500
    order = place(stage, CAT, "buy", 9, 1, time_in_force="GTD", expires_us=ends).order
    stage.do(c.CancelOrder(CAT, CAT, order))
    assert stage.market.next_due_us() is None
    stage.at_us = ends
    assert stage.do(c.Tick()) == (0, 0)
