"""Corrections: journals that mend breaks, proposed by one person, decided by another.

It moves money between what the house has and what is owed; never out of the house, and
never between two members. The original stays; the correction names the break (M6).
"""

from typing import NamedTuple

from settlement.ledger import COSTS, HOUSE, PROVIDER, SUSPENSE, Pocket

MEMBER = "member"
# Account by its name in a proposal: owner and pocket; a member's is its free money.
ACCOUNTS: dict[str, tuple[int, Pocket]] = {
    "bank": (HOUSE, Pocket.OPEN),
    "provider": (PROVIDER, Pocket.OPEN),
    "costs": (COSTS, Pocket.OPEN),
    "suspense": (SUSPENSE, Pocket.FREE),
    "income": (HOUSE, Pocket.FREE),
}
SIDES = (*ACCOUNTS, MEMBER)
# Why something is corrected whose month is closed: it came late, or was booked wrong.
REVERSALS = ("late", "amount", "party", "account", "twice")
# Whole units of the currency that a role may propose or approve; more needs the next.
LIMITS = {
    "settlement_officer": 100_000,
    "settlement_approver": 1_000_000,
    "admin": 100_000_000,
}


class Correction(NamedTuple):
    """One correction, in the order of the table's columns."""

    number: int
    seq: int
    at_us: int
    break_: int
    debit: str
    credit: str
    member: int  # 0: of none
    currency: int
    amount: int
    proposed_by: int
    month: str = ""  # of what it mends, if that month was closed
    code: str = ""  # then: why, one of REVERSALS


def account(side: str, member: int) -> tuple[int, Pocket]:
    """Return owner and pocket of a side of a correction."""
    return (member, Pocket.FREE) if side == MEMBER else ACCOUNTS[side]


def may(roles: frozenset[str], amount: int, exponent: int) -> bool:
    """Tell whether somebody with *roles* may propose or approve *amount*."""
    most = max((LIMITS[role] for role in roles if role in LIMITS), default=0)
    whole: int = 10**exponent
    return amount <= most * whole


class Corrections:
    """How many there were; each lives on in the records."""

    def __init__(self) -> None:
        """Start with none."""
        self.last = 0
        self.new: list[Correction] = []  # since the last drain
