"""Commands of filed deals: entered, confirmed, registered; see `filings`."""

from typing import NamedTuple


class FileTrade(NamedTuple):
    """Put on record a deal that was made elsewhere; no money moves by it.

    *evidence* is the SHA-256 of the file that proves it. The other side confirms.
    """

    by: int
    member: int
    other: int
    sells: bool  # whether *member* sold
    title: str
    currency: int
    amount: int  # minor units, in all
    dealt_us: int
    note: str
    evidence: str


class ConfirmFiling(NamedTuple):
    """Confirm, or contest, what the other side filed."""

    by: int
    member: int
    filing: int
    agrees: bool
    reason: str


class RegisterFiling(NamedTuple):
    """Decide as registrar whether a confirmed deal is put on record."""

    by: int
    filing: int
    approve: bool
    reason: str


class WithdrawFiling(NamedTuple):
    """Take back what the member filed and nobody confirmed yet."""

    by: int
    member: int
    filing: int
