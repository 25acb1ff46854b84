"""From a trade to the transfers that settle it: delivery, payment, fee in one set."""

from typing import NamedTuple

from settlement.ledger import HOUSE, Ledger, Pocket, Transfer

SETTLED = "settled"  # the state of a trade that settles in its own batch


class Trade(NamedTuple):
    """One match: quantities in units of the instrument, money in minor units."""

    number: int
    seq: int
    at_us: int
    instrument: int
    price: int
    quantity: int
    currency: int
    buyer: int
    seller: int
    buy_order: int
    sell_order: int
    taker: str  # "buy" or "sell": the side that arrived
    fee: int
    origin: str
    state: str


def clear(
    ledger: Ledger, trade: Trade, pays_from: Pocket, delivers_from: Pocket
) -> list[Transfer]:
    """Return the transfers that settle *trade*, delivery versus payment.

    *pays_from* is the buyer's pocket (HELD for a bid that rested, else FREE) and
    *delivers_from* the seller's (HELD for a finite offer that rested, OPEN when the
    vendor issues at the fill, FREE for a holder who sells at once). The seller bears
    the fee, so that the buyer pays exactly the price that the book showed. Of a trade
    that is not settled at once the money goes to the buyer's escrow (see `escrows`).
    """
    number, subject = ledger.number, trade.number
    buyer, seller, currency = trade.buyer, trade.seller, trade.currency
    value = trade.price * trade.quantity
    moves = [
        Transfer(
            number(seller, trade.instrument, delivers_from),
            number(buyer, trade.instrument, Pocket.FREE),
            trade.quantity,
            "delivery",
            subject,
        )
    ]
    if value and trade.state != SETTLED:
        purse = number(buyer, currency, pays_from)
        waits = number(buyer, currency, Pocket.ESCROW)
        moves.append(Transfer(purse, waits, value, "escrow", subject))
    elif value:
        proceeds = number(seller, currency, Pocket.FREE)
        purse = number(buyer, currency, pays_from)
        moves.append(Transfer(purse, proceeds, value, "payment", subject))
        if trade.fee:
            income = number(HOUSE, currency, Pocket.FREE)
            moves.append(Transfer(proceeds, income, trade.fee, "fee", subject))
    return moves
