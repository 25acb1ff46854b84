"""The kill switch: no more orders of a member, or of anybody; cancels always work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from settlement.errors import Refusal
from settlement.ledger import HOUSE

if TYPE_CHECKING:
    from marketplace.trading.market import Market


class Stop(NamedTuple):
    """One stop: whom, since when, by whom and why; and how it ended."""

    member: int  # HOUSE: everybody
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


def check_stops(market: "Market", *members: int) -> None:
    """Refuse with TradingStopped if the market or one of *members* is stopped."""
    if HOUSE in market.stops or not market.stops.keys().isdisjoint(members):
        raise TradingStopped(HOUSE in market.stops)
