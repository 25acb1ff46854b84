"""Commands of the kill switch."""

from marketplace.trading.control import AllowTrading, StopTrading
from marketplace.trading.holds import cancel_where
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import Reason
from marketplace.trading.rights import check_reason
from marketplace.trading.stops import Stop
from marketplace.trading.venue import WrongOrder
from settlement.errors import NotFound, OwnWork
from settlement.ids import encode
from settlement.ledger import HOUSE


@handles(StopTrading)
def stop(market: Market, command: StopTrading, seq: int, at_us: int) -> int:
    """Take no more orders; how many were cancelled. A stop may be repeated."""
    check_reason(command.reason)
    if not command.reason.strip():
        raise WrongOrder("reason")
    member = command.stopped
    if member < HOUSE:
        raise WrongOrder("member")
    kept = market.stops.get(member)
    if kept is None:
        kept = Stop(member, seq, at_us, command.by, command.reason)
        market.stops[member] = market.stops_changed[member] = kept
    if not command.cancel:
        return 0
    return cancel_where(
        market, seq, Reason.STOPPED, None if member == HOUSE else member
    )


@handles(AllowTrading)
def allow(market: Market, command: AllowTrading, seq: int, _at_us: int) -> None:
    """Take orders again; OwnWork for who stopped them, NotFound if nothing is."""
    kept = market.stops.get(command.stopped)
    if kept is None:
        raise NotFound("member", encode("member", command.stopped))
    if kept.by_user == command.by:
        raise OwnWork
    del market.stops[command.stopped]
    ended = kept._replace(ended_seq=seq, ended_by=command.by)
    market.stops_changed[command.stopped] = ended
