"""Delivery and acceptance: the money in escrow goes over, or back, unit by unit."""

from marketplace.trading import rights, splitting
from marketplace.trading.acceptance import (
    Acceptance,
    AcceptDelivery,
    ReportDelivery,
    SetWorkdays,
)
from marketplace.trading.escrows import NothingToAccept, NotSoMany
from marketplace.trading.market import Market, handles
from marketplace.trading.venue import WrongOrder
from marketplace.trading.workdays import EXCEPTIONS_MAX
from settlement.clearing import Trade
from settlement.entitlements import EntitlementEvent
from settlement.escrows import TRADE, Escrow, TradeEvent, TradeState, give_back, release
from settlement.ledger import Pocket, Transfer

DAYS_MAX = 90  # working days to deliver, and to accept
DAY_MAX = 1 << 17  # the year 2328
ANYBODY = 0


def keep(
    market: Market,
    trade: Trade,
    right: int,
    rule: int,
    how: Acceptance,
    stages: tuple[tuple[int, int], ...] = (),
) -> None:
    """Put the money of a trade that has just been struck in escrow."""
    days, delivery_days = how
    escrow = Escrow(
        trade, right, market.fees.version, rule, days, TradeState(trade.state),
        stages=stages,
    )  # fmt: skip
    if stages:
        escrow.deliver_by_us = stages[0][1]
        if escrow.deliver_by_us <= trade.at_us:
            _deliver(market, escrow, 1, trade.at_us)
    elif delivery_days:
        escrow.deliver_by_us = market.workdays.deadline_us(trade.at_us, delivery_days)
    else:
        _deliver(market, escrow, trade.quantity, trade.at_us)
    market.escrows.note(escrow)


def _deliver(market: Market, escrow: Escrow, units: int, at_us: int) -> None:
    """Count units as delivered; the buyer's time for all that waits runs from now."""
    escrow.delivered += units
    escrow.accept_by_us = market.workdays.deadline_us(at_us, escrow.days)
    if escrow.undelivered:
        if escrow.stages:
            escrow.deliver_by_us = escrow.stages[escrow.delivered][1]
    else:
        escrow.deliver_by_us = None
        if escrow.state is TradeState.ESCROWED:
            escrow.state = TRADE.after(escrow.state, TradeEvent.DELIVER)


@handles(ReportDelivery)
def report(market: Market, command: ReportDelivery, _seq: int, at_us: int) -> int:
    """Count what the vendor has delivered; until when the buyer may object."""
    escrow = market.escrows.get(command.trade, ANYBODY, command.member)
    TRADE.after(escrow.state, TradeEvent.DELIVER)
    if not 0 < command.units <= escrow.undelivered:
        raise NotSoMany(command.units, escrow.undelivered)
    _deliver(market, escrow, command.units, at_us)
    market.escrows.note(escrow)
    assert escrow.accept_by_us is not None, escrow
    return escrow.accept_by_us


@handles(AcceptDelivery)
def accept(market: Market, command: AcceptDelivery, seq: int, _at_us: int) -> int:
    """Pay the vendor for what the buyer accepts; the amount, before the fee."""
    escrow = market.escrows.get(command.trade, command.member)
    if escrow.state is not TradeState.ESCROWED:
        TRADE.after(escrow.state, TradeEvent.ACCEPT)
    waiting, units = escrow.unaccepted, command.units
    if units is None:
        units = waiting
    if not 0 < units <= waiting:
        raise NothingToAccept(units, waiting)
    return _accept(market, escrow, units, TradeEvent.ACCEPT, seq)


def _accept(
    market: Market, escrow: Escrow, units: int, event: TradeEvent, seq: int
) -> int:
    """Pay for *units*; the trade is settled with the last of them."""
    amount = escrow.worth(escrow.accepted, units)
    rate = market.schedules[escrow.schedule].rate(escrow.rule)
    paid = release(market.ledger, escrow, amount, rate)
    market.ledger.post(seq, [*paid, *_shared(market, escrow)])
    escrow.accepted += units
    if not escrow.unaccepted:
        escrow.accept_by_us = None
        if not escrow.undelivered:
            escrow.state = TRADE.after(escrow.state, event)
    market.escrows.note(escrow)
    return amount


def _shared(market: Market, escrow: Escrow) -> list[Transfer]:
    """Return the transfers that share all that was paid so far, less the fee."""
    return splitting.follow(market, escrow.number, escrow.released - escrow.fee)


def come_due(market: Market, escrow: Escrow, seq: int, at_us: int) -> None:
    """Accept what nobody objected to in time; give back what was not delivered."""
    accept_by, deliver_by = escrow.accept_by_us, escrow.deliver_by_us
    if accept_by is not None and accept_by <= at_us:
        _accept(market, escrow, escrow.unaccepted, TradeEvent.LAPSE, seq)
    if deliver_by is not None and deliver_by <= at_us:
        _fail(market, escrow, seq)


def drop_undelivered(market: Market, escrow: Escrow, seq: int) -> None:
    """Give back what was not delivered: its price, and the right to it ends."""
    missing = escrow.undelivered
    if not missing:
        return
    worth = escrow.worth(escrow.delivered, missing)
    market.ledger.post(seq, give_back(market.ledger, escrow, worth))
    _lose(market, escrow, missing, escrow.delivered, seq)
    escrow.returned += missing


def _fail(market: Market, escrow: Escrow, seq: int) -> None:
    """Undo the part of a trade that its vendor did not deliver in time."""
    drop_undelivered(market, escrow, seq)
    escrow.deliver_by_us = None
    if not escrow.delivered:
        escrow.state = TRADE.after(escrow.state, TradeEvent.FAIL)
    else:
        escrow.state = TRADE.after(escrow.state, TradeEvent.DELIVER)
        if not escrow.unaccepted:
            escrow.state = TRADE.after(escrow.state, TradeEvent.ACCEPT)
    market.escrows.note(escrow)


def finish(
    market: Market,
    escrow: Escrow,
    refund: int,
    undone: TradeEvent,
    done: TradeEvent,
    seq: int,
) -> None:
    """End a trade: *refund* of what waits goes back, the rest is paid.

    It is *undone* if nothing was ever paid, else *done*. Only what was delivered can
    be paid: a dispute begins with giving the rest back.

    The right to what is not paid at all ends with the money; a part of a price that
    goes back leaves the right as it is.
    """
    pays = escrow.left - refund
    assert not pays or not escrow.undelivered, escrow
    rate = market.schedules[escrow.schedule].rate(escrow.rule)
    back = give_back(market.ledger, escrow, refund)
    paid = release(market.ledger, escrow, pays, rate)
    market.ledger.post(seq, [*back, *paid, *_shared(market, escrow)])
    unpaid = escrow.steps - escrow.returned - escrow.accepted
    if not pays:
        _lose(market, escrow, unpaid, escrow.accepted, seq)
        escrow.returned += unpaid
    else:
        escrow.accepted = escrow.delivered
    ends = done if escrow.released else undone
    escrow.state = TRADE.after(escrow.state, ends)
    market.escrows.note(escrow)


def _lose(market: Market, escrow: Escrow, steps: int, kept: int, seq: int) -> None:
    """End the right to what is not paid; that of stages while none of them is *kept*.

    A contract's right is one: it stays when a later stage fails.
    """
    if not escrow.stages:
        take_units(market, escrow, steps, seq)
    elif not kept:
        take_units(market, escrow, escrow.trade.quantity, seq)


def take_units(market: Market, escrow: Escrow, units: int, seq: int) -> None:
    """End the buyer's right to *units*: it goes with the money."""
    right = market.rights.live.get(escrow.right)
    if right is None:  # it has ended already
        return
    if units >= right.quantity:
        rights.end(market, right, EntitlementEvent.REVOKE, seq)
        return
    number = market.ledger.number
    source = number(right.holder, right.instrument, Pocket.FREE)
    target = number(escrow.trade.seller, right.instrument, Pocket.OPEN)
    move = Transfer(source, target, units, str(EntitlementEvent.REVOKE), right.number)
    market.ledger.post(seq, [move])
    market.rights.cut(right, units)


@handles(SetWorkdays)
def set_workdays(market: Market, command: SetWorkdays, seq: int, _at_us: int) -> int:
    """Publish days that differ from their weekday; how many there are now."""
    wrong = any(not 0 <= day <= DAY_MAX for day, _ in command.days)
    if not command.days or wrong:
        raise WrongOrder("days")
    known = market.workdays.exceptions
    if len(known.keys() | dict(command.days).keys()) > EXCEPTIONS_MAX:
        raise WrongOrder("days")
    for day, worked in command.days:
        known[day] = bool(worked)
        market.workdays.changed[day] = seq
    return len(known)
