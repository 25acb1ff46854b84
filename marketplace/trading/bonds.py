"""Deposits of bidders in contests and tenders: held, given back, forfeited.

A contest's is a tenth of the start price and goes to the vendor when the winner does
not pay. A tender's bid bond (投标保证金) is a sum that its buyer names; it goes to the
buyer when a bidder takes a bid back after the close, and to the bidder in every other
case (招标投标法实施条例 26: at most 2 % of the budget; 35: withdrawal after the close;
57). Who stops its own trading then takes its bids back; a delisting of its own, or
shutting members out, waits meanwhile (`tender_reads`).
"""

from marketplace.trading.market import Market
from marketplace.trading.stops import OWN, is_barred
from marketplace.trading.tenders import CURRENCY, BidState, Bond, Sealed, Tender
from settlement.ledger import Pocket, Transfer


def hold(
    market: Market, whose: int, asset: int, amount: int, reason: str, of: int
) -> Transfer:
    """Return the transfer that sets a deposit aside from free money."""
    free, held = _pockets(market, whose, asset)
    return Transfer(free, held, amount, reason, of)


def give_back(
    market: Market, whose: int, asset: int, amount: int, reason: str, of: int
) -> Transfer:
    """Return the transfer that gives a deposit back."""
    free, held = _pockets(market, whose, asset)
    return Transfer(held, free, amount, reason, of)


def forfeit(
    market: Market, whose: int, to: int, asset: int, amount: int, reason: str, of: int
) -> Transfer:
    """Return the transfer that gives a deposit to another member."""
    _, held = _pockets(market, whose, asset)
    free, _ = _pockets(market, to, asset)
    return Transfer(held, free, amount, reason, of)


def _pockets(market: Market, whose: int, asset: int) -> tuple[int, int]:
    """Return the accounts of a member's free and held money."""
    return (
        market.ledger.number(whose, asset, Pocket.FREE),
        market.ledger.number(whose, asset, Pocket.HELD),
    )


# ── of tenders ──


def set_aside(market: Market, tender: Tender, bid: Sealed, seq: int) -> None:
    """Hold a new bidder's bond; InsufficientBalance."""
    if not tender.deposit:
        return
    market.ledger.require(bid.vendor, CURRENCY, tender.deposit)
    what = CURRENCY, tender.deposit, "bond", tender.number
    market.ledger.post(seq, [hold(market, bid.vendor, *what)])
    bid.bond = Bond.HELD


def release(market: Market, tender: Tender, bid: Sealed, seq: int) -> None:
    """Give a bidder its bond back, if it is held."""
    if bid.bond is not Bond.HELD:
        return
    what = CURRENCY, tender.deposit, "bond_back", tender.number
    market.ledger.post(seq, [give_back(market, bid.vendor, *what)])
    bid.bond = Bond.RETURNED
    market.tenders.note(bid, bid.state)


def release_all(market: Market, tender: Tender, seq: int) -> None:
    """Give all bidders their bonds back, in order of their numbers."""
    for _, bid in sorted(tender.bids.items()):
        release(market, tender, bid, seq)


def take_back(market: Market, demand: int, vendor: int, seq: int) -> bool:
    """Forfeit the bond of who takes an opened bid back; False if it holds none."""
    tender = market.tenders.live.get(demand)
    bid = tender.bids.get(vendor) if tender is not None else None
    if tender is None or bid is None or bid.bond is not Bond.HELD:
        return False
    if bid.state is not BidState.OPENED:
        return False
    _lose(market, tender, bid, seq)
    return True


def stood_back(market: Market, tender: Tender, bid: Sealed, seq: int) -> None:
    """Forfeit the bond of a bid that a stop of the bidder's own has made void.

    It is held to its bid from the close on; a stop from before it came in time.
    """
    stop = market.stops.get((bid.vendor, OWN))
    if bid.bond is not Bond.HELD or stop is None or is_barred(market, bid.vendor):
        return
    if stop.at_us >= tender.closes_us:
        _lose(market, tender, bid, seq)


def _lose(market: Market, tender: Tender, bid: Sealed, seq: int) -> None:
    what = CURRENCY, tender.deposit, "bond_lost", tender.number
    market.ledger.post(seq, [forfeit(market, bid.vendor, tender.buyer, *what)])
    bid.bond = Bond.FORFEITED
    market.tenders.note(bid, bid.state)
