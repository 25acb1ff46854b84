"""The venue's limits: price bands, fat fingers, order values, rates of orders.

One set of named limits for the whole market and one for each instrument; what an
instrument leaves open, the market decides. References are prices that were traded:
the *last* one for the dynamic band and fat fingers, the last one *before* the present
day for the static collar. Without a reference there is nothing to judge by.

Bands hold in continuous trading; a call has its own. They judge an order when it
arrives, so that no fill is worse for who takes than the band's edge: a limit outside
is refused, and a market order takes up to the edge and no further.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from marketplace.trading.commands import Line
from marketplace.trading.orders import BUY, PRICE_MAX, Side
from marketplace.trading.venue import OrderTooLarge, PriceBand, Venue, WrongOrder
from settlement.errors import Refusal

if TYPE_CHECKING:
    from marketplace.trading.activity import Activity

BPS = 10_000  # basis points in the whole
OFF = 0  # an instrument's way to say: not here, whatever the market says
MOST = 10**15  # of any limit


class Limits(NamedTuple):
    """Named limits; None: as the market has it, or none; OFF: none."""

    static_bps: int | None = None  # either side of the last price before today
    dynamic_bps: int | None = None  # either side of the last price
    finger_times: int | None = None  # bids above, offers below, times the last price
    value_max: int | None = None  # minor units: price times quantity of one order
    second_max: int | None = None  # orders of a member in one second, everywhere
    untraded_max: int | None = None  # orders a trade, of a member here, in one day


NONE = Limits()


@dataclass(eq=False)
class FatFinger(Refusal):
    """The price is so far from the last one that it looks like a slip."""

    price: int
    last: int
    times: int


@dataclass(eq=False)
class TooFast(Refusal):
    """The member has placed as many orders as it may in one second."""

    orders_max: int
    retry_after_s: int


@dataclass(eq=False)
class TooManyUntraded(Refusal):
    """The member places too many orders here today for how few of them trade."""

    placed: int
    traded: int
    orders_max: int  # for each trade


def check_possible(limits: Limits) -> None:
    """Refuse what cannot be a limit with WrongOrder."""
    for name, value in limits._asdict().items():
        if value is not None and not (type(value) is int and 0 <= value <= MOST):
            raise WrongOrder(name)
    for name in ("static_bps", "dynamic_bps"):
        if (getattr(limits, name) or 0) >= BPS:
            raise WrongOrder(name)  # a floor at nothing is no band
    if limits.finger_times == 1:
        raise WrongOrder("finger_times")


def merged(own: Limits, whole: Limits) -> Limits | None:
    """Return what holds for an instrument; None if nothing does."""
    pairs = zip(own, whole, strict=True)
    found = Limits(*(b if a is None else a for a, b in pairs))
    found = Limits(*(value or None for value in found))
    return None if found == NONE else found


def band(venue: Venue, at_us: int) -> tuple[int, int] | None:
    """Return the lowest and the highest price taken in continuous trading, if any."""
    limits = venue.limits
    if limits is None or venue.call is not None:
        return None
    floor, ceiling = 0, PRICE_MAX
    for bps, reference in (
        (limits.static_bps, venue.reference(at_us)),
        (limits.dynamic_bps, venue.last),
    ):
        if bps and reference:
            away = reference * bps // BPS
            low, high = reference - away, reference + away
            # A market that moved far since yesterday has bands that do not meet: the
            # dynamic one is cut to the nearer edge of the static, where trading can
            # still come back.
            floor, ceiling = (
                max(floor, min(low, ceiling)),
                min(ceiling, max(high, floor)),
            )
    if (floor, ceiling) == (0, PRICE_MAX):
        return None
    return floor, ceiling


def check_limits(
    line: Line, side: Side, member: int, venue: Venue, activity: "Activity", at_us: int
) -> int | None:
    """Refuse what the venue's limits do not allow; where a market order has to end.

    Raises PriceBand, FatFinger, OrderTooLarge, TooFast or TooManyUntraded.
    """
    limits = venue.limits
    if limits is None:
        return None
    edges = band(venue, at_us)
    if line.price is not None:
        _check_price(line.price, side, venue, limits, edges)
        value = line.price * line.quantity
        if limits.value_max and value > limits.value_max:
            raise OrderTooLarge(value, limits.value_max)
    if limits.second_max and activity.in_second(member, at_us) >= limits.second_max:
        raise TooFast(limits.second_max, 1)
    if limits.untraded_max:
        placed, traded = activity.today(member, venue.instrument, at_us)
        if placed >= limits.untraded_max * (traded + 1):
            raise TooManyUntraded(placed, traded, limits.untraded_max)
    if edges is None or line.price is not None:
        return None
    return edges[1] if side is BUY else edges[0]


def _check_price(
    price: int,
    side: Side,
    venue: Venue,
    limits: Limits,
    edges: tuple[int, int] | None,
) -> None:
    if edges is not None and not edges[0] <= price <= edges[1]:
        raise PriceBand(price, *edges)
    last, times = venue.last, limits.finger_times
    if times and last:
        slipped = price > last * times if side is BUY else price * times < last
        if slipped:
            raise FatFinger(price, last, times)
