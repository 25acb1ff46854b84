"""Exclusive rights: at most one buyer's for each field, territory and term.

An exclusive (or sole) right cannot be sold while another buyer holds a right of the
same product that overlaps it, nor any such right while it runs (domain §5 独占 / 排他;
reliability B9). It is offered once: an order for it is for one lot, only the vendor
sells it, and its newest offer takes the place of the one before. Of all bids that wait,
those that the sale makes impossible end with it.
"""

from marketplace.trading.commands import Line
from marketplace.trading.holds import cancel
from marketplace.trading.market import Market
from marketplace.trading.orders import BUY, SELL, Order, Reason, Side
from marketplace.trading.scope import collide
from marketplace.trading.venue import NotTransferable, SoldOut, Venue, WrongOrder


def note(market: Market, venue: Venue) -> None:
    """Find out again which instruments of the venue's product exclude each other."""
    product = venue.scope.product
    if not product:
        return
    kin = market.of_product.setdefault(product, {})
    kin[venue.instrument] = venue
    for one in kin.values():
        rivals = [other for other in kin if collide(one.scope, kin[other].scope)]
        if rivals:
            market.rivals[one.instrument] = tuple(sorted(rivals))


def check(market: Market, member: int, venue: Venue, at_us: int) -> None:
    """Refuse with SoldOut while another buyer's right and this one exclude each other.

    A right whose time is over at *at_us* is none, though it has yet to be ended.
    """
    for rival in market.rivals.get(venue.instrument, ()):
        for right in market.rights.within(rival):
            over = right.until_us is not None and right.until_us <= at_us
            if right.holder != member and not over:
                raise SoldOut(market.venues[rival].symbol, right.until_us)


def check_order(member: int, venue: Venue, side: Side, line: Line) -> None:
    """Refuse an order in an exclusive instrument for more than one right."""
    if line.quantity != venue.lot:
        raise WrongOrder("quantity")
    if line.evergreen:
        raise WrongOrder("evergreen")
    if side is SELL and member != venue.vendor:
        raise NotTransferable(venue.symbol)


def withdraw_bids(market: Market, venue: Venue, holder: int, seq: int) -> None:
    """Cancel the bids of others that *holder*'s new right in *venue* makes vain."""
    for rival in market.rivals.get(venue.instrument, ()):
        for order in market.venues[rival].book.orders(BUY):
            if order.member != holder:
                cancel(market, order, seq, Reason.SOLD_OUT)


def replace_offers(market: Market, venue: Venue, newest: Order, seq: int) -> None:
    """Take down what the vendor offered of an exclusive right before *newest*."""
    for order in venue.book.orders(SELL):
        if order is not newest:
            cancel(market, order, seq, Reason.REPLACED)
