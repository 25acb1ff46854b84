"""Commands of the kill switch."""

from marketplace.trading import bonds, negotiating
from marketplace.trading.control import AllowTrading, StopTrading
from marketplace.trading.holds import cancel_where
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import Reason
from marketplace.trading.rights import check_reason
from marketplace.trading.stops import ALL, OWN, Stop
from marketplace.trading.venue import WrongOrder
from settlement.errors import NotFound, OwnWork
from settlement.ids import encode
from settlement.ledger import HOUSE
from settlement.money import BY_ASSET


@handles(StopTrading)
def stop(market: Market, command: StopTrading, seq: int, at_us: int) -> int:
    """Take no more orders; how many were cancelled. A stop may be repeated.

    Offers between two members end with the orders; who stops itself takes its bids in
    opened tenders back so, at the price of their bonds.
    """
    check_reason(command.reason)
    if not command.reason.strip():
        raise WrongOrder("reason")
    member, scope = command.stopped, command.scope
    if member < HOUSE or (scope == OWN) > (member != HOUSE):
        raise WrongOrder("member")
    if scope not in (ALL, OWN) and (
        member != HOUSE or (scope not in BY_ASSET and scope not in market.venues)
    ):
        raise WrongOrder("scope")
    key = (member, scope)
    if key not in market.stops:
        kept = Stop(member, scope, seq, at_us, command.by, command.reason)
        market.stops[key] = market.stops_changed[key] = kept
    if not command.cancel:
        return 0
    whose = None if member == HOUSE else member
    within = _within(market, scope)
    if scope == OWN:
        for demand in sorted(market.tenders.live):
            bonds.take_back(market, demand, member, seq)
    negotiating.end_where(
        market,
        seq,
        lambda o: (
            whose in (None, o.maker) and (within == [None] or o.instrument in within)
        ),
    )
    return sum(
        cancel_where(market, seq, Reason.STOPPED, whose, instrument)
        for instrument in within
    )


def _within(market: Market, scope: int) -> list[int | None]:
    """Return the instruments that a scope covers; [None] if it covers all."""
    if scope in (ALL, OWN):
        return [None]
    if scope in market.venues:
        return [scope]
    return [v.instrument for v in market.venues.values() if v.currency == scope]


@handles(AllowTrading)
def allow(market: Market, command: AllowTrading, seq: int, _at_us: int) -> None:
    """Take orders again; OwnWork for who stopped them, NotFound if nothing is."""
    key = (command.stopped, command.scope)
    kept = market.stops.get(key)
    if kept is None:
        raise NotFound("member", encode("member", command.stopped))
    if kept.by_user == command.by:
        raise OwnWork
    del market.stops[key]
    market.stops_changed[key] = kept._replace(ended_seq=seq, ended_by=command.by)
