"""Commands of contests: opened, bid in, paid, withdrawn; see `contests`."""

from typing import NamedTuple


class OpenContest(NamedTuple):
    """Let the best bidder have *quantity* units whole; prices are per unit.

    A sealed contest has no increment and no extension: both are zero.
    """

    by: int
    member: int  # the vendor
    instrument: int
    kind: str  # "ascending", "first" or "second"
    quantity: int
    start: int  # the lowest bid taken
    reserve: int  # below it nothing is sold; told to nobody
    increment: int
    closes_us: int
    extension_us: int  # a bid so near the close moves it by as much


class BidInContest(NamedTuple):
    """Bid, or replace the member's own bid; binding, with the first a deposit."""

    by: int
    member: int
    contest: int
    price: int  # minor units per unit
    purpose: str


class PayContest(NamedTuple):
    """Pay what the member has won, when the money was not there at the close."""

    by: int
    member: int
    contest: int


class CancelContest(NamedTuple):
    """Withdraw the vendor's contest before its first bid."""

    by: int
    member: int
    contest: int
