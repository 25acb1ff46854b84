"""Commands of tenders: called, bid for, opened, called off; see `tenders`."""

from typing import NamedTuple


class CallTender(NamedTuple):
    """Ask for sealed bids in answer to a demand of the member, until a moment.

    The weights say by how many points of a hundred each criterion counts.
    """

    by: int
    member: int  # the buyer
    demand: int
    closes_us: int
    bidders_min: int  # fewer, and it fails
    technical: int
    price: int
    qualification: int
    deposit: int = 0  # minor units of CNY that each bidder has held; 0: none


class SealBid(NamedTuple):
    """Bind the member to a bid that nobody reads yet, or replace its own.

    The first one holds the deposit that the tender asks for.
    *commitment* is `tenders.commitment` of the bid: SHA-256 in hexadecimal.
    """

    by: int
    member: int
    demand: int
    commitment: str


class OpenBids(NamedTuple):
    """Open all bids after the close, each `tenders.Bid` as a tuple; unread: blank."""

    by: int
    member: int
    demand: int
    bids: tuple[tuple[int, int, int, int, str, str], ...]


class CancelTender(NamedTuple):
    """Call a tender off before its close."""

    by: int
    member: int
    demand: int
