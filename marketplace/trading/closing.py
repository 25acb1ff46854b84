"""The close of a month, carried out once a second person has approved it."""

import re
from datetime import date
from typing import NamedTuple

from marketplace.trading.market import Market, handles
from marketplace.trading.proposals import proposable
from marketplace.trading.timetable import DAY_US, EAST_US
from marketplace.trading.venue import WrongOrder
from settlement.canonical import canonical
from settlement.closings import (
    BELOW_ZERO,
    CHECKLIST,
    NAME,
    Closing,
    NotInTurn,
    NotReady,
    digest,
)
from settlement.cycles import ObligationState
from settlement.flows import Place
from settlement.money import BY_ASSET

FIRST_DAY = date(1970, 1, 1).toordinal()


class ClosePeriod(NamedTuple):
    """Close a month: what it ended with, and that nothing of it is open; two persons.

    Balances and checks are told as the records have them: a month that is over does not
    change, and the audit holds every closed one against the transfers.
    """

    by: int
    month: str  # as 2026-11
    balances: tuple[tuple[str, int, int], ...]  # place, currency, minor units
    checks: tuple[tuple[str, int], ...]  # item of the checklist, how much is open


def bounds(month: str) -> tuple[int, int]:
    """Return when a month of the exchange's calendar begins and is over; WrongOrder."""
    if not isinstance(month, str) or not re.fullmatch(NAME, month):
        raise WrongOrder("month")
    year, number = map(int, month.split("-"))
    begins = date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)
    first, after = (
        (day.toordinal() - FIRST_DAY) * DAY_US - EAST_US for day in begins
    )  # fmt: skip
    return first, after


def following(month: str) -> str:
    """Return the month after another."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}"


@proposable(ClosePeriod)
def check(market: Market, step: ClosePeriod) -> None:
    """Refuse a month that is not next, or of which something is open."""
    _, until_us = bounds(step.month)
    last = market.closings.month
    if last and step.month != following(last):
        raise NotInTurn(step.month)
    _check_balances(step.balances)
    told = dict(step.checks)
    if tuple(told) != CHECKLIST or not all(type(n) is int for n in told.values()):
        raise WrongOrder("checks")
    told["unsettled"] += _unsettled(market, until_us)
    told["proposals"] += sum(
        kept.at_us < until_us and kept.kind != ClosePeriod.__name__
        for kept in market.proposals.values()
    )
    for item, count in told.items():
        if count:
            raise NotReady(item, count)


def _unsettled(market: Market, until_us: int) -> int:
    """Return how many trades were due before the month was over, and wait."""
    return sum(
        owed.due_us < until_us and owed.state is ObligationState.DUE
        for owed in market.dues.live.values()
    )


def _check_balances(balances: tuple[tuple[str, int, int], ...]) -> None:
    """Refuse balances that are none: each account once, every currency whole."""
    totals: dict[int, int] = {}
    try:
        for place, currency, amount in balances:
            if type(amount) is not int or currency not in BY_ASSET:
                raise WrongOrder("balances")
            if Place(place) not in BELOW_ZERO and amount < 0:
                raise WrongOrder("balances")
            totals[currency] = totals.get(currency, 0) + amount
        keys = [(place, currency) for place, currency, _ in balances]
    except (TypeError, ValueError):
        raise WrongOrder("balances") from None
    if len(set(keys)) < len(keys) or any(totals.values()):
        raise WrongOrder("balances")


@handles(ClosePeriod)
def close(market: Market, command: ClosePeriod, seq: int, at_us: int) -> str:
    """Close a month; the digest of what it ended with."""
    _, until_us = bounds(command.month)
    if at_us < until_us:
        raise NotInTurn(command.month)
    check(market, command)
    sha256 = digest(command.balances)
    market.closings.note(
        Closing(
            command.month, seq, at_us, command.by, until_us,
            canonical(command.balances), canonical(command.checks), sha256,
        )
    )  # fmt: skip
    return sha256
