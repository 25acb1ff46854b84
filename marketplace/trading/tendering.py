"""Tenders carried out: called, bid for under seal, closed by the clock, opened."""

import re

from marketplace.trading import bonds, negotiating
from marketplace.trading.market import Market, handles
from marketplace.trading.offers import ASKED, NOTE_MAX
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX, VALUE_MAX
from marketplace.trading.quoting import OfferPrice
from marketplace.trading.sealing import CallTender, CancelTender, OpenBids, SealBid
from marketplace.trading.stops import TradingStopped, is_barred
from marketplace.trading.tenders import (
    BIDDERS_MAX,
    OPEN_MAX,
    SALT_MAX,
    VALID_US,
    WINDOW_MAX_US,
    WINDOW_MIN_US,
    Bid,
    BidState,
    Sealed,
    Tender,
    TenderEvent,
    TenderOver,
    TenderState,
    commitment,
)
from marketplace.trading.texts import UNSTORABLE, fits
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.errors import NotFound, Refusal
from settlement.ids import encode

POINTS = 100
HASH = re.compile("[0-9a-f]{64}")


@handles(CallTender)
def call(market: Market, command: CallTender, seq: int, at_us: int) -> None:
    """Call a tender for a demand of the member."""
    _check_member(market, command.member)
    weights = command.technical, command.price, command.qualification
    if command.demand <= 0 or command.demand in market.tenders.live:
        raise WrongOrder("demand")
    if min(weights) < 0 or sum(weights) != POINTS:
        raise WrongOrder("price")
    if not 1 <= command.bidders_min <= BIDDERS_MAX:
        raise WrongOrder("bidders_min")
    if not 0 <= command.deposit <= VALUE_MAX:
        raise WrongOrder("deposit")
    if not WINDOW_MIN_US <= command.closes_us - at_us <= WINDOW_MAX_US:
        raise WrongOrder("closes_us")
    own = (t for t in market.tenders.live.values() if t.buyer == command.member)
    if sum(1 for _ in own) >= OPEN_MAX or market.offers.to_demand(command.demand):
        raise WrongOrder("demand")
    tender = Tender(
        command.demand, seq, at_us, command.by, command.member, command.closes_us,
        command.bidders_min, *weights, command.deposit,
    )  # fmt: skip
    market.tenders.open(tender)


def _check_member(market: Market, member: int) -> None:
    if member not in market.verified:
        raise NotVerified(member)
    if is_barred(market, member):
        raise TradingStopped(everybody=False)


@handles(SealBid)
def seal(market: Market, command: SealBid, seq: int, at_us: int) -> int:
    """Take a sealed bid, or one that replaces the member's own; how many there are."""
    tender = market.tenders.get(command.demand)
    _check_member(market, command.member)
    if tender.state is not TenderState.OPEN or at_us >= tender.closes_us:
        raise TenderOver(str(tender.state))
    replaced = tender.bids.get(command.member)
    full = len(tender.bids) >= BIDDERS_MAX and replaced is None
    if command.member == tender.buyer or full:
        raise WrongOrder("member")
    if not HASH.fullmatch(command.commitment):
        raise WrongOrder("commitment")
    bid = Sealed(
        command.demand, command.member, seq, at_us, command.by, command.commitment
    )
    if replaced is None:
        bonds.set_aside(market, tender, bid, seq)
    else:
        bid.bond = replaced.bond
    tender.bids[command.member] = bid
    market.tenders.note(bid, BidState.SEALED)
    return len(tender.bids)


@handles(CancelTender)
def cancel(market: Market, command: CancelTender, seq: int, _at_us: int) -> None:
    """Call the member's tender off before its close; bids stay unread."""
    tender = market.tenders.get(command.demand)
    if tender.buyer != command.member:
        raise NotFound("demand", encode("demand", max(0, command.demand)))
    if tender.state is not TenderState.OPEN:
        raise TenderOver(str(tender.state))
    _return(market, tender, seq)
    market.tenders.move(tender, TenderEvent.CANCEL)


def _return(market: Market, tender: Tender, seq: int) -> None:
    """Let all bids go unopened, and their bonds with them."""
    for _, bid in sorted(tender.bids.items()):
        market.tenders.note(bid, BidState.RETURNED)
    bonds.release_all(market, tender, seq)


def come_due(market: Market, tender: Tender, seq: int) -> None:
    """Close a tender; with too few bidders it fails and no bid is opened.

    So does one that nobody opened in time after its close.
    """
    unopened = tender.state is TenderState.CLOSED
    if unopened or len(tender.bids) < tender.bidders_min:
        _return(market, tender, seq)
        market.tenders.move(tender, TenderEvent.FAIL)
    else:
        market.tenders.move(tender, TenderEvent.CLOSE)


@handles(OpenBids)
def open_bids(market: Market, command: OpenBids, seq: int, at_us: int) -> int:
    """Open the bids of a closed tender; how many are firm offers now.

    Each is shown, one that nobody can read as a blank, so that none is void because it
    was left out. One that is not what was sealed, or is nothing that may be offered, is
    void and does not hold up the others.
    """
    tender = market.tenders.get(command.demand)
    if command.member != tender.buyer and command.member not in tender.bids:
        raise NotFound("demand", encode("demand", max(0, command.demand)))
    if tender.state is not TenderState.CLOSED:
        raise TenderOver(str(tender.state))
    shown = {bid[0]: Bid(*bid) for bid in command.bids}
    if len(shown) != len(command.bids) or shown.keys() != tender.bids.keys():
        raise WrongOrder("bids")
    market.tenders.move(tender, TenderEvent.OPEN)
    for vendor, sealed in sorted(tender.bids.items()):
        bid = shown[vendor]
        if _is_sound(bid):
            _open(market, tender, sealed, bid, seq, at_us)
        else:
            market.tenders.note(sealed, BidState.VOID)
        if sealed.state is BidState.VOID:
            bonds.release(market, tender, sealed, seq)
    opened = len(market.offers.to_demand(tender.number))
    if not opened:
        market.tenders.move(tender, TenderEvent.FAIL)
    return opened


def _is_sound(bid: Bid) -> bool:
    """Tell whether what is shown can be recorded at all."""
    return (
        0 <= bid.price <= PRICE_MAX
        and 0 < bid.quantity <= QUANTITY_MAX
        and fits(bid.note, NOTE_MAX)
        and 0 < len(bid.salt) <= SALT_MAX
        and not UNSTORABLE.search(bid.salt)
    )


def _open(
    market: Market, tender: Tender, sealed: Sealed, bid: Bid, seq: int, at_us: int
) -> None:
    """Make a bid a firm offer, if it is what was sealed."""
    sealed.salt = bid.salt
    if commitment(tender.number, bid) != sealed.commitment:
        market.tenders.note(sealed, BidState.VOID)
        return
    command = OfferPrice(
        sealed.by, bid.vendor, bid.instrument, tender.buyer, bid.price, bid.quantity,
        ASKED, bid.note, at_us + VALID_US, tender.number,
    )  # fmt: skip
    try:
        sealed.offer = negotiating.offer_opened(market, command, seq, at_us)
    except Refusal as refusal:
        market.tenders.note(sealed, BidState.VOID)
        if isinstance(refusal, TradingStopped) and not refusal.everybody:
            bonds.stood_back(market, tender, sealed, seq)
        return
    market.tenders.note(sealed, BidState.OPENED)
