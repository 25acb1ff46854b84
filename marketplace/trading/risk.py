"""Checks on an order before anything moves: refusals, without effects."""

import re
from typing import Protocol

from marketplace.trading.auction import Call
from marketplace.trading.commands import Line
from marketplace.trading.dues import Dues
from marketplace.trading.orders import (
    BUY,
    PRICE_MAX,
    QUANTITY_MAX,
    SELL,
    VALUE_MAX,
    Order,
    Side,
    TimeInForce,
)
from marketplace.trading.venue import (
    AboveCeiling,
    AlreadyExpired,
    BookState,
    InstrumentClosed,
    NoReference,
    NotAdmitted,
    NotTransferable,
    OffLot,
    OffTick,
    OrderTooLarge,
    PriceBand,
    PurposeNotPermitted,
    UnknownInstrument,
    Venue,
    WrongOrder,
)
from settlement.entitlements import Register
from settlement.errors import InsufficientBalance
from settlement.ledger import Ledger, Pocket


class Funds(Protocol):
    """What cover is judged by; the market has it."""

    ledger: Ledger
    rights: Register
    dues: Dues


SIDES = {str(side): side for side in Side}
AT_ONCE = (TimeInForce.IOC.value, TimeInForce.FOK.value)
TIMES = {str(time): time for time in TimeInForce}
PURPOSE_MAX = 64  # characters
PURPOSE = re.compile(f"[ -~]{{1,{PURPOSE_MAX}}}")  # printable ASCII
EXPIRES_MAX_US = 10**16  # in the year 2286; what is later never comes


def check_audience(member: int, venue: Venue) -> None:
    """Refuse whoever the vendor has not let in; what is hidden is not known to them."""
    if not venue.admits(member):
        raise (
            UnknownInstrument(venue.instrument)
            if venue.hidden
            else NotAdmitted(venue.symbol)
        )


def check_named(member: int, venue: Venue) -> None:
    """Refuse a price addressed to a member outside the product's audience."""
    if not venue.admits(member):
        raise NotAdmitted(venue.symbol)


def check_line(
    line: Line, member: int, venue: Venue, at_us: int
) -> tuple[Side, TimeInForce]:
    """Refuse an order that the instrument cannot take; else its side and time in force.

    Raises WrongOrder, OffTick, OffLot, OrderTooLarge, AlreadyExpired, InstrumentClosed
    or PurposeNotPermitted.
    """
    if venue.state is not BookState.LISTED:
        raise InstrumentClosed(venue.symbol, str(venue.state))
    if venue.closed:
        raise InstrumentClosed(venue.symbol, str(venue.phase))
    side, time = SIDES.get(line.side), TIMES.get(line.time_in_force)
    if side is None:
        raise WrongOrder("side")
    if time is None:
        raise WrongOrder("time_in_force")
    _check_numbers(line, venue)
    _check_kind(line, side, time, at_us)
    if side is BUY:
        check_purpose(line.purpose, member, venue)
    elif line.purpose and not PURPOSE.fullmatch(line.purpose):
        raise WrongOrder("purpose")
    return side, time


def _check_numbers(line: Line, venue: Venue) -> None:
    """Check price, quantity and their product."""
    quantity, price = line.quantity, line.price
    if type(quantity) is not int or not 0 < quantity <= QUANTITY_MAX:
        raise WrongOrder("quantity")
    if quantity % venue.lot:
        raise OffLot(quantity, venue.lot)
    if price is None:
        return
    if type(price) is not int or not 0 <= price <= PRICE_MAX:
        raise WrongOrder("price")
    if price % venue.tick:
        raise OffTick(price, venue.tick)
    if venue.call is not None and not venue.call.floor <= price <= venue.call.ceiling:
        raise PriceBand(price, venue.call.floor, venue.call.ceiling)
    if venue.price_max is not None and price > venue.price_max:
        raise AboveCeiling(price, venue.price_max)
    if price * quantity > VALUE_MAX:
        raise OrderTooLarge(price * quantity, VALUE_MAX)


def _check_kind(line: Line, side: Side, time: TimeInForce, at_us: int) -> None:
    """Check what goes together: market orders, expiry, evergreen, post-only."""
    if (time is TimeInForce.GTD) != (line.expires_us is not None):
        raise WrongOrder("expires_us")
    if line.expires_us is not None:
        if line.expires_us <= at_us:
            raise AlreadyExpired(line.expires_us)
        if line.expires_us > EXPIRES_MAX_US:
            raise WrongOrder("expires_us")
    waits = line.price is not None and time in (TimeInForce.GTC, TimeInForce.GTD)
    if line.evergreen and not (side is SELL and waits):
        raise WrongOrder("evergreen")
    if line.post_only and not waits:
        raise WrongOrder("post_only")


def check_purpose(purpose: str, member: int, venue: Venue) -> None:
    """Refuse an undeclared or unlicensed purpose: no trade without an application.

    Any purpose will do where the licence names none (domain §2, features D11), and one
    on request where the vendor has agreed to it for this member.
    """
    permitted = venue.permits(purpose, member)
    if not permitted or not PURPOSE.fullmatch(purpose):
        raise PurposeNotPermitted(purpose[:PURPOSE_MAX], list(venue.purposes))


def check_cover(
    line: Line,
    side: Side,
    member: int,
    venue: Venue,
    market: Funds,
    worst: int | None = None,
    replaced: Order | None = None,
) -> None:
    """Refuse an order that the member could not settle in full.

    *worst* is where a market order ends; what *replaced* holds counts as free.

    A bid needs limit × quantity free, a market bid what the book asks now; a seller
    who is not the vendor needs the rights: transferable, active, unused, not on offer.
    """
    if side is BUY:
        needed = (
            market_cost(line.quantity, venue, worst)
            if line.price is None
            else line.price * line.quantity
        )
        if replaced is not None:
            limit = replaced.price
            if limit is None:
                assert venue.call is not None, replaced
                limit = venue.call.ceiling
            needed = max(0, needed - limit * replaced.remaining)
        if line.time_in_force in AT_ONCE and _is_deferred(market, venue):
            needed = market.dues.needed(member, venue.currency, "book", needed)
        market.ledger.require(member, venue.currency, needed)
    elif member != venue.vendor:
        if not venue.transferable:
            raise NotTransferable(venue.symbol)
        if line.evergreen:
            raise WrongOrder("evergreen")
        spare = 0 if replaced is None else replaced.remaining
        _require_rights(line.quantity, member, venue, market, spare)


def _is_deferred(market: Funds, venue: Venue) -> bool:
    """Tell whether what the book trades here now settles at the end of a cycle."""
    cycles = market.dues.cycles
    return bool(cycles) and venue.call is None and not venue.acceptance.days


def _require_rights(
    quantity: int, member: int, venue: Venue, market: Funds, spare: int
) -> None:
    """Refuse to sell units that are suspended, used or already on offer elsewhere."""
    on_offer = market.ledger.balance(member, venue.instrument, Pocket.HELD) - spare
    available = market.rights.unused_units(member, venue.instrument) - on_offer
    if available < quantity:
        raise InsufficientBalance(venue.symbol, quantity, available)


def market_cost(quantity: int, venue: Venue, worst: int | None) -> int:
    """Return what *quantity* units cost at the offers that wait now, in minor units."""
    if venue.call is not None:
        return _held_in_call(quantity, venue.call)
    cost = 0
    for level in venue.book.levels(SELL, QUANTITY_MAX):
        if worst is not None and level.price > worst:
            break
        taken = quantity if level.evergreen else min(quantity, level.quantity)
        cost += taken * level.price
        quantity -= taken
        if not quantity:
            break
    if cost > VALUE_MAX:
        raise OrderTooLarge(cost, VALUE_MAX)
    return cost


def _held_in_call(quantity: int, call: Call) -> int:
    """Return what a market bid holds while a call collects, in minor units."""
    if call.reference is None:
        raise NoReference
    if call.ceiling * quantity > VALUE_MAX:
        raise OrderTooLarge(call.ceiling * quantity, VALUE_MAX)
    return call.ceiling * quantity
