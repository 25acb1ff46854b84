"""Commands of disputes and refunds: who objects, answers, agrees; see `commands`."""

from typing import NamedTuple

from settlement.refunds import Sale


class OpenDispute(NamedTuple):
    """Object to what was delivered, within the time to accept; the money stands still.

    What was not delivered is given back first, and the right to it ends.

    *reason* is one of `disputes.REASONS`, *note* the evidence in words.
    """

    by: int
    member: int  # the buyer
    trade: int
    reason: str
    note: str


class AnswerDispute(NamedTuple):
    """Answer an objection, in time; *offer* is what the vendor would give back."""

    by: int
    member: int  # the vendor
    dispute: int
    note: str
    offer: int = 0  # minor units


class AgreeDispute(NamedTuple):
    """End a dispute by agreement: the buyer takes the offer, the vendor gives all."""

    by: int
    member: int
    dispute: int


class WithdrawDispute(NamedTuple):
    """Withdraw the buyer's own objection: what was delivered is accepted."""

    by: int
    member: int
    dispute: int


class ReturnSale(NamedTuple):
    """Give back what waits in escrow of the vendor's own sale; the right to it ends."""

    by: int
    member: int  # the vendor
    trade: int


class ResolveDispute(NamedTuple):
    """Decide a dispute: *refund* goes back, the rest is released. Two persons."""

    by: int
    dispute: int
    refund: int  # minor units


class OfferRefund(NamedTuple):
    """Let a refund of a settled sale wait for the exchange, as the second person."""

    by: int
    member: int  # the vendor
    sale: Sale
    amount: int
    reason: str


class RefundSale(NamedTuple):
    """Refund a settled sale, all or a part; who lacks the money is refused.

    Where it *ends* the right, what goes back is of the time that is left of it.
    """

    by: int
    sale: Sale
    amount: int
    ends: bool = False
