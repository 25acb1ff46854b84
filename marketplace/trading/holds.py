"""What waiting orders hold, and how they end: nothing stays held for nothing."""

from marketplace.trading.market import Market
from marketplace.trading.orders import BUY, Order, Reason
from marketplace.trading.venue import Venue
from settlement.ledger import Pocket, Transfer

FREE, HELD, OPEN = Pocket.FREE, Pocket.HELD, Pocket.OPEN


def cancel_where(
    market: Market,
    seq: int,
    reason: Reason,
    member: int | None = None,
    instrument: int | None = None,
    side: str | None = None,
) -> int:
    """Cancel every waiting order that fits; how many, in order of placing."""
    orders = market.orders if member is None else market.orders_of.get(member, {})
    fitting = [
        order
        for _, order in sorted(orders.items())
        if instrument in (None, order.instrument) and side in (None, str(order.side))
    ]
    for order in fitting:
        cancel(market, order, seq, reason)
    return len(fitting)


def cancel(market: Market, order: Order, seq: int, reason: Reason) -> None:
    """End a waiting order and give back what it held."""
    market.ledger.post(seq, release(market, order, order.remaining))
    market.venue(order.instrument).book.remove(order)
    market.forget(order)
    if reason is Reason.EXPIRED:
        order.expire()
    else:
        order.cancel()
    market.orders_changed[order.id] = (order, reason)


def hold(market: Market, venue: Venue, order: Order) -> list[Transfer]:
    """Return the transfer that reserves what the waiting rest of *order* needs."""
    asset, pocket, amount = _cover(venue, order, order.remaining)
    return _shift(market, order, asset, (pocket, HELD), amount, "hold")


def release(market: Market, order: Order, quantity: int) -> list[Transfer]:
    """Return the transfer that gives back what *quantity* waiting units held."""
    asset, pocket, amount = _cover(market.venue(order.instrument), order, quantity)
    return _shift(market, order, asset, (HELD, pocket), amount, "release")


def _cover(venue: Venue, order: Order, quantity: int) -> tuple[int, Pocket, int]:
    """Tell what *quantity* waiting units hold: asset, pocket it comes from, amount.

    A bid holds its limit times the quantity, a market bid in a call the upper edge of
    the call's band times the quantity. A finite offer holds units: the vendor's
    are issued into the held pocket, a holder's come from the free one. An evergreen
    offer holds nothing: it issues at the fill.
    """
    if order.side is BUY:
        limit = order.price
        if limit is None:
            assert venue.call is not None, order
            limit = venue.call.ceiling
        return venue.currency, FREE, limit * quantity
    source = OPEN if order.member == venue.vendor else FREE
    return venue.instrument, source, 0 if order.evergreen else quantity


def _shift(
    market: Market,
    order: Order,
    asset: int,
    pockets: tuple[Pocket, Pocket],
    amount: int,
    reason: str,
) -> list[Transfer]:
    """Return the transfer between two pockets of the order's member, if any is due."""
    if not amount:
        return []
    debit, credit = (market.ledger.number(order.member, asset, p) for p in pockets)
    return [Transfer(debit, credit, amount, reason, order.id)]
