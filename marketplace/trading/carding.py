"""Commands of pay-ins by card; see `commands`. Reports are the provider's word."""

from typing import NamedTuple


class RequestCardPayin(NamedTuple):
    """Begin a pay-in by card; nothing is credited before the provider has the money."""

    by: int
    member: int
    currency: int
    amount: int


class RecordLine(NamedTuple):
    """Book one line of the provider's account; see `settlement.payments.cards`."""

    by: int
    line: str
    kind: str
    payin: int
    reference: str
    currency: int
    amount: int
    fee: int
    at_us: int


class CloseDispute(NamedTuple):
    """Record how a chargeback ended; the money itself comes and goes by lines."""

    by: int
    payin: int
    won: bool


class EndCard(NamedTuple):
    """Record that a payment by card came to nothing: expired or given up."""

    by: int
    payin: int
