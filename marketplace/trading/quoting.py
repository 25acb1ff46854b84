"""Commands of quotes and personal prices: made, countered, declined, taken."""

from typing import NamedTuple


class OfferPrice(NamedTuple):
    """Offer one member a price of its own, once, off the book.

    The vendor offers to sell to *to*, or any member offers the vendor *to* to buy; then
    the money is held and *purpose* is declared. *reason* is one of `offers.REASONS`,
    *note* says it in words, *quantity* is taken whole. *demand* is the request that the
    price answers, 0 if none. No public price follows from it.
    """

    by: int
    member: int  # who offers
    instrument: int
    to: int  # the member that may take it
    price: int  # minor units per unit
    quantity: int
    reason: str
    note: str
    expires_us: int
    demand: int = 0
    purpose: str = ""


class CounterOffer(NamedTuple):
    """Answer an offer with another price or quantity; the answered one ends by it.

    Whoever made the answered one changes its own terms so.
    """

    by: int
    member: int
    offer: int
    price: int  # minor units per unit
    quantity: int
    note: str
    expires_us: int
    purpose: str = ""


class WithdrawOffer(NamedTuple):
    """Take back what the member offered and nobody took yet."""

    by: int
    member: int
    offer: int


class DeclineOffer(NamedTuple):
    """Turn down what was offered to this member."""

    by: int
    member: int
    offer: int


class TakeOffer(NamedTuple):
    """Trade at the price that was offered to this member; who buys says what for."""

    by: int
    member: int
    offer: int
    purpose: str
