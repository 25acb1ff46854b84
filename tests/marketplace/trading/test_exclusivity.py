"""Exclusive rights: at most one buyer for each field, territory and term."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.orders import BUY, SELL
from marketplace.trading.scope import Scope
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import (
    FixedFact,
    NotAdmitted,
    NotTransferable,
    SoldOut,
    WrongOrder,
)

STAFF, VERA, ANN, BOB = 901, 1, 2, 3
CNY, TERM_US = 1, 100
CHINA, SHANGHAI, EVERYWHERE, HEALTH, OTHER = 1_000, 1_001, 1_002, 1_003, 1_004
SCOPES = {
    CHINA: Scope(7, True, "", "CN"),
    SHANGHAI: Scope(7, False, "", "CN/31"),
    EVERYWHERE: Scope(7, False),
    HEALTH: Scope(7, True, "healthcare", "DE"),
    OTHER: Scope(8, False),
}


class Floor:
    """A market with one product in exclusive and common rights, and another product."""

    def __init__(self):
        self.market, self.seq = Market(), 0
        for member in (VERA, ANN, BOB):
            self.do(c.SetStanding(STAFF, member, verified=True))
            payin = self.do(c.RequestPayin(member, member, CNY, 1_000, "cash"))
            self.do(c.ConfirmPayin(STAFF, payin))
        for number, scope in SCOPES.items():
            self.do(listing(number, scope))

    def do(self, command):
        self.seq += 1
        return self.market.apply(command, self.seq, self.seq)

    def order(self, member, instrument, side, price, quantity=1, **more):
        line = c.Line(instrument, side, price, quantity, purpose="a", **more)
        return self.do(c.PlaceOrder(member, member, line))

    def offer(self, instrument, price=10):
        return self.order(VERA, instrument, "sell", price)

    def bids(self, instrument):
        return self.market.venues[instrument].book.orders(BUY)


def listing(number, scope, **more):
    facts = ("{}", (), TERM_US, None)
    return c.ListInstrument(
        STAFF, number, f"S{number}", VERA, CNY, 1, 1, *facts,
        **({"transferable": False, "scope": scope} | more),
    )  # fmt: skip


@pytest.fixture
def floor():
    return Floor()


def test_an_exclusive_right_is_sold_once(floor):
    floor.offer(CHINA)
    floor.order(ANN, CHINA, "buy", 10)
    floor.offer(CHINA)
    before = digest(floor.market)
    with pytest.raises(SoldOut) as refused:
        floor.order(BOB, CHINA, "buy", 10)
    assert refused.value.facts() == {"symbol": "S1000", "until_us": floor.seq + 98}
    assert digest(floor.market) == before


def test_it_keeps_others_from_what_it_overlaps_and_from_nothing_else(floor):
    floor.offer(CHINA)
    floor.order(ANN, CHINA, "buy", 10)
    for overlapped in (SHANGHAI, EVERYWHERE):
        floor.order(VERA, overlapped, "sell", 5, evergreen=True)
        with pytest.raises(SoldOut):
            floor.order(BOB, overlapped, "buy", 5)
        assert floor.order(ANN, overlapped, "buy", 5).trades
    floor.offer(OTHER)
    assert floor.order(BOB, OTHER, "buy", 10).trades


def test_another_field_or_territory_is_free(floor):
    floor.offer(CHINA)
    floor.order(ANN, CHINA, "buy", 10)
    floor.offer(HEALTH)
    assert floor.order(BOB, HEALTH, "buy", 10).trades


def test_common_rights_of_others_keep_from_the_exclusive_one(floor):
    floor.order(VERA, SHANGHAI, "sell", 5, evergreen=True)
    floor.order(BOB, SHANGHAI, "buy", 5)
    floor.offer(CHINA)
    with pytest.raises(SoldOut):
        floor.order(ANN, CHINA, "buy", 10)
    assert floor.order(BOB, CHINA, "buy", 10).trades


def test_it_can_be_had_again_when_its_term_is_over(floor):
    floor.offer(CHINA)
    floor.order(ANN, CHINA, "buy", 10)
    floor.offer(CHINA)
    floor.seq += TERM_US  # over, though no Tick has ended it yet
    assert floor.order(BOB, CHINA, "buy", 10).trades


def test_the_sale_ends_the_bids_that_it_makes_vain(floor):
    floor.order(ANN, CHINA, "buy", 9)
    floor.order(BOB, CHINA, "buy", 8)
    floor.order(BOB, EVERYWHERE, "buy", 3)
    floor.order(BOB, OTHER, "buy", 3)
    assert floor.offer(CHINA, 7).trades == ((1, 9, 1),)
    assert floor.bids(CHINA) == floor.bids(EVERYWHERE) == []
    assert len(floor.bids(OTHER)) == 1
    reasons = [reason for _, reason in floor.market.orders_changed.values() if reason]
    assert {str(reason) for reason in reasons} == {"sold_out"}


def test_a_call_sells_it_to_the_best_bid_alone(floor):
    floor.do(c.SetPhase(STAFF, CHINA, "call", 10))
    floor.offer(CHINA, 8)
    floor.offer(CHINA, 7)  # takes the place of the first
    assert [offer.price for offer in floor.market.venues[CHINA].book.orders(SELL)] == [
        7
    ]
    floor.order(ANN, CHINA, "buy", 9)
    floor.order(BOB, CHINA, "buy", 12)
    assert floor.do(c.Uncross(STAFF, CHINA)).quantity == 1
    assert [trade.buyer for trade in floor.market.trades_new] == [BOB]
    assert floor.bids(CHINA) == []


def test_grants_and_personal_prices_are_bound_by_it_as_well(floor):
    offer = c.OfferPrice(VERA, VERA, EVERYWHERE, BOB, 3, 1, "need", "custom", 900)
    number = floor.do(offer)
    floor.do(c.GrantRight(STAFF, ANN, CHINA, 1, "a"))
    with pytest.raises(SoldOut):
        floor.do(c.TakeOffer(BOB, BOB, number, "a"))
    with pytest.raises(SoldOut):
        floor.do(c.GrantRight(STAFF, BOB, EVERYWHERE, 1, "a"))


@pytest.mark.parametrize(
    ("member", "side", "quantity", "more", "refusal"),
    [
        (ANN, "buy", 2, {}, WrongOrder),
        (VERA, "sell", 2, {}, WrongOrder),
        (VERA, "sell", 1, {"evergreen": True}, WrongOrder),
        (ANN, "sell", 1, {}, NotTransferable),
    ],
)
def test_it_is_offered_one_at_a_time_by_its_vendor(
    floor, member, side, quantity, more, refusal
):
    with pytest.raises(refusal):
        floor.order(member, CHINA, side, 5, quantity, **more)


@pytest.mark.parametrize(
    ("scope", "more", "refusal"),
    [
        (Scope(7, True), {"transferable": True}, WrongOrder),
        (Scope(0, True), {}, WrongOrder),
        (Scope(7, True), {"trial_of": OTHER, "price_max": 0}, WrongOrder),
        (Scope(7, False, "health care"), {}, WrongOrder),
        (Scope(-1), {}, WrongOrder),
    ],
)
def test_what_no_right_can_be_is_not_listed(floor, scope, more, refusal):
    with pytest.raises(refusal):
        floor.do(listing(1_009, scope, **more))


def test_how_far_a_right_reaches_is_fixed(floor):
    with pytest.raises(FixedFact):
        floor.do(listing(SHANGHAI, Scope(7, True, "", "CN/31")))


def test_personal_prices_are_for_the_audience_of_the_product(floor):
    offer = c.OfferPrice(VERA, VERA, OTHER, BOB, 3, 1, "need", "custom", 900)
    number = floor.do(offer)
    floor.do(c.SetAudience(STAFF, OTHER, (ANN,), hidden=True))
    assert str(floor.market.offers.changed[number].state) == "withdrawn"
    with pytest.raises(NotAdmitted):
        floor.do(offer)
    assert floor.do(offer._replace(to=ANN)) == number + 1
