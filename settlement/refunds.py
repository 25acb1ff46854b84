"""Refunds after settlement: new transfers the other way, never a change of the old.

The fee follows the money: what the house took of the part that goes back, it gives
back too, so that in the end the fee is that of what the vendor kept.
"""

from dataclasses import dataclass
from typing import NamedTuple

from settlement.errors import Refusal
from settlement.fees import Rate
from settlement.ledger import HOUSE, Ledger, Pocket, Transfer


class Sale(NamedTuple):
    """A settled trade as its records have it; they never change, so it may be told."""

    trade: int
    buyer: int
    seller: int
    instrument: int
    currency: int
    paid: int  # minor units that the seller was paid, before the fee
    schedule: int  # version of the fees
    right: int
    rule: int = 0  # of that schedule


@dataclass(eq=False)
class MoreThanPaid(Refusal):
    """More than was paid, and not yet given back, cannot be refunded."""

    amount: int
    left: int


class Refunds:
    """What was refunded so far; each refund lives on in the records."""

    def __init__(self) -> None:
        """Start with none."""
        self.of: dict[int, int] = {}  # trade → minor units
        self.last = 0
        self.new: list[tuple[object, ...]] = []  # since the last drain


def transfers(
    ledger: Ledger, sale: Sale, before: int, amount: int, rate: Rate
) -> tuple[list[Transfer], int]:
    """Return the transfers that refund *amount* after *before*, and the fee of it."""
    number = ledger.number
    theirs = number(sale.seller, sale.currency, Pocket.FREE)
    purse = number(sale.buyer, sale.currency, Pocket.FREE)
    fee = rate.fee(sale.paid - before) - rate.fee(sale.paid - before - amount)
    moves = [Transfer(theirs, purse, amount, "refund", sale.trade)]
    if fee:
        income = number(HOUSE, sale.currency, Pocket.FREE)
        moves.insert(0, Transfer(income, theirs, fee, "fee_back", sale.trade))
    return moves, fee
