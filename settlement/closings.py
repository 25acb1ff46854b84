"""Months that were closed: what each ended with, and the codes of what corrects it.

A month is closed once, after the one before it, by two persons who saw a checklist with
nothing open. What it ended with, by kind of account and currency, is what the next one
begins with. Nothing is posted into a closed month: what proves wrong later is corrected
in the month in which that is found, with a code that says why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from settlement.canonical import canonical, sha256_of
from settlement.errors import Refusal
from settlement.flows import Place

# What must be empty before a month is closed, in the order in which it is shown.
CHECKLIST = ("unsettled", "proposals", "breaks", "bank_lines", "audit")
# Kinds of account that stand below zero by what is outside, or owed.
BELOW_ZERO = (Place.BANK, Place.PROVIDER, Place.COSTS, Place.OWED)
NAME = r"[12][0-9]{3}-(?:0[1-9]|1[0-2])"  # of a month


class Balance(NamedTuple):
    """What all accounts of a kind have together, in minor units."""

    place: str
    currency: int
    amount: int


class Closing(NamedTuple):
    """One closed month, in the order of the table's columns."""

    month: str  # as 2026-11
    seq: int
    at_us: int
    by_user: int  # who proposed it
    until_us: int  # when the month was over
    balances: str  # canonical JSON of (place, currency, amount)
    checks: str  # canonical JSON of (item of the checklist, how much was open)
    sha256: str  # of the balances


@dataclass(eq=False)
class PeriodClosed(Refusal):
    """This month is closed: nothing is posted into it any more."""

    month: str


@dataclass(eq=False)
class NotInTurn(Refusal):
    """A month is closed when it is over, after the one before it."""

    month: str


@dataclass(eq=False)
class NotReady(Refusal):
    """Something of the month is still open; see its checklist."""

    item: str
    open: int


@dataclass(eq=False)
class CloseProposed(Refusal):
    """This month is closed, or a close waits for its second person."""

    month: str


class Closings:
    """The last month that was closed; each lives on in the records."""

    def __init__(self) -> None:
        """Start with none."""
        self.month = ""
        self.until_us = 0
        self.new: list[Closing] = []  # since the last drain

    def note(self, closing: Closing) -> None:
        """Take over a month that was closed just now."""
        self.new.append(closing)
        self.restore(closing.month, closing.until_us)

    def restore(self, month: str, until_us: int) -> None:
        """Take over the last closed month."""
        self.month, self.until_us = month, until_us

    def covers(self, month: str) -> bool:
        """Tell whether a month, by its name, is closed; the first one ends all."""
        return "" < month <= self.month


def digest(balances: Iterable[Sequence[object]]) -> str:
    """Return the SHA-256 of a month's balances, as they are stored."""
    return sha256_of(canonical([list(one) for one in balances]))
