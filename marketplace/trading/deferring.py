"""Trades that settle at the end of a cycle: what they hold, and who decides on it.

Credit in a currency never comes to more than the house's reserve of it: so a run pays
everybody in full whoever lacks money, and only the reserve can lose (reliability S6).
"""

from marketplace.trading.dues import (
    ReserveTooSmall,
    SetCredit,
    SetCycle,
    SetPenalties,
    SetReserve,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.proposals import proposable
from marketplace.trading.venue import NotVerified, Venue, WrongOrder
from settlement.clearing import Trade
from settlement.cycles import (
    DAYS_MAX,
    PENALTY_STEPS_MAX,
    Cycle,
    Obligation,
    cover,
)
from settlement.escrows import TradeState
from settlement.ledger import HOUSE, Pocket, Transfer
from settlement.money import AMOUNT_MAX, BPS, BY_ASSET

ORIGINS = ("book", "auction", "negotiated")
DUE = TradeState.DUE.value
RESERVE = Pocket.HELD  # of the house
PENALTY_BPS_MAX = 1_000  # a day


def opening(market: Market, venue: Venue, origin: str, value: int) -> str:
    """Return the state in which a trade of *value* minor units begins."""
    if not market.dues.cycles or not value or venue.acceptance.days:
        return venue.opening(value)
    cycle = market.dues.cycle(venue.currency, origin)
    return venue.opening(value) if cycle is None else DUE


def defer(
    market: Market, trade: Trade, pays_from: Pocket, delivers_from: Pocket
) -> list[Transfer]:
    """Return the transfers of a deferred trade: delivery, and what the buyer holds.

    The right goes over suspended, with the number that the register gives next. Who
    waited in the book has all the money there; others hold what the cycle asks for.
    """
    cycle = market.dues.cycle(trade.currency, trade.origin)
    assert cycle is not None, trade
    buyer, currency, value = trade.buyer, trade.currency, trade.price * trade.quantity
    held = value
    if pays_from is not Pocket.HELD:
        headroom = market.dues.headroom(buyer, currency)
        held = cover(value, cycle.cover_bps, headroom)
    due_us = market.workdays.deadline_us(trade.at_us, cycle.days)
    owed = Obligation(trade, market.rights.last + 1, held, due_us)
    market.dues.note(owed)
    market.dues.owe(buyer, currency, owed.uncovered)
    number = market.ledger.number
    moves = [
        Transfer(
            number(trade.seller, trade.instrument, delivers_from),
            number(buyer, trade.instrument, Pocket.FREE),
            trade.quantity,
            "delivery",
            trade.number,
        )
    ]
    if held:
        purse = number(buyer, currency, pays_from)
        waits = number(buyer, currency, Pocket.ESCROW)
        moves.append(Transfer(purse, waits, held, "cover", trade.number))
    return moves


@proposable(SetCycle)
def check_cycle(_market: Market, step: SetCycle) -> None:
    """Refuse a cycle that is none."""
    if step.currency not in BY_ASSET or step.origin not in ORIGINS:
        raise WrongOrder("currency" if step.currency not in BY_ASSET else "origin")
    if not _within(step.days, DAYS_MAX) or not _within(step.cover_bps, BPS):
        raise WrongOrder("days")


@handles(SetCycle)
def set_cycle(market: Market, command: SetCycle, seq: int, _at_us: int) -> None:
    """Put a cycle in force for the trades from now on."""
    check_cycle(market, command)
    key = command.currency, command.origin
    market.dues.cycles[key] = Cycle(command.days, command.cover_bps)
    market.dues.cycles_changed[key] = seq


@proposable(SetCredit)
def check_credit(market: Market, step: SetCredit) -> None:
    """Refuse credit that cannot be, or that the reserve does not cover."""
    if step.currency not in BY_ASSET or not _within(step.amount, AMOUNT_MAX):
        raise WrongOrder("amount")
    if step.amount and step.member_ not in market.verified:
        raise NotVerified(step.member_)
    key, dues = (step.member_, step.currency), market.dues
    owed, before = dues.owed.get(key, 0), dues.credit.get(key, 0)
    needed = dues.exposure(step.currency) - max(before, owed) + max(step.amount, owed)
    if step.amount > before:
        _check_reserve(market, step.currency, needed, reserve(market, step.currency))


def reserve(market: Market, currency: int) -> int:
    """Return the house's reserve of a currency."""
    return market.ledger.balance(HOUSE, currency, RESERVE)


def _check_reserve(market: Market, currency: int, needed: int, has: int) -> None:
    """Refuse where the reserve, with what it advanced, is less than *needed*."""
    available = has + market.dues.advanced(currency)
    if available < needed:
        raise ReserveTooSmall(needed, available)


@handles(SetCredit)
def set_credit(market: Market, command: SetCredit, seq: int, _at_us: int) -> None:
    """Give a member credit, or less of it; what it owes already stays owed."""
    check_credit(market, command)
    key = command.member_, command.currency
    market.dues.credit[key] = command.amount
    market.dues.credit_changed[key] = seq


@proposable(SetReserve)
def check_reserve(market: Market, step: SetReserve) -> None:
    """Refuse a reserve that the house has not got, or that credit needs more of."""
    if step.currency not in BY_ASSET or not _within(step.amount, AMOUNT_MAX):
        raise WrongOrder("amount")
    has = reserve(market, step.currency)
    if step.amount > has:
        market.ledger.require(HOUSE, step.currency, step.amount - has)
    elif step.amount < has:
        needed = market.dues.exposure(step.currency)
        _check_reserve(market, step.currency, needed, step.amount)


@handles(SetReserve)
def set_reserve(market: Market, command: SetReserve, seq: int, _at_us: int) -> int:
    """Move the house's own money into the reserve, or out of it; how much."""
    check_reserve(market, command)
    more = command.amount - reserve(market, command.currency)
    number = market.ledger.number
    income = number(HOUSE, command.currency, Pocket.FREE)
    kept = number(HOUSE, command.currency, RESERVE)
    if more:
        pair = (income, kept) if more > 0 else (kept, income)
        move = Transfer(*pair, abs(more), "reserve", command.currency)
        market.ledger.post(seq, [move])
    return more


@proposable(SetPenalties)
def check_penalties(_market: Market, step: SetPenalties) -> None:
    """Refuse a table that is none: from day 0 on, ascending."""
    try:
        days = [first for first, _ in step.steps]
        rates = [bps for _, bps in step.steps]
    except (TypeError, ValueError):
        raise WrongOrder("steps") from None
    possible = all(_within(n, 10_000) for n in days) and all(
        _within(bps, PENALTY_BPS_MAX) for bps in rates
    )
    if not possible or days[:1] != [0] or sorted(set(days)) != days:
        raise WrongOrder("steps")
    if step.currency not in BY_ASSET or len(days) > PENALTY_STEPS_MAX:
        raise WrongOrder("currency")


@handles(SetPenalties)
def set_penalties(market: Market, command: SetPenalties, seq: int, _at: int) -> None:
    """Put a table in force, for the debts that are open too."""
    check_penalties(market, command)
    steps = tuple((first, bps) for first, bps in command.steps)
    market.dues.penalties[command.currency] = steps
    market.dues.penalties_new.append((seq, command.currency, steps))


def _within(number: object, most: int) -> bool:
    return type(number) is int and 0 <= number <= most
