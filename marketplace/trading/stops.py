"""The kill switch: no more orders of a member, or of anybody; cancels always work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from settlement.errors import Refusal
from settlement.ledger import HOUSE

if TYPE_CHECKING:
    from marketplace.trading.market import Market
    from marketplace.trading.venue import Venue


ALL = 0  # scope: everything, wherever
OWN = -1  # scope: everything, stopped by the member itself and not by the house


class Stop(NamedTuple):
    """One stop: whom, since when, by whom and why; and how it ended."""

    member: int  # HOUSE: everybody
    scope: int  # an instrument, or a currency and so what is traded in it; ALL, OWN
    seq: int
    at_us: int
    by_user: int
    reason: str
    ended_seq: int | None = None
    ended_by: int | None = None


@dataclass(eq=False)
class TradingStopped(Refusal):
    """The exchange takes no orders at present; waiting orders can be cancelled."""

    everybody: bool


@dataclass(eq=False)
class TradingHalted(Refusal):
    """This instrument, or its whole market, is halted; orders can be cancelled."""

    symbol: str
    reason: str


def check_stops(market: "Market", venue: "Venue | None", *members: int) -> None:
    """Refuse if the market, the venue or one of *members* is stopped.

    Raises TradingStopped or TradingHalted.
    """
    stops = market.stops
    if not stops:
        return
    if (HOUSE, ALL) in stops:
        raise TradingStopped(everybody=True)
    if any((member, scope) in stops for member in members for scope in (ALL, OWN)):
        raise TradingStopped(everybody=False)
    if venue is not None:
        for scope in (venue.instrument, venue.currency):
            if halt := stops.get((HOUSE, scope)):
                raise TradingHalted(venue.symbol, halt.reason)


def is_halted(market: "Market", venue: "Venue") -> bool:
    """Tell whether trade in the venue is stopped for everybody, by the house."""
    scopes = (ALL, venue.instrument, venue.currency)
    return any((HOUSE, scope) in market.stops for scope in scopes)


def is_barred(market: "Market", member: int) -> bool:
    """Tell whether the house has stopped the member.

    A stop of its own does not count: it is no way out of what it has promised.
    """
    return (member, ALL) in market.stops
