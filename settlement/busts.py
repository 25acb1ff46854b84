"""Busts and adjustments: an erroneous trade undone, or brought to the right price.

The trade itself stays as it was struck; a row says what it costs from then on, and new
transfers move the difference. The fee follows by the rate that the contract froze. A
refund is no bust: it is the vendor's, leaves the price as it was and counts as a trade.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from settlement.errors import Refusal
from settlement.fees import Rate
from settlement.ledger import HOUSE, Ledger, Pocket, Transfer

WINDOW_DAYS = 3  # working days after a trade in which it may be questioned


class Mark(NamedTuple):
    """A trade that made a price."""

    trade: int
    price: int
    at_us: int


class Struck(NamedTuple):
    """A trade as its records have it, which never change, so that it may be told."""

    trade: int
    at_us: int
    buyer: int
    seller: int
    instrument: int
    currency: int
    price: int
    quantity: int
    schedule: int  # version of the fees
    rule: int  # of that schedule
    right: int
    earlier: Mark | None  # what made the price before it, if it made one
    before: Mark | None  # the last of the days before that of *earlier*

    @classmethod
    def of(cls, values: Any) -> Self:
        """Return the trade of plain values, as a journal has them."""
        struck = cls(*values)
        marks = (mark and Mark(*mark) for mark in struck[-2:])
        return cls(*struck[:-2], *marks)


@dataclass(eq=False)
class TooLate(Refusal):
    """The time in which this trade may be questioned is over."""

    until_us: int


@dataclass(eq=False)
class AlreadyBusted(Refusal):
    """This trade has been busted."""

    trade: int


class RightUsed(Refusal):
    """The buyer has used what it bought, or passed it on: adjust the price instead."""


class NotWhole(Refusal):
    """Only a part of this trade was delivered or paid; its parties settle it."""


class Busts:
    """What trades cost after they were busted or adjusted; the rows are records."""

    def __init__(self) -> None:
        """Start with none."""
        self.of: dict[int, int | None] = {}  # trade → its price now; None: busted
        self.paid: dict[int, int] = {}  # trade → what it costs now, minor units
        self.last = 0
        self.new: list[tuple[object, ...]] = []  # since the last drain

    def price(self, mark: Mark) -> int | None:
        """Return what a trade that made a price costs now a unit; None: busted."""
        return self.of.get(mark.trade, mark.price)

    def restore(self, trade: int, price: int | None, paid: int) -> None:
        """Take over what a trade costs, from the records."""
        self.of[trade], self.paid[trade] = price, paid


def transfers(
    ledger: Ledger, struck: Struck, kept: int, becomes: int, rate: Rate, reason: str
) -> tuple[list[Transfer], int]:
    """Return the transfers that make *kept* minor units *becomes*, and the fee back.

    Both are what the seller has of the trade, before the fee; the fee that is given
    back is below zero where more is due.
    """
    number, trade = ledger.number, struck.trade
    theirs = number(struck.seller, struck.currency, Pocket.FREE)
    purse = number(struck.buyer, struck.currency, Pocket.FREE)
    income = number(HOUSE, struck.currency, Pocket.FREE)
    fee, back = rate.fee(kept) - rate.fee(becomes), kept - becomes
    moves = [
        Transfer(income, theirs, fee, f"{reason}_fee", trade),
        Transfer(theirs, purse, back, reason, trade),
    ]
    if back < 0:
        moves = [
            Transfer(purse, theirs, -back, reason, trade),
            Transfer(theirs, income, -fee, f"{reason}_fee", trade),
        ]
    return [move for move in moves if move.amount], fee
