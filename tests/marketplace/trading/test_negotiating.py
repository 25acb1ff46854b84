"""Personal prices: for a recorded reason, off the book, taken once and whole."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.offers import OPEN_MAX, ReasonNeeded, TooManyOffers
from marketplace.trading.orders import SELL
from marketplace.trading.venue import (
    AboveCeiling,
    AlreadyExpired,
    InstrumentClosed,
    NotVerified,
    PurposeNotPermitted,
    WrongOrder,
)
from settlement.errors import InsufficientBalance, NotFound
from tests.floor import CASH, CAT, CNY, DAN, STAFF, SUN, VERA, opening

LATER_US = 1_000_000
OFFER = c.OfferPrice(VERA, VERA, SUN, CAT, 7, 3, "need", "a school", LATER_US)
TAKE = c.TakeOffer(CAT, CAT, 1, "analysis")


@pytest.fixture
def market():
    """A floor where SUN is posted at 12."""
    market = Market()
    for seq, command in enumerate(opening(), start=1):
        market.apply(command, seq, seq)
    return market


def offered(market, **changed):
    """Apply the offer with some fields changed."""
    return market.apply(OFFER._replace(**changed), 20, 20)


def test_a_personal_price_is_paid_in_full_and_settles_at_once(market):
    offered(market)
    assert market.apply(TAKE, 21, 21) == 1
    assert market.ledger.balance(CAT, CNY) == CASH - 21
    assert market.ledger.balance(CAT, SUN) == 3
    (trade,) = market.trades_new
    assert (trade.origin, trade.price, trade.quantity) == ("negotiated", 7, 3)
    assert not any(market.ledger.totals().values())


def test_the_public_book_does_not_notice(market):
    offered(market)
    market.apply(TAKE, 21, 21)
    best = market.venue(SUN).book.best(SELL)
    assert best is not None
    assert best.price == 12
    assert len(market.orders) == 1


def test_nobody_else_can_take_it_nor_anyone_twice(market):
    offered(market)
    with pytest.raises(NotFound):
        market.apply(c.TakeOffer(DAN, DAN, 1, "analysis"), 21, 21)
    market.apply(TAKE, 22, 22)
    with pytest.raises(NotFound):
        market.apply(TAKE, 23, 23)


def test_it_ends_at_its_time_and_by_its_vendor(market):
    offered(market)
    with pytest.raises(AlreadyExpired):
        market.apply(TAKE, 21, LATER_US)
    assert market.next_due_us() == LATER_US
    market.apply(c.Tick(), 22, LATER_US)
    assert str(market.offers.opened[0].state) == "expired"
    offered(market)
    with pytest.raises(NotFound):
        market.apply(c.WithdrawOffer(DAN, DAN, 2), 23, 23)
    market.apply(c.WithdrawOffer(VERA, VERA, 2), 24, 24)
    with pytest.raises(NotFound):
        market.apply(TAKE._replace(offer=2), 25, 25)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"reason": "friend"}, ReasonNeeded),
        ({"reason": ""}, ReasonNeeded),
        ({"note": " "}, ReasonNeeded),
        ({"note": "x" * 1_001}, WrongOrder),
        ({"note": "\0"}, WrongOrder),
        ({"to": VERA}, WrongOrder),
        ({"to": 99}, NotVerified),
        ({"member": CAT, "to": DAN}, NotFound),
        ({"price": -1}, WrongOrder),
        ({"quantity": 0}, WrongOrder),
        ({"expires_us": 20}, AlreadyExpired),
        ({"expires_us": 10**17}, WrongOrder),
    ],
)
def test_an_offer_that_cannot_be_is_refused(market, changed, refusal):
    with pytest.raises(refusal):
        offered(market, **changed)


def test_the_buyer_declares_a_purpose_and_has_the_money(market):
    offered(market, price=10**6)
    with pytest.raises(InsufficientBalance):
        market.apply(TAKE, 21, 21)
    with pytest.raises(PurposeNotPermitted):
        market.apply(TAKE._replace(purpose="resale"), 22, 22)


def test_both_must_be_verified_and_the_instrument_trade_when_it_is_taken(market):
    offered(market)
    market.apply(c.SuspendInstrument(STAFF, SUN), 21, 21)
    with pytest.raises(InstrumentClosed):
        market.apply(TAKE, 22, 22)
    market.apply(c.ResumeInstrument(STAFF, SUN), 23, 23)
    market.apply(c.SetStanding(STAFF, VERA, verified=False), 24, 24)
    with pytest.raises(NotVerified):
        market.apply(TAKE, 25, 25)


def test_a_ceiling_binds_personal_prices_and_what_waits(market):
    listed = next(x for x in opening() if isinstance(x, c.ListInstrument))
    offered(market)
    market.apply(listed._replace(price_max=6), 21, 21)
    assert market.orders == {}  # the price posted at 12 is gone
    with pytest.raises(NotFound):  # and so is the offer at 7
        market.apply(TAKE, 22, 22)
    with pytest.raises(AboveCeiling):
        offered(market)
    assert offered(market, price=6) == 2


def test_a_vendor_has_so_many_open(market):
    for _ in range(OPEN_MAX):
        offered(market)
    with pytest.raises(TooManyOffers):
        offered(market)
