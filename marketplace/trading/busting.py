"""Erroneous trades: questioned by one of the exchange, busted or adjusted by another.

A trade may be questioned until the end of the third working day after it. Busting gives
money, fee and right back in one step; what the buyer has used already, or passed on,
cannot come back, so that trade can only be adjusted. Source: issue 4 (the venue);
features, house screen 4.
"""

from marketplace.trading import accepting, invoicing, rights, splitting
from marketplace.trading.holds import cancel_where
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import PRICE_MAX, VALUE_MAX, Reason
from marketplace.trading.proposals import proposable, wait
from marketplace.trading.questioning import AdjustTrade, BustTrade, QuestionTrade
from marketplace.trading.venue import AboveCeiling, OffTick, WrongOrder
from settlement.busts import (
    WINDOW_DAYS,
    AlreadyBusted,
    NotWhole,
    RightUsed,
    Struck,
    TooLate,
)
from settlement.busts import transfers as correction
from settlement.entitlements import Entitlement, EntitlementEvent, EntitlementState
from settlement.escrows import TradeEvent, TradeState
from settlement.fees import Rate
from settlement.ledger import HOUSE, Pocket, Transfer

FREE = Pocket.FREE


@handles(QuestionTrade)
def question(market: Market, command: QuestionTrade, seq: int, at_us: int) -> int:
    """Let a bust or an adjustment wait for a second person; the proposal's number."""
    struck = Struck.of(command.struck)
    until_us = market.workdays.deadline_us(struck.at_us, WINDOW_DAYS)
    if at_us > until_us:
        raise TooLate(until_us)
    asked = (s for s in market.steps.values() if isinstance(s, BustTrade | AdjustTrade))
    if any(Struck.of(waiting.struck).trade == struck.trade for waiting in asked):
        raise WrongOrder("trade")  # one question at a time
    step: BustTrade | AdjustTrade = BustTrade(command.by, struck)
    if command.price is not None:
        step = AdjustTrade(command.by, struck, command.price)
    return wait(market, step, tuple(step[1:]), command.reason, seq, at_us)


@proposable(BustTrade)
def check_bust(market: Market, step: BustTrade) -> None:
    """Refuse to bust what is busted, paid in part, used or passed on."""
    struck = Struck.of(step.struck)
    _check_known(market, struck)
    escrow = market.escrows.live.get(struck.trade)
    if escrow is not None:
        begun = escrow.released or escrow.refunded or escrow.returned
        if begun or escrow.state is TradeState.DISPUTED:
            raise NotWhole
    right = market.rights.live.get(struck.right)
    if right is None or right.deliveries or right.quantity != struck.quantity:
        raise RightUsed
    if right.trade != struck.trade:
        raise WrongOrder("right")


@proposable(AdjustTrade)
def check_adjustment(market: Market, step: AdjustTrade) -> None:
    """Refuse a price that cannot be, and what is still in escrow."""
    struck, price = Struck.of(step.struck), step.price
    now = _check_known(market, struck)
    venue = market.venue(struck.instrument)
    if type(price) is not int or not 0 <= price <= PRICE_MAX or price == now:
        raise WrongOrder("price")
    if price % venue.tick:
        raise OffTick(price, venue.tick)
    if venue.price_max is not None and price > venue.price_max:
        raise AboveCeiling(price, venue.price_max)
    refunded = market.refunds.of.get(struck.trade, 0)
    if not refunded <= price * struck.quantity <= VALUE_MAX:
        raise WrongOrder("price")
    if struck.trade in market.escrows.live:
        raise NotWhole


def _check_known(market: Market, struck: Struck) -> int:
    """Refuse stale facts; what the trade costs a unit now."""
    if struck.trade in market.dues.live:
        raise NotWhole
    price = market.busts.of.get(struck.trade, struck.price)
    if price is None:
        raise AlreadyBusted(struck.trade)
    if struck.trade in market.escrows.not_whole:
        raise NotWhole  # it may have ended so after it was questioned
    schedule = market.schedules.get(struck.schedule)
    if schedule is None or not 0 <= struck.rule <= len(schedule.rules):
        raise WrongOrder("trade")
    for mark in (struck.earlier, struck.before):
        if mark is not None and market.busts.price(mark) is None:
            raise WrongOrder("trade")  # busted meanwhile: question it anew
    return price


@handles(BustTrade)
def bust(market: Market, command: BustTrade, seq: int, at_us: int) -> int:
    """Undo a trade; the number of the bust. InsufficientBalance of who must pay."""
    check_bust(market, command)
    struck = Struck.of(command.struck)
    kept, rate, refunded = _kept(market, struck)
    escrow, fee = market.escrows.live.get(struck.trade), 0
    if escrow is not None:
        ends = TradeEvent.RETURN, TradeEvent.SETTLE
        accepting.finish(market, escrow, escrow.left, *ends, seq)
    else:
        fee = _move(market, struck, kept, 0, rate, "bust", seq)
        right = market.rights.live[struck.right]
        if struck.seller == market.venue(struck.instrument).vendor:
            rights.end(market, right, EntitlementEvent.REVOKE, seq)
        else:
            _hand_back(market, struck, right, seq, at_us)
    unmark(market, struck)
    return _note(market, struck, (None, refunded, kept, fee), command.by, seq, at_us)


@handles(AdjustTrade)
def adjust(market: Market, command: AdjustTrade, seq: int, at_us: int) -> int:
    """Bring a trade to another price; the number of the bust."""
    check_adjustment(market, command)
    struck, price = Struck.of(command.struck), command.price
    kept, rate, refunded = _kept(market, struck)
    paid = price * struck.quantity
    becomes = paid - refunded
    fee = _move(market, struck, kept, becomes, rate, "adjust", seq)
    venue = market.venue(struck.instrument)
    if venue.last_trade == struck.trade:
        venue.last = price
    elif venue.before_trade == struck.trade:
        venue.before = price
    said = price, paid, kept - becomes, fee
    return _note(market, struck, said, command.by, seq, at_us)


def _kept(market: Market, struck: Struck) -> tuple[int, Rate, int]:
    """Return what the seller has of a trade, the rate of its fee, what was refunded."""
    price = _check_known(market, struck)
    refunded = market.refunds.of.get(struck.trade, 0)
    rate = market.schedules[struck.schedule].rate(struck.rule)
    return price * struck.quantity - refunded, rate, refunded


def _move(
    market: Market,
    struck: Struck,
    kept: int,
    becomes: int,
    rate: Rate,
    reason: str,
    seq: int,
) -> int:
    """Move the difference and its fee, or refuse; the fee that was given back."""
    moves, fee = correction(market.ledger, struck, kept, becomes, rate, reason)
    net = kept - becomes - fee
    if kept > becomes:
        market.ledger.require(HOUSE, struck.currency, fee)
        moves = [*splitting.give_back(market, struck, net), *moves]
    else:
        market.ledger.require(struck.buyer, struck.currency, becomes - kept)
        moves = [*moves, *splitting.give_more(market, struck.trade, -net)]
    market.ledger.post(seq, moves)
    splitting.keep(market, struck.trade, -net)
    return fee


def _hand_back(
    market: Market, struck: Struck, right: Entitlement, seq: int, at_us: int
) -> None:
    """Give a right that a holder had sold back to it, for the time that is left.

    For which purpose it is held from now on is not known: the holder's old right ended.
    """
    cancel_where(
        market, seq, Reason.RIGHT_ENDED, right.holder, right.instrument, "sell"
    )
    number = market.rights.last + 1
    source, target = (
        market.ledger.number(owner, right.instrument, FREE)
        for owner in (right.holder, struck.seller)
    )
    units = right.quantity
    market.ledger.post(seq, [Transfer(source, target, units, "grant", number)])
    again = Entitlement(
        number, None, struck.seller, right.instrument, units, right.terms, "", at_us,
        right.until_us, 0, right.deliveries_max, EntitlementState.ACTIVE,
    )  # fmt: skip
    market.rights.move(right, EntitlementEvent.REVOKE)
    market.rights.grant(again)


def unmark(market: Market, struck: Struck) -> None:
    """Let the price that was made before a busted trade be the last one again."""
    venue, earlier = market.venue(struck.instrument), struck.earlier
    price = None if earlier is None else market.busts.price(earlier)
    number = 0 if earlier is None else earlier.trade
    if venue.last_trade == struck.trade:
        day = 0 if earlier is None else venue.day(earlier.at_us)
        if day != venue.last_day:
            before = struck.before
            venue.before = None if before is None else market.busts.price(before)
            venue.before_trade = 0 if before is None else before.trade
        venue.last, venue.last_day, venue.last_trade = price, day, number
    elif venue.before_trade == struck.trade:
        venue.before, venue.before_trade = price, number


def _note(
    market: Market,
    struck: Struck,
    said: tuple[int | None, int, int, int],  # price, paid, amount, fee back
    by: int,
    seq: int,
    at_us: int,
) -> int:
    """Leave on record what a trade costs from now on; the row's number."""
    busts = market.busts
    busts.last += 1
    busts.restore(struck.trade, said[0], said[1])
    busts.new.append((busts.last, seq, at_us, struck.trade, *said, by))
    invoicing.follow(market, struck.trade, said[2], by, seq, at_us)
    return busts.last
