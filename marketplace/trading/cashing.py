"""Commands of money coming in and going out; see `commands`."""

from typing import NamedTuple


class RequestPayin(NamedTuple):
    """Announce that money is on its way (sandbox: a bank transfer)."""

    by: int
    member: int
    currency: int
    amount: int
    reference: str


class ConfirmPayin(NamedTuple):
    """Confirm that the money arrived; above the limit a second person approves."""

    by: int
    payin: int


class ApprovePayin(NamedTuple):
    """Approve a confirmed payin above the limit; the money is credited."""

    by: int
    payin: int


class RejectPayin(NamedTuple):
    """Refuse a payin that is not yet credited."""

    by: int
    payin: int


class RequestPayout(NamedTuple):
    """Ask for money out; it is held from now on."""

    by: int
    member: int
    currency: int
    amount: int
    destination: str


class ApprovePayout(NamedTuple):
    """Approve a requested payout; another person then pays it."""

    by: int
    payout: int


class PayPayout(NamedTuple):
    """Record that an approved payout has left the house."""

    by: int
    payout: int


class FailPayout(NamedTuple):
    """Record that a payout was refused or failed; the money is free again."""

    by: int
    payout: int


class CancelPayout(NamedTuple):
    """Withdraw the member's own payout before it is approved."""

    by: int
    member: int
    payout: int
