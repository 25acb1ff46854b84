"""Commands of group buys: opened, joined, called off; see `pools`."""

from typing import NamedTuple


class OpenPool(NamedTuple):
    """Offer one right to each of many buyers, the cheaper the more there are.

    *tiers* are (from how many licensees, price of a right), the first from one.
    """

    by: int
    member: int  # the vendor
    instrument: int
    tiers: tuple[tuple[int, int], ...]
    least: int  # licensees; with fewer nothing is sold
    closes_us: int


class JoinPool(NamedTuple):
    """Join a group buy, once and until its close; the first tier's price is held."""

    by: int
    member: int
    pool: int
    purpose: str


class CancelPool(NamedTuple):
    """Call a group buy off that nobody has joined."""

    by: int
    member: int
    pool: int
