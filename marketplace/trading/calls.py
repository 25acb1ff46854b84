"""Phases of an instrument, by hand or by timetable; and the uncross that ends a call.

One rule for all: whatever changes the phase of an instrument that collects ends the
call first. What can trade does, at one price; a market order that is left is cancelled,
since nothing but a call can hold for it. So no book is crossed outside a call.

A call has a band, half to twice its reference price. No limit outside it is taken
meanwhile, and a market bid holds its quantity at the upper edge.
"""

import heapq
from collections.abc import Iterator

from marketplace.trading import charging, deferring, exclusivity
from marketplace.trading.auction import Call, Indication, Match, NotInCall
from marketplace.trading.clearing import clear
from marketplace.trading.control import SetPhase, SetTimetable, Uncross, Uncrossed
from marketplace.trading.holds import cancel
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import PRICE_MAX, Order, Reason
from marketplace.trading.placing import grant
from marketplace.trading.stops import ALL, check_stops
from marketplace.trading.timetable import Action, Phase, after, possible
from marketplace.trading.venue import (
    BookState,
    InstrumentClosed,
    OffTick,
    Venue,
    WrongOrder,
)
from settlement.clearing import Trade
from settlement.ledger import HOUSE, Pocket, Transfer

FREE, HELD, OPEN = Pocket.FREE, Pocket.HELD, Pocket.OPEN
BAND = 2  # a call's price is at least a BANDth of its reference and at most BAND times


@handles(SetPhase)
def set_phase(
    market: Market, command: SetPhase, seq: int, at_us: int
) -> Uncrossed | None:
    """Begin a phase; what the call that it ended came to, if there was one."""
    venue = _trading(market, command.instrument)
    if command.phase not in set(Phase):
        raise WrongOrder("phase")
    reference = command.reference
    if reference is not None and not 0 < reference <= PRICE_MAX:
        raise WrongOrder("reference")
    if reference is not None and reference % venue.tick:
        raise OffTick(reference, venue.tick)
    return enter(market, venue, Phase(command.phase), seq, at_us, reference)


@handles(Uncross)
def uncross(market: Market, command: Uncross, seq: int, at_us: int) -> Uncrossed:
    """Trade what a call has collected; the call goes on with what is left."""
    venue = _trading(market, command.instrument)
    if venue.call is None:
        raise NotInCall
    return _trade(market, venue, venue.call, seq, at_us)


@handles(SetTimetable)
def set_timetable(
    market: Market, command: SetTimetable, _seq: int, at_us: int
) -> int | None:
    """Let a timetable set the phases from now on, or none; when it next does."""
    venue = market.venue(command.instrument)
    if command.timetable is not None and not possible(command.timetable):
        raise WrongOrder("timetable")
    venue.timetable = command.timetable
    plan(market, venue, at_us)
    market.phases_changed[venue.instrument] = venue
    return venue.due_us


def enter(
    market: Market,
    venue: Venue,
    phase: Phase,
    seq: int,
    at_us: int,
    reference: int | None = None,
) -> Uncrossed | None:
    """End the phase that there is, begin *phase*; what the ended call came to."""
    ended = None
    if venue.call is not None:
        if venue.call.indicate().quantity:
            ended = _trade(market, venue, venue.call, seq, at_us)
        for order in venue.call.market_orders():
            cancel(market, order, seq, Reason.NO_LIQUIDITY)
        venue.call = None
    venue.closed = phase is Phase.CLOSED
    if phase is Phase.CALL:
        reference = reference or venue.last or None
        venue.call = open_call(venue, reference)
    market.phases_changed[venue.instrument] = venue
    return ended


def open_call(venue: Venue, reference: int | None) -> Call:
    """Return a call on the venue's book, within its band and its ceiling."""
    floor, ceiling = 0, PRICE_MAX
    if reference is not None:
        floor = -(-reference // BAND // venue.tick) * venue.tick
        ceiling = min(PRICE_MAX, reference * BAND // venue.tick * venue.tick)
    if venue.price_max is not None:
        ceiling = min(ceiling, venue.price_max // venue.tick * venue.tick)
    return Call(venue.book, reference, venue.tick, min(floor, ceiling), ceiling)


def carry_on(venue: Venue, present: Venue) -> None:
    """Go on in the phase, with the call and by the timetable of *present*."""
    venue.call, venue.closed, venue.last = present.call, present.closed, present.last
    venue.last_day, venue.last_trade = present.last_day, present.last_trade
    venue.before, venue.before_trade = present.before, present.before_trade
    venue.own_limits, venue.limits = present.own_limits, present.limits
    venue.timetable, venue.due_us = present.timetable, present.due_us


def narrow(market: Market, venue: Venue, seq: int) -> None:
    """Bring a call under a ceiling that was lowered; market orders held for more."""
    call = venue.call
    if call is None or venue.price_max is None or call.ceiling <= venue.price_max:
        return
    for order in call.market_orders():
        cancel(market, order, seq, Reason.ABOVE_CEILING)
    venue.call = open_call(venue, call.reference)
    market.phases_changed[venue.instrument] = venue


def plan(market: Market, venue: Venue, at_us: int) -> None:
    """Note when the venue's timetable next does something after *at_us*."""
    due = after(venue.timetable, at_us) if venue.timetable else None
    venue.due_us = due.at_us if due else None
    if due:
        heapq.heappush(market.alarms, (due.at_us, venue.instrument))


def keep_time(market: Market, seq: int, at_us: int) -> int:
    """Do what the timetables have for *at_us* and before; how many steps."""
    steps = 0
    while (due_us := market.next_alarm_us()) is not None and due_us <= at_us:
        venue = market.venues[heapq.heappop(market.alarms)[1]]
        assert venue.timetable is not None, venue
        due = after(venue.timetable, due_us - 1)
        assert due is not None, venue
        assert due.at_us == due_us, venue
        halted = _is_halted(market, venue)
        if not halted:  # a halt holds the timetable's hand, too
            _do(market, venue, due.action, seq, at_us)
        plan(market, venue, due_us)
        market.phases_changed[venue.instrument] = venue
        steps += 1
    return steps


def _is_halted(market: Market, venue: Venue) -> bool:
    scopes = (ALL, venue.instrument, venue.currency)
    stopped = any((HOUSE, scope) in market.stops for scope in scopes)
    return stopped or venue.state is not BookState.LISTED


def _do(market: Market, venue: Venue, action: Action, seq: int, at_us: int) -> None:
    """Carry out one step of a timetable."""
    if action is not Action.UNCROSS:
        enter(market, venue, Phase(action), seq, at_us)
    elif venue.call is not None:
        _trade(market, venue, venue.call, seq, at_us)


def _trading(market: Market, instrument: int) -> Venue:
    """Return the venue, unless it is halted or delisted."""
    venue = market.venue(instrument)
    check_stops(market, venue)
    if venue.state is not BookState.LISTED:
        raise InstrumentClosed(venue.symbol, str(venue.state))
    return venue


def _trade(market: Market, venue: Venue, call: Call, seq: int, at_us: int) -> Uncrossed:
    """Uncross *call*: all its trades are one set of transfers, all or none."""
    reference = call.reference
    found, matches = call.uncross()
    transfers: list[Transfer] = []
    if found.price is not None:
        for match in matches:
            transfers += _settle(market, venue, match, found.price, seq, at_us)
        transfers += _improvements(market, venue, call, matches, found.price)
        venue.note(market.last_trade, found.price, at_us)
    market.ledger.post(seq, transfers)
    for order in {order for match in matches for order in match[:2]}:
        if not order.evergreen:
            market.orders_changed[order.id] = (order, None)
        if not order.remaining:
            market.forget(order)
    for match in matches:
        exclusivity.withdraw_bids(market, venue, match.buy.member, seq)
    market.auctions_new.append(_row(venue, call, found, reference, seq, at_us))
    market.phases_changed[venue.instrument] = venue
    side = None if found.side is None else str(found.side)
    return Uncrossed(found.price, found.quantity, found.surplus, side, len(matches))


def _row(
    venue: Venue, call: Call, found: Indication, reference: int | None,
    seq: int, at_us: int,
) -> tuple[object, ...]:  # fmt: skip
    """Return the row of the table ``auctions``."""
    return (
        seq, at_us, venue.instrument, found.price, found.quantity, found.surplus,
        None if found.side is None else str(found.side), reference, call.floor,
        call.ceiling,
    )  # fmt: skip


def _settle(
    market: Market, venue: Venue, match: Match, price: int, seq: int, at_us: int
) -> list[Transfer]:
    """Make a match a settled trade; its transfers. The later order counts as taker."""
    buy, sell, quantity = match
    market.last_trade += 1
    trade = Trade(
        market.last_trade,
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
        "buy" if buy.id > sell.id else "sell",
        charging.fee(market, venue, "auction", sell.member, price * quantity),
        "auction",
        deferring.opening(market, venue, "auction", price * quantity),
    )
    source = OPEN if sell.evergreen else HELD
    moves = clear(market, venue, trade, HELD, source)
    market.trades_new.append(trade)
    market.mandates.note(buy.id, price * quantity, at_us)
    market.activity.note_trade(buy.member, sell.member, venue.instrument, at_us)
    grant(market, venue, trade, buy.purpose or "")
    return moves


def _improvements(
    market: Market, venue: Venue, call: Call, matches: list[Match], price: int
) -> Iterator[Transfer]:
    """Yield what bids that held more than the uniform price get back, to the cent."""
    filled: dict[Order, int] = {}
    for buy, _, quantity in matches:
        filled[buy] = filled.get(buy, 0) + quantity
    for buy, quantity in filled.items():
        limit = call.ceiling if buy.price is None else buy.price
        if limit > price:
            held = market.ledger.number(buy.member, venue.currency, HELD)
            free = market.ledger.number(buy.member, venue.currency, FREE)
            yield Transfer(held, free, (limit - price) * quantity, "release", buy.id)
