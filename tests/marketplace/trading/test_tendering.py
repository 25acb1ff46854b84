"""Tenders: sealed until the close, opened as sealed, no haggling, too few fail."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.snapshot import state
from marketplace.trading.stops import OWN
from marketplace.trading.tenders import (
    UNOPENED_US,
    VALID_US,
    Bid,
    TenderOver,
    TenderRuns,
    commitment,
)
from marketplace.trading.timetable import MINUTE_US
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.canonical import canonical
from settlement.errors import InsufficientBalance, NotFound
from tests.floor import CASH, CAT, CNY, DAN, STAFF, SUN, VERA, opening

DEMAND, MOON, FAY = 7, 1_001, 4
CLOSES_US = 100 + MINUTE_US
CALL = c.CallTender(CAT, CAT, DEMAND, CLOSES_US, 2, 40, 30, 30)
OF_VERA = Bid(VERA, SUN, 9, 3, "with support", "salt-of-vera")
OF_DAN = Bid(DAN, MOON, 8, 3, "", "salt-of-dan")


def sealed(bid, **changed):
    """Return the command that binds a bidder to *bid*."""
    hidden = commitment(DEMAND, bid)
    return c.SealBid(bid.vendor, bid.vendor, DEMAND, hidden)._replace(**changed)


@pytest.fixture
def market():
    """A floor where VERA sells SUN and DAN sells MOON, and CAT has called a tender."""
    market = Market()
    listed = next(x for x in opening() if isinstance(x, c.ListInstrument))
    moon = listed._replace(instrument=MOON, symbol="MOON", vendor=DAN)
    for seq, command in enumerate([*opening(), moon, CALL], start=1):
        market.apply(command, seq, seq)
    return market


def closed(market, *bids):
    """Seal bids and let the tender close."""
    for seq, bid in enumerate(bids, start=40):
        market.apply(sealed(bid), seq, seq)
    market.apply(c.Tick(), 50, CLOSES_US)


def opened(market, *bids):
    """Open bids after the close."""
    command = c.OpenBids(CAT, CAT, DEMAND, tuple(map(tuple, bids)))
    return market.apply(command, 60, CLOSES_US + 1)


def test_bids_are_a_hash_until_they_are_opened_together_and_one_is_taken(market):
    closed(market, OF_VERA, OF_DAN)
    assert "with support" not in canonical(state(market))
    assert opened(market, OF_DAN, OF_VERA) == 2
    assert [(o.vendor, o.price) for o in market.offers.live.values()] == [
        (VERA, 9), (DAN, 8)
    ]  # fmt: skip
    market.apply(c.TakeOffer(CAT, CAT, 2, "analysis"), 61, CLOSES_US + 2)
    assert market.trades_new[-1].price == 8
    assert market.offers.live == {}
    assert market.tenders.live == {}
    assert str(market.tenders.changed[DEMAND].state) == "awarded"


def test_a_bid_may_be_replaced_before_the_close_alone(market):
    better = OF_VERA._replace(price=7)
    closed(market, OF_VERA, better, OF_DAN)
    with pytest.raises(TenderOver):
        market.apply(sealed(OF_VERA), 55, CLOSES_US + 1)
    assert opened(market, better, OF_DAN) == 2


def test_what_was_not_sealed_is_void_and_stops_nobody(market):
    closed(market, OF_VERA, OF_DAN)
    assert opened(market, OF_VERA._replace(price=1), OF_DAN) == 1
    states = {bid.vendor: str(bid.state) for bid in market.tenders.sealed.values()}
    assert states == {VERA: "void", DAN: "opened"}


def test_none_is_void_because_it_was_left_out(market):
    closed(market, OF_VERA, OF_DAN)
    for some in ((), (OF_DAN,)):
        with pytest.raises(WrongOrder):
            opened(market, *some)
    assert opened(market, Bid(VERA, 0, 0, 0, "", ""), OF_DAN) == 1
    assert str(market.tenders.sealed[DEMAND, VERA].state) == "void"


def test_what_may_not_be_offered_any_more_is_void(market):
    closed(market, OF_VERA, OF_DAN)
    market.apply(c.SuspendInstrument(STAFF, SUN), 55, CLOSES_US)
    assert opened(market, OF_VERA, OF_DAN) == 1


def test_too_few_bidders_fail_it_and_no_bid_is_opened(market):
    closed(market, OF_VERA)
    assert str(market.tenders.changed[DEMAND].state) == "failed"
    with pytest.raises(NotFound):
        opened(market, OF_VERA)


def test_nobody_haggles_withdraws_or_offers_beside_it(market):
    aside = c.OfferPrice(VERA, VERA, SUN, CAT, 5, 1, "asked", "", CLOSES_US + 9, DEMAND)
    with pytest.raises(TenderRuns):
        market.apply(aside, 41, 41)
    closed(market, OF_VERA, OF_DAN)
    opened(market, OF_VERA, OF_DAN)
    for command in (
        aside,
        c.CounterOffer(CAT, CAT, 1, 5, 3, "", CLOSES_US + 9, "analysis"),
        c.WithdrawOffer(VERA, VERA, 1),
        c.DeclineOffer(CAT, CAT, 1),
    ):
        with pytest.raises(TenderRuns):
            market.apply(command, 62, CLOSES_US + 2)


def test_an_opened_tender_without_a_bid_left_has_failed(market):
    closed(market, OF_VERA, OF_DAN)
    opened(market, OF_VERA, OF_DAN)
    market.apply(c.Tick(), 62, CLOSES_US + 1 + VALID_US)
    assert str(market.tenders.changed[DEMAND].state) == "failed"


def test_the_buyer_calls_it_off_before_the_close_alone(market):
    cancel = c.CancelTender(CAT, CAT, DEMAND)
    with pytest.raises(NotFound):
        market.apply(cancel._replace(member=DAN), 41, 41)
    closed(market, OF_VERA, OF_DAN)
    with pytest.raises(TenderOver):
        market.apply(cancel, 55, CLOSES_US)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (CALL, WrongOrder),
        (CALL._replace(demand=0), WrongOrder),
        (CALL._replace(demand=8, price=31), WrongOrder),
        (CALL._replace(demand=8, price=-30, technical=100), WrongOrder),
        (CALL._replace(demand=8, bidders_min=0), WrongOrder),
        (CALL._replace(demand=8, closes_us=99), WrongOrder),
        (CALL._replace(demand=8, member=FAY), NotVerified),
        (sealed(OF_VERA, member=CAT), WrongOrder),
        (sealed(OF_VERA, member=FAY), NotVerified),
        (sealed(OF_VERA, commitment="x" * 64), WrongOrder),
        (sealed(OF_VERA, demand=8), NotFound),
        (c.OpenBids(CAT, CAT, DEMAND, (tuple(OF_VERA),)), TenderOver),
        (c.OpenBids(DAN, DAN, DEMAND, (tuple(OF_VERA),)), NotFound),
        (c.CancelTender(CAT, CAT, 8), NotFound),
    ],
)
def test_a_refused_step_leaves_no_trace(market, command, refusal):
    market.apply(sealed(OF_VERA), 40, 40)
    before = state(market)
    with pytest.raises(refusal):
        market.apply(command, 41, 41)
    assert state(market) == before


def test_a_full_tender_still_lets_a_bidder_replace_its_bid(market, monkeypatch):
    monkeypatch.setattr("marketplace.trading.tendering.BIDDERS_MAX", 1)
    market.apply(sealed(OF_VERA), 40, 40)
    with pytest.raises(WrongOrder):
        market.apply(sealed(OF_DAN), 41, 41)
    assert market.apply(sealed(OF_VERA._replace(price=8)), 42, 42) == 1


def test_a_tender_that_nobody_opens_fails_in_time_and_frees_its_place(market):
    closed(market, OF_VERA, OF_DAN)
    market.apply(c.Tick(), 51, CLOSES_US + UNOPENED_US - 1)
    assert DEMAND in market.tenders.live
    market.apply(c.Tick(), 52, CLOSES_US + UNOPENED_US)
    assert DEMAND not in market.tenders.live
    assert [str(bid.state) for bid in market.tenders.sealed.values()] == [
        *("returned", "returned"),
    ]
    with pytest.raises(NotFound):
        opened(market, OF_VERA, OF_DAN)


BOND = 5


@pytest.fixture
def bonded(market):
    """The same floor; the tender asks for a deposit, and both bidders have money."""
    market.apply(c.CancelTender(CAT, CAT, DEMAND), 30, 30)
    market.apply(CALL._replace(deposit=BOND), 31, 31)
    for seq, vendor in ((32, VERA), (34, DAN)):
        lacks = CASH - market.ledger.balance(vendor, CNY)
        if lacks > 0:
            wanted = c.RequestPayin(vendor, vendor, CNY, lacks, "A")
            number = market.apply(wanted, seq, seq)
            market.apply(c.ConfirmPayin(STAFF, number), seq + 1, seq + 1)
    return market


def free(market):
    """Return the free money of both bidders and of the buyer, beside CASH."""
    return [market.ledger.balance(one, CNY) - CASH for one in (VERA, DAN, CAT)]


def test_a_deposit_is_held_once_and_goes_back_with_the_award(bonded):
    bonded.apply(sealed(OF_VERA), 39, 39)
    closed(bonded, OF_VERA, OF_DAN)
    assert free(bonded) == [-BOND, -BOND, 0]
    opened(bonded, OF_VERA, OF_DAN)
    bonded.apply(c.TakeOffer(CAT, CAT, 2, "analysis"), 61, CLOSES_US + 2)
    assert free(bonded)[0] == 0
    assert {str(bid.bond) for bid in bonded.tenders.sealed.values()} == {"returned"}


def test_who_takes_an_opened_bid_back_loses_the_deposit_to_the_buyer(bonded):
    closed(bonded, OF_VERA, OF_DAN)
    opened(bonded, OF_VERA, OF_DAN)
    bonded.apply(c.WithdrawOffer(DAN, DAN, 2), 61, CLOSES_US + 2)
    assert free(bonded) == [-BOND, -BOND, BOND]
    bonded.apply(c.TakeOffer(CAT, CAT, 1, "analysis"), 62, CLOSES_US + 3)
    ends = {bid.vendor: str(bid.bond) for bid in bonded.tenders.sealed.values()}
    assert ends == {VERA: "returned", DAN: "forfeited"}
    assert not any(bonded.ledger.totals().values())


@pytest.mark.parametrize("how", ["few", "cancelled", "void", "delisted", "expired"])
def test_a_deposit_goes_back_however_else_it_ends(bonded, how):
    bids = [OF_VERA] if how == "few" else [OF_VERA, OF_DAN]
    if how == "cancelled":
        bonded.apply(sealed(OF_VERA), 39, 39)
        bonded.apply(c.CancelTender(CAT, CAT, DEMAND), 40, 40)
    else:
        closed(bonded, *bids)
    if how == "void":
        opened(bonded, OF_VERA._replace(price=1), OF_DAN._replace(price=1))
    elif how in ("delisted", "expired"):
        opened(bonded, OF_VERA, OF_DAN)
        if how == "delisted":
            for seq, instrument in ((61, SUN), (62, MOON)):
                bonded.apply(c.DelistInstrument(STAFF, instrument), seq, CLOSES_US + 2)
        bonded.apply(c.Tick(), 63, CLOSES_US + VALID_US + 2)
    assert free(bonded) == [0, 0, 0]
    assert bonded.tenders.live == {}
    assert {str(bid.bond) for bid in bonded.tenders.sealed.values()} == {"returned"}


def own_stop(market, member, at_us):
    """Let a member stop its own trading."""
    market.apply(c.StopTrading(member, member, True, "enough", OWN), at_us, at_us)


def test_a_stop_of_its_own_takes_an_opened_bid_back(bonded):
    closed(bonded, OF_VERA, OF_DAN)
    opened(bonded, OF_VERA, OF_DAN)
    own_stop(bonded, DAN, CLOSES_US + 2)
    assert free(bonded) == [-BOND, -BOND, BOND]
    assert [offer.vendor for offer in bonded.offers.live.values()] == [VERA]


@pytest.mark.parametrize(("when_us", "lost"), [(CLOSES_US - 1, 0), (CLOSES_US, BOND)])
def test_a_bid_is_held_to_from_the_close_on_whoever_stops_itself(bonded, when_us, lost):
    for seq, bid in ((40, OF_VERA), (41, OF_DAN)):
        bonded.apply(sealed(bid), seq, seq)
    own_stop(bonded, DAN, when_us)
    bonded.apply(c.Tick(), when_us + 1, CLOSES_US)
    assert opened(bonded, OF_VERA, OF_DAN) == 1
    assert free(bonded) == [-BOND, -lost, lost]
    assert str(bonded.tenders.sealed[DEMAND, DAN].state) == "void"
    assert not any(bonded.ledger.totals().values())


def test_nobody_bids_without_the_deposit(bonded):
    dear = CALL._replace(demand=DEMAND + 1, deposit=CASH + 1)
    bonded.apply(dear, 40, 40)
    with pytest.raises(InsufficientBalance):
        bonded.apply(sealed(OF_VERA, demand=DEMAND + 1), 41, 41)
    with pytest.raises(WrongOrder):
        bonded.apply(CALL._replace(demand=DEMAND + 2, deposit=-1), 42, 42)
