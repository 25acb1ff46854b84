"""Baskets: many orders at once, each by itself; or, with a total, all or none.

A basket with a total buys complements: data of several vendors that is worth its money
only together. Each line takes what is posted or best in its book now, all lines in one
step, and only if every one of them can be carried out in full and together they cost
at most the total. Else nothing happens, and the refusal names the line that stands in
the way. All is checked before anything moves: nothing has ever to be undone. Source:
issue 4 (10), features N18.
"""

from dataclasses import dataclass
from typing import Any

from marketplace.trading.commands import (
    ORDERS_MAX,
    Line,
    PlaceBasket,
    Placed,
    Refused,
)
from marketplace.trading.limits import TooFast
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import BUY, FOK, VALUE_MAX, Order
from marketplace.trading.placing import check, place
from marketplace.trading.risk import market_cost
from marketplace.trading.venue import InstrumentClosed, NotVerified, Venue, WrongOrder
from settlement.errors import Refusal


@dataclass(eq=False)
class BlockedLine(Refusal):
    """One line cannot be carried out, so nothing of the basket was."""

    line: int  # counted from 1
    symbol: str  # empty if there is no such instrument
    why: str  # the code of what that line would be refused with
    facts_of_it: dict[str, Any]


@dataclass(eq=False)
class NotOffered(Refusal):
    """So many units are not offered now."""

    quantity: int
    available: int


@dataclass(eq=False)
class OverTotal(Refusal):
    """Together the lines cost more than the total that was set."""

    total: int  # minor units
    total_max: int


@handles(PlaceBasket)
def place_basket(
    market: Market, command: PlaceBasket, seq: int, at_us: int
) -> tuple[Placed | Refused, ...]:
    """Place each line in turn, or with a total all of them or none."""
    if not 0 < len(command.lines) <= ORDERS_MAX:
        raise WrongOrder("orders")
    if command.total_max is not None:
        return _place_together(market, command, seq, at_us)
    outcomes: list[Placed | Refused] = []
    for line in command.lines:
        try:
            outcomes.append(place(market, command.by, command.member, line, seq, at_us))
        except Refusal as refusal:
            outcomes.append(Refused(refusal.code, refusal.facts()))
    return tuple(outcomes)


def _place_together(
    market: Market, command: PlaceBasket, seq: int, at_us: int
) -> tuple[Placed, ...]:
    """Carry out every line, or refuse before anything has moved."""
    member, most = command.member, command.total_max
    if type(most) is not int or not 0 <= most <= VALUE_MAX:
        raise WrongOrder("total_max")
    if member not in market.verified:
        raise NotVerified(member)
    lines = [line._replace(time_in_force=str(FOK)) for line in command.lines]
    if len({line.instrument for line in lines}) < len(lines):
        raise WrongOrder("instrument")  # what one line takes another would count on
    total, currencies = 0, set()
    for number, line in enumerate(lines, start=1):
        venue = market.venues.get(line.instrument)
        try:
            total += _cost(market, member, line, len(lines), at_us)
        except Refusal as refusal:
            known = venue is not None and (venue.admits(member) or not venue.hidden)
            symbol = venue.symbol if venue is not None and known else ""
            why = refusal.code, refusal.facts()
            raise BlockedLine(number, symbol, *why) from None
        assert venue is not None, line
        currencies.add(venue.currency)
    if len(currencies) > 1:
        raise WrongOrder("currency")
    if total > most:
        raise OverTotal(total, most)
    market.ledger.require(member, currencies.pop(), total)
    return tuple(place(market, command.by, member, line, seq, at_us) for line in lines)


def _cost(market: Market, member: int, line: Line, lines: int, at_us: int) -> int:
    """Return what a line would cost now, in minor units; its refusal if it cannot be.

    Raises what the line alone would be refused with, InstrumentClosed in a call,
    NotOffered if less is offered than wanted.
    """
    if line.side != BUY:
        raise WrongOrder("side")
    if line.price is not None:
        raise WrongOrder("price")  # the total is the limit
    venue, side, time, worst, _ = check(market, member, line, at_us)
    if venue.call is not None:
        raise InstrumentClosed(venue.symbol, str(venue.phase))
    _check_rate(market, member, venue, lines, at_us)
    wanted = Order(0, member, line.instrument, side, None, line.quantity, time)
    available = venue.book.available(wanted, worst)
    if available < line.quantity:
        raise NotOffered(line.quantity, available)
    return market_cost(line.quantity, venue, worst)


def _check_rate(
    market: Market, member: int, venue: Venue, lines: int, at_us: int
) -> None:
    """Refuse with TooFast what the member may not place in one second together."""
    most = venue.limits.second_max if venue.limits is not None else None
    if most and market.activity.in_second(member, at_us) + lines > most:
        raise TooFast(most, 1)
