"""Orders in the market: placed, matched, settled; cancelled, reduced, replaced."""

from typing import NamedTuple

from marketplace.trading import accepting, charging, deferring, exclusivity
from marketplace.trading.acceptance import Acceptance
from marketplace.trading.book import Fill
from marketplace.trading.clearing import clear
from marketplace.trading.commands import (
    CancelAll,
    CancelOrder,
    Line,
    Placed,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from marketplace.trading.holds import cancel, cancel_where, hold, release
from marketplace.trading.kept import seller
from marketplace.trading.limits import check_limits
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import (
    BUY,
    SELL,
    Order,
    Reason,
    Side,
    TimeInForce,
    WouldTake,
)
from marketplace.trading.risk import check_audience, check_cover, check_line
from marketplace.trading.stops import check_stops
from marketplace.trading.trials import check_first, note_trial
from marketplace.trading.venue import NotVerified, TooManyOrders, Venue, WrongOrder
from settlement.clearing import SETTLED, Trade
from settlement.entitlements import Entitlement, EntitlementState, Hold
from settlement.ledger import Pocket, Transfer

OPEN_ORDERS_MAX = 10_000  # of one member
FREE, HELD, OPEN = Pocket.FREE, Pocket.HELD, Pocket.OPEN
ACTIVE, SUSPENDED = EntitlementState.ACTIVE, EntitlementState.SUSPENDED


@handles(PlaceOrder)
def place_order(market: Market, command: PlaceOrder, seq: int, at_us: int) -> Placed:
    """Place one order; what became of it, or the refusal."""
    return place(market, command.by, command.member, command.line, seq, at_us)


@handles(CancelOrder)
def cancel_order(market: Market, command: CancelOrder, seq: int, at_us: int) -> int:
    """Cancel the rest of the member's order; the quantity that was cancelled."""
    order = market.order_of(command.member, command.order)
    cancel(market, order, seq, Reason.REQUESTED)
    best = market.venue(order.instrument).book.best(SELL)
    market.kept.keep(order, best, seq, at_us)
    return order.remaining


@handles(CancelAll)
def cancel_all(market: Market, command: CancelAll, seq: int, _at_us: int) -> int:
    """Cancel the member's orders, or those in one instrument; how many."""
    return cancel_where(
        market, seq, Reason.REQUESTED, command.member, command.instrument
    )


@handles(ReduceOrder)
def reduce_order(market: Market, command: ReduceOrder, seq: int, _at_us: int) -> int:
    """Take *quantity* off the member's order, in place; what remains."""
    order = market.order_of(command.member, command.order)
    venue, by = market.venue(order.instrument), command.quantity
    if order.evergreen or not 0 < by < order.remaining or by % venue.lot:
        raise WrongOrder("quantity")
    market.ledger.post(seq, release(market, order, by))
    order.reduce(by)
    market.orders_changed[order.id] = (order, None)
    return order.remaining


@handles(ReplaceOrder)
def replace_order(
    market: Market, command: ReplaceOrder, seq: int, at_us: int
) -> Placed:
    """Give an order another price or quantity, at once or not at all.

    Less at the same price keeps the place in the queue; all else is a new order.
    """
    order = market.order_of(command.member, command.order)
    price, quantity = command.price, command.quantity
    if order.evergreen:
        raise WrongOrder("evergreen")  # a posted price changes with its notice
    if price == order.price and 0 < quantity <= order.remaining:
        by = order.remaining - quantity
        reduce_order(
            market, ReduceOrder(command.by, command.member, order.id, by), seq, at_us
        )
        return Placed(order.id, str(order.state), order.remaining, 0, None, ())
    line = Line(
        order.instrument, str(order.side), price, quantity, str(order.time_in_force),
        order.expires_us, False, command.post_only, order.purpose or "",
    )  # fmt: skip
    return place(market, command.by, command.member, line, seq, at_us, order)


def _check_exclusive(
    market: Market, member: int, venue: Venue, side: Side, line: Line, at_us: int
) -> None:
    """Refuse what an exclusive right, this one or another's, stands in the way of."""
    if venue.scope.exclusive:
        exclusivity.check_order(member, venue, side, line)
    if side is BUY:
        exclusivity.check(market, member, venue, at_us)


def _check_place(line: Line, side: Side, venue: Venue) -> None:
    """Refuse a post-only order that would trade, before the one it replaces ends."""
    theirs = venue.book.best(SELL if side is BUY else BUY)
    if not line.post_only or venue.call is not None or theirs is None:
        return
    assert line.price is not None, line
    assert theirs.price is not None, theirs
    meets = theirs.price <= line.price if side is BUY else theirs.price >= line.price
    if meets:
        raise WouldTake(theirs.price)


class Checked(NamedTuple):
    """An order that may be placed: where, and what its checks found."""

    venue: Venue
    side: Side
    time_in_force: TimeInForce
    worst: int | None  # where a market order ends
    posted: Order | None  # the price that was posted when the buyer saw it


def check(
    market: Market,
    member: int,
    line: Line,
    at_us: int,
    replaced: Order | None = None,
) -> Checked:
    """Refuse what may not be placed; nothing moves by it."""
    if member not in market.verified:
        raise NotVerified(member)
    venue = market.venue(line.instrument)
    if market.stops:
        check_stops(market, venue, member)
    check_audience(member, venue)
    side, time_in_force = check_line(line, member, venue, at_us)
    worst = None
    if venue.limits is not None:
        worst = check_limits(line, side, member, venue, market.activity, at_us)
    if venue.trial_of is not None and side is BUY:
        check_first(market, member, venue, line.quantity)
    _check_exclusive(market, member, venue, side, line, at_us)
    posted = seller(market, line, venue, member, at_us)
    check_cover(line, side, member, venue, market, worst, replaced)
    if replaced is None and len(market.orders_of.get(member, ())) >= OPEN_ORDERS_MAX:
        raise TooManyOrders(OPEN_ORDERS_MAX)
    return Checked(venue, side, time_in_force, worst, posted)


def place(
    market: Market,
    by: int,
    member: int,
    line: Line,
    seq: int,
    at_us: int,
    replaced: Order | None = None,
) -> Placed:
    """Check, match, settle the fills, hold for the rest: all or nothing.

    *replaced* ends as the new order is placed, and what it holds counts as free.
    """
    venue, side, time_in_force, worst, posted = check(
        market, member, line, at_us, replaced
    )
    if replaced is not None:
        _check_place(line, side, venue)  # after this nothing is refused
        cancel(market, replaced, seq, Reason.AMENDED)
    order = Order(
        market.last_order + 1, member, line.instrument, side, line.price, line.quantity,
        time_in_force, line.expires_us, line.evergreen, line.post_only, line.purpose,
        placed_seq=seq,
    )  # fmt: skip
    # A post-only order may be refused here, an immediate one in a call.
    fills, reason = _match(venue, order, worst, posted)
    market.last_order = order.id
    if side is BUY:
        market.mandates.own(order.id, by)
    market.activity.note_order(member, line.instrument, at_us)
    transfers: list[Transfer] = []
    traded = tuple(
        [_settle(market, venue, order, fill, transfers, seq, at_us) for fill in fills]
    )
    cancelled = order.remaining if reason else 0
    rests = order.remaining > 0 and not reason
    if rests:
        transfers += hold(market, venue, order)
        market.keep(order)
    else:
        market.mandates.forget(order.id)
    market.ledger.post(seq, transfers)
    market.orders_new.append((order, seq, at_us, by, reason))
    _make_room(market, venue, order, fills, seq)
    return Placed(
        order.id,
        str(order.state),
        order.remaining if rests else 0,
        cancelled,
        str(reason) if reason else None,
        traded,
    )


def _match(
    venue: Venue, order: Order, worst: int | None, posted: Order | None
) -> tuple[list[Fill], Reason | None]:
    """Let an order meet what waits, or the price that was *posted* when it was seen."""
    if posted is not None:
        order.fill(order.quantity)
        return [Fill(posted, order.quantity)], None
    if venue.call is not None:
        return venue.call.place(order)
    return venue.book.place(order, worst)


def _make_room(
    market: Market, venue: Venue, order: Order, fills: list[Fill], seq: int
) -> None:
    """End what cannot wait beside *order* or the rights that it gave."""
    for maker, _ in fills:
        buyer = order.member if order.side is BUY else maker.member
        exclusivity.withdraw_bids(market, venue, buyer, seq)
    if venue.scope.exclusive and order.side is SELL and order.id in market.orders:
        exclusivity.replace_offers(market, venue, order, seq)


def _settle(
    market: Market,
    venue: Venue,
    taker: Order,
    fill: Fill,
    transfers: list[Transfer],
    seq: int,
    at_us: int,
) -> tuple[int, int, int]:
    """Make a fill a settled trade, add its transfers; (trade, price, quantity)."""
    maker, quantity = fill
    price = maker.price
    assert price is not None, maker
    origin = "pinned" if maker.id in market.kept.live else "book"
    number = market.last_trade = market.last_trade + 1
    taker_buys = taker.side is BUY
    buy, sell = (taker, maker) if taker_buys else (maker, taker)
    trade = Trade(
        number,
        seq,
        at_us,
        venue.instrument,
        price,
        quantity,
        venue.currency,
        buy.member,
        sell.member,
        buy.id,
        sell.id,
        "buy" if taker_buys else "sell",
        charging.fee(market, venue, origin, sell.member, price * quantity),
        origin,
        deferring.opening(market, venue, origin, price * quantity),
    )
    pays_from = FREE if taker_buys else HELD
    source = _source(venue, sell, taker)
    transfers += clear(market, venue, trade, pays_from, source)
    market.trades_new.append(trade)
    market.mandates.note(buy.id, price * quantity, at_us)
    if origin == "book":
        venue.note(number, price, at_us)
        market.activity.note_trade(buy.member, sell.member, venue.instrument, at_us)
    grant(market, venue, trade, buy.purpose or "")
    if not maker.remaining:
        market.forget(maker)
    if not maker.evergreen:
        market.orders_changed[maker.id] = (maker, None)
    return (number, price, quantity)


def _source(venue: Venue, sell: Order, taker: Order) -> Pocket:
    """Tell from which pocket of the seller the units come."""
    if sell.member == venue.vendor and (sell.evergreen or sell is taker):
        return OPEN  # issued at the fill
    return FREE if sell is taker else HELD


class Agreed(NamedTuple):
    """What a buyer gets: the frozen terms, how long, how many deliveries a unit.

    A contract may say how it is delivered and accepted, unlike the instrument.
    """

    terms: int
    term_us: int | None
    deliveries_max: int | None
    acceptance: Acceptance | None = None
    stages: tuple[tuple[int, int], ...] = ()


def grant(
    market: Market,
    venue: Venue,
    trade: Trade,
    purpose: str,
    agreed: Agreed | None = None,
) -> None:
    """Freeze the contract and put the buyer's right in force, with the trade.

    The vendor sells what was *agreed*, by default what the instrument gives now.
    """
    agreed = agreed or Agreed(venue.terms, venue.term_us, venue.deliveries_max)
    until_us, terms, each = None, agreed.terms, agreed.deliveries_max
    if trade.seller != venue.vendor:
        until_us, terms, each = _pass_on(market, trade)
    elif agreed.term_us is not None:
        until_us = trade.at_us + agreed.term_us
    rule = charging.rule(market, venue, trade.origin, trade.seller)
    market.contracts_new.append(
        (
            trade.number, terms, purpose, market.fees.version, rule,
            market.taxes.version,
        )
    )  # fmt: skip
    market.rights.grant(
        Entitlement(
            market.rights.last + 1,
            trade.number,
            trade.buyer,
            trade.instrument,
            trade.quantity,
            terms,
            purpose,
            trade.at_us,
            until_us,
            0,
            None if each is None else each * trade.quantity,
            ACTIVE if trade.state != deferring.DUE else SUSPENDED,
            0 if trade.state != deferring.DUE else Hold.DUE,
        )
    )
    if trade.state not in (SETTLED, deferring.DUE):
        how = agreed.acceptance or venue.acceptance
        accepting.keep(market, trade, market.rights.last, rule, how, agreed.stages)
    note_trial(market, trade.buyer, venue, trade.seq)


def _pass_on(market: Market, trade: Trade) -> tuple[int | None, int, int | None]:
    """End the seller's unused rights by the quantity sold, oldest first.

    The buyer's right ends when the first of those taken would have ended, under the
    terms of the oldest, with as many deliveries for each unit as the tightest of them:
    nobody can sell more than they hold. Returns these three.
    """
    left, ends, terms, quotas = trade.quantity, [], 0, []
    for right in market.rights.of(trade.seller, trade.instrument):
        part = min(left, right.unused())
        if right.state is not ACTIVE or not part:
            continue
        terms = terms or right.terms
        each = right.each_max()
        if each is not None:
            quotas.append(each)
        if right.until_us is not None:
            ends.append(right.until_us)
        market.rights.give_up(right, part)
        left -= part
        if not left:
            break
    assert not left, trade
    return min(ends, default=None), terms, min(quotas, default=None)
