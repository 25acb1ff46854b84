"""Quotes and personal prices: off the book, countered in turns, taken whole."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.offers import OPEN_MAX, ReasonNeeded, TooManyOffers
from marketplace.trading.orders import SELL
from marketplace.trading.snapshot import state
from marketplace.trading.venue import (
    AboveCeiling,
    AlreadyExpired,
    InstrumentClosed,
    NotVerified,
    PurposeNotPermitted,
    WrongOrder,
)
from settlement.errors import InsufficientBalance, NotFound
from settlement.ledger import Pocket
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
    market.apply(c.SetStanding(STAFF, CAT, verified=False), 24, 24)
    with pytest.raises(NotVerified):
        market.apply(TAKE, 25, 25)
    market.apply(c.SetStanding(STAFF, VERA, verified=False), 26, 26)
    assert not market.offers.live  # who may not trade has nothing on offer


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


BID = c.OfferPrice(
    CAT, CAT, SUN, VERA, 8, 10, "asked", "", LATER_US, purpose="analysis"
)
QUOTE = c.OfferPrice(VERA, VERA, SUN, CAT, 10, 10, "asked", "", LATER_US, demand=4)


def money(market, member=CAT):
    """Return what a member has free and held."""
    return tuple(
        market.ledger.balance(member, CNY, pocket)
        for pocket in (Pocket.FREE, Pocket.HELD)
    )


def test_a_buyer_who_offers_has_the_money_held_until_the_vendor_takes_it(market):
    market.apply(BID, 20, 20)
    assert money(market) == (CASH - 80, 80)
    assert market.apply(c.TakeOffer(VERA, VERA, 1, ""), 21, 21) == 1
    assert money(market) == (CASH - 80, 0)
    (trade,) = market.trades_new
    assert (trade.origin, trade.taker, trade.price) == ("negotiated", "sell", 8)
    assert market.rights.granted[-1].purpose == "analysis"


@pytest.mark.parametrize(
    "ending",
    [
        c.WithdrawOffer(CAT, CAT, 1),
        c.DeclineOffer(VERA, VERA, 1),
        c.CounterOffer(VERA, VERA, 1, 11, 10, "", LATER_US),
        c.SuspendInstrument(STAFF, SUN),
        c.DelistInstrument(STAFF, SUN),
        c.SetStanding(STAFF, CAT, verified=False),
        c.StopTrading(STAFF, 0, True, "a test"),
        c.Tick(),
    ],
)
def test_what_a_buyer_offered_is_free_again_however_it_ends(market, ending):
    market.apply(BID, 20, 20)
    market.apply(ending, 21, LATER_US if isinstance(ending, c.Tick) else 21)
    if isinstance(ending, c.SuspendInstrument):  # it waits, and may be withdrawn
        market.apply(c.WithdrawOffer(CAT, CAT, 1), 22, 22)
    assert money(market) == (CASH, 0)


def test_a_counter_offer_ends_what_it_answers_and_the_other_side_decides(market):
    market.apply(QUOTE, 20, 20)
    lower = c.CounterOffer(CAT, CAT, 1, 8, 10, "for ten", LATER_US, "analysis")
    assert market.apply(lower, 21, 21) == 2
    with pytest.raises(NotFound):
        market.apply(TAKE, 22, 22)
    with pytest.raises(NotFound):  # who made it cannot take it
        market.apply(TAKE._replace(offer=2), 23, 23)
    middle = c.CounterOffer(VERA, VERA, 2, 9, 10, "last", LATER_US)
    assert market.apply(middle, 24, 24) == 3
    assert money(market) == (CASH, 0)
    assert [str(o.state) for o in market.offers.opened] == [
        "countered", "countered", "open"
    ]  # fmt: skip
    market.apply(TAKE._replace(offer=3), 25, 25)
    assert money(market) == (CASH - 90, 0)


def test_a_personal_price_that_is_countered_is_negotiated_from_then_on(market):
    market.apply(OFFER, 20, 20)
    lower = c.CounterOffer(CAT, CAT, 1, 6, 3, "", LATER_US, "analysis")
    market.apply(lower, 21, 21)
    assert [(o.reason, o.note) for o in market.offers.opened] == [
        ("need", "a school"), ("asked", "")
    ]  # fmt: skip


def test_the_first_answer_taken_ends_all_others_of_the_request(market):
    moon = next(x for x in opening() if isinstance(x, c.ListInstrument))
    moon = moon._replace(instrument=1_001, symbol="MOON", vendor=DAN)
    market.apply(moon, 19, 19)
    market.apply(QUOTE, 20, 20)
    other = QUOTE._replace(by=DAN, member=DAN, instrument=1_001, price=9)
    market.apply(other, 21, 21)
    lower = c.CounterOffer(CAT, CAT, 2, 7, 10, "", LATER_US, "analysis")
    market.apply(lower, 22, 22)
    market.apply(QUOTE._replace(demand=5), 23, 23)
    market.apply(TAKE, 24, 24)
    assert list(market.offers.live) == [4]  # of another request
    assert money(market) == (CASH - 100, 0)


def test_what_is_sold_is_what_was_quoted_though_the_listing_changed(market):
    listed = next(x for x in opening() if isinstance(x, c.ListInstrument))
    market.apply(QUOTE, 20, 20)
    changed = listed._replace(terms='{"title":"Other"}', term_us=5)
    market.apply(changed, 21, 21)
    market.apply(TAKE, 22, 22)
    right = market.rights.granted[-1]
    assert (right.terms, right.until_us) == (1, None)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (BID._replace(purpose=""), PurposeNotPermitted),
        (BID._replace(reason="need", note="x"), ReasonNeeded),
        (BID._replace(price=10**5), InsufficientBalance),
        (BID._replace(to=DAN), NotFound),
        (BID._replace(demand=-1), WrongOrder),
        (QUOTE._replace(reason="need", note="x"), ReasonNeeded),
        (QUOTE._replace(purpose="analysis"), WrongOrder),
        (OFFER._replace(reason="asked"), ReasonNeeded),
        (c.CounterOffer(CAT, CAT, 1, 8, 1, "", 19, "analysis"), AlreadyExpired),
        (
            c.CounterOffer(CAT, CAT, 1, 10**6, 1, "", 99, "analysis"),
            InsufficientBalance,
        ),
        (c.CounterOffer(CAT, CAT, 1, 8, 1, "", 99), PurposeNotPermitted),
        (c.CounterOffer(VERA, VERA, 1, 8, 1, "", 99, "analysis"), WrongOrder),
        (c.CounterOffer(DAN, DAN, 1, 8, 1, "", 99), NotFound),
        (c.CounterOffer(CAT, CAT, 9, 8, 1, "", 99), NotFound),
        (c.DeclineOffer(VERA, VERA, 1), NotFound),
        (c.DeclineOffer(DAN, DAN, 1), NotFound),
    ],
)
def test_a_refused_step_leaves_no_trace(market, command, refusal):
    market.apply(QUOTE, 20, 20)
    before = state(market)
    with pytest.raises(refusal):
        market.apply(command, 21, 21)
    assert state(market) == before


def test_whoever_offers_may_change_it_until_it_is_taken(market):
    offered(market)
    change = c.CounterOffer(VERA, VERA, 1, 6, 2, "a poor school", LATER_US + 5)
    for wrong, refusal in (
        (change._replace(note=" "), ReasonNeeded),  # the lawful reason stays
        (change._replace(member=DAN), NotFound),
        (change._replace(purpose="analysis"), WrongOrder),
    ):
        with pytest.raises(refusal):
            market.apply(wrong, 21, 21)
    assert market.apply(change, 22, 22) == 2
    (changed,) = market.offers.live.values()
    assert (changed.answers, changed.maker, changed.reason) == (1, VERA, "need")
    market.apply(TAKE._replace(offer=2), 23, 23)
    assert market.trades_new[-1].price == 6


def test_a_buyer_who_raises_its_offer_needs_only_the_difference(market):
    price = CASH * 3 // 4
    bid = OFFER._replace(
        by=CAT, member=CAT, to=VERA, reason="asked", note="", purpose="analysis",
        price=price, quantity=1,
    )  # fmt: skip
    market.apply(bid, 20, 20)
    more = c.CounterOffer(CAT, CAT, 1, CASH - 1, 1, "", LATER_US, "analysis")
    market.apply(more, 21, 21)
    assert market.ledger.balance(CAT, CNY) == 1
    with pytest.raises(InsufficientBalance):
        market.apply(more._replace(offer=2, price=CASH + 1), 22, 22)
