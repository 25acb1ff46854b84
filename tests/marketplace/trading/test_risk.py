"""Checks before an order: what cannot be is refused by name and leaves no trace."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX, VALUE_MAX
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import (
    AlreadyExpired,
    NotTransferable,
    OffLot,
    OffTick,
    OrderTooLarge,
    PurposeNotPermitted,
    UnknownInstrument,
    WrongOrder,
)
from settlement.errors import InsufficientBalance
from settlement.ledger import Pocket
from tests.scenario import STAFF, SUN, VERA, Play

MOON, CAT, ANN = 1_001, 11, 12
BID = c.Line(MOON, "buy", 20, 30, purpose="analysis")
OFFER = c.Line(MOON, "sell", 20, 30)
FOREVER = 2**63


@pytest.fixture
def stage():
    """A market with MOON: tick 5, lot 10, for analysis only, not to be passed on."""
    play = Play()
    play.do(
        c.ListInstrument(
            STAFF, MOON, "MOON", VERA, 1, 5, 10, "{}", ("analysis",), None, None,
            transferable=False,
        )
    )  # fmt: skip
    for member in (CAT, ANN):
        play.do(c.SetStanding(STAFF, member, verified=True))
        play.do(c.GrantRight(STAFF, member, MOON, 100, "analysis"))
    play.do(c.ConfirmPayin(STAFF, play.do(c.RequestPayin(CAT, CAT, 1, 1_000, "cash"))))
    return play


def refused(stage, line, refusal, member=CAT):
    """Check that *line* is refused so, and changes nothing; the refusal's facts."""
    before = digest(stage.market)
    with pytest.raises(refusal) as caught:
        stage.do(c.PlaceOrder(member, member, line))
    assert digest(stage.market) == before
    return caught.value.facts()


@pytest.mark.parametrize(
    ("facts", "refusal", "says"),
    [
        ({"instrument": 1_999}, UnknownInstrument, {"instrument": 1_999}),
        ({"side": "both"}, WrongOrder, {"field": "side"}),
        ({"side": "\ud800"}, WrongOrder, {"field": "side"}),
        ({"time_in_force": "DAY"}, WrongOrder, {"field": "time_in_force"}),
        ({"quantity": 0}, WrongOrder, {"field": "quantity"}),
        ({"quantity": -10}, WrongOrder, {"field": "quantity"}),
        ({"quantity": True}, WrongOrder, {"field": "quantity"}),
        ({"quantity": 10.0}, WrongOrder, {"field": "quantity"}),
        ({"quantity": "10"}, WrongOrder, {"field": "quantity"}),
        ({"quantity": QUANTITY_MAX + 10}, WrongOrder, {"field": "quantity"}),
        ({"quantity": 15}, OffLot, {"quantity": 15, "lot": 10}),
        ({"price": -5}, WrongOrder, {"field": "price"}),
        ({"price": 20.0}, WrongOrder, {"field": "price"}),
        ({"price": PRICE_MAX + 5}, WrongOrder, {"field": "price"}),
        ({"price": 21}, OffTick, {"price": 21, "tick": 5}),
        (
            {"price": PRICE_MAX, "quantity": 1_010},
            OrderTooLarge,
            {"value": PRICE_MAX * 1_010, "value_max": VALUE_MAX},
        ),
        ({"time_in_force": "GTD"}, WrongOrder, {"field": "expires_us"}),
        ({"expires_us": FOREVER}, WrongOrder, {"field": "expires_us"}),
        (
            {"time_in_force": "GTD", "expires_us": FOREVER},
            WrongOrder,
            {"field": "expires_us"},
        ),
        ({"time_in_force": "GTD", "expires_us": 9}, AlreadyExpired, {"expires_us": 9}),
        ({"evergreen": True}, WrongOrder, {"field": "evergreen"}),
        ({"price": None, "post_only": True}, WrongOrder, {"field": "post_only"}),
        (
            {"time_in_force": "IOC", "post_only": True},
            WrongOrder,
            {"field": "post_only"},
        ),
        (
            {"purpose": ""},
            PurposeNotPermitted,
            {"purpose": "", "permitted": ["analysis"]},
        ),
        (
            {"purpose": "resale"},
            PurposeNotPermitted,
            {"purpose": "resale", "permitted": ["analysis"]},
        ),
    ],
)
def test_a_bid_that_cannot_be_is_refused_with_the_reason(stage, facts, refusal, says):
    assert refused(stage, BID._replace(**facts), refusal) == says


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"evergreen": True, "time_in_force": "IOC"}, "evergreen"),
        ({"evergreen": True, "price": None}, "evergreen"),
        ({"purpose": "\x00"}, "purpose"),
        ({"purpose": "\ud800"}, "purpose"),
        ({"purpose": "x" * 65}, "purpose"),
    ],
)
def test_an_offer_that_cannot_be_is_refused_with_the_reason(stage, facts, field):
    line = OFFER._replace(**facts)
    assert refused(stage, line, WrongOrder, member=VERA) == {"field": field}


@pytest.mark.parametrize("purpose", ["", "\x00", "\n", "\ud800", "训练", "x" * 65])
def test_no_database_is_asked_to_keep_an_odd_purpose(stage, purpose):
    """SUN permits any purpose, but one that can be told."""
    line = c.Line(SUN, "buy", 1, 1, purpose=purpose)
    refused(stage, line, PurposeNotPermitted)


@pytest.mark.parametrize(("quantity", "accepted"), [(50, True), (60, False)])
def test_a_bid_needs_its_limit_times_its_quantity(stage, quantity, accepted):
    line = BID._replace(quantity=quantity)
    if accepted:
        assert stage.do(c.PlaceOrder(CAT, CAT, line)).remaining == quantity
        return
    facts = refused(stage, line, InsufficientBalance)
    assert facts == {"asset": "CNY", "needed": 1_200, "available": 1_000}


def test_what_is_held_for_one_bid_does_not_cover_another(stage):
    stage.do(c.PlaceOrder(CAT, CAT, BID._replace(quantity=50)))
    refused(stage, BID._replace(price=5, quantity=10), InsufficientBalance)


def test_a_market_bid_needs_what_the_book_asks_now(stage):
    for price, quantity in ((20, 10), (40, 10), (60, 10)):
        line = OFFER._replace(price=price, quantity=quantity)
        stage.do(c.PlaceOrder(VERA, VERA, line))
    stage.do(c.PlaceOrder(CAT, CAT, BID._replace(price=10, quantity=40)))
    market = BID._replace(price=None, time_in_force="IOC")
    facts = refused(stage, market._replace(quantity=30), InsufficientBalance)
    assert (facts["needed"], facts["available"]) == (1_200, 600)
    placed = stage.do(c.PlaceOrder(CAT, CAT, market._replace(quantity=20)))
    assert [trade[1:] for trade in placed.trades] == [(20, 10), (40, 10)]


def test_a_market_bid_worth_more_than_an_order_may_be_is_refused(stage):
    stage.do(c.PlaceOrder(VERA, VERA, OFFER._replace(price=PRICE_MAX, evergreen=True)))
    line = BID._replace(price=None, quantity=1_010, time_in_force="IOC")
    refused(stage, line, OrderTooLarge)


def test_a_holder_does_not_sell_what_may_not_be_passed_on(stage):
    assert refused(stage, OFFER, NotTransferable) == {"symbol": "MOON"}


def test_only_the_vendor_posts_a_price(stage):
    stage.do(c.GrantRight(STAFF, CAT, SUN, 5, "analysis"))
    line = c.Line(SUN, "sell", 5, 1, evergreen=True)
    assert refused(stage, line, WrongOrder) == {"field": "evergreen"}


def test_a_basket_may_not_be_empty_or_too_long(stage):
    for lines in ((), (BID,) * (c.ORDERS_MAX + 1)):
        with pytest.raises(WrongOrder):
            stage.do(c.PlaceBasket(CAT, CAT, lines))


@pytest.mark.parametrize(
    "by", [0, -10, 30, 31, 10**12, 5, 15], ids=lambda by: f"by_{by}"
)
def test_an_order_is_reduced_only_by_whole_lots_that_leave_some(stage, by):
    order = stage.do(c.PlaceOrder(CAT, CAT, BID)).order
    before = digest(stage.market)
    with pytest.raises(WrongOrder):
        stage.do(c.ReduceOrder(CAT, CAT, order, by))
    assert digest(stage.market) == before
    assert stage.do(c.ReduceOrder(CAT, CAT, order, 10)) == 20


def test_a_reduced_order_gives_back_what_the_difference_held(stage):
    order = stage.do(c.PlaceOrder(CAT, CAT, BID)).order
    stage.do(c.ReduceOrder(CAT, CAT, order, 10))
    balance = stage.market.ledger.balance
    assert (balance(CAT, 1), balance(CAT, 1, Pocket.HELD)) == (600, 400)
