"""From a trade to what moves for it: the transfers of all who have a part in it."""

from marketplace.trading import deferring, splitting
from marketplace.trading.market import Market
from marketplace.trading.venue import Venue
from settlement import clearing
from settlement.clearing import Trade
from settlement.ledger import Pocket, Transfer


def clear(
    market: Market, venue: Venue, trade: Trade, pays_from: Pocket, delivers_from: Pocket
) -> list[Transfer]:
    """Return the transfers of a trade; see `settlement.clearing` for the pockets."""
    if trade.state == deferring.DUE:
        moves = deferring.defer(market, trade, pays_from, delivers_from)
    else:
        moves = clearing.clear(market.ledger, trade, pays_from, delivers_from)
    if market.splits.of:
        moves += splitting.share(market, venue, trade)
    return moves
