"""What the exchange asks of a payment provider, and what it may be told.

A provider is believed in two things only: its own list of lines, and how a dispute or a
checkout ended. Its messages are a reason to look, never a fact (reliability P2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from settlement.errors import Refusal


@dataclass(eq=False)
class ProviderDown(Refusal):
    """The payment provider does not answer; paying from your balance works as ever."""


@dataclass(eq=False)
class ProviderRefused(Refusal):
    """The payment provider does not take this payment; begin another one."""


@dataclass(eq=False)
class CardsOff(Refusal):
    """Payment by card is not set up here."""


@dataclass(eq=False)
class BadSignature(Refusal):
    """The message is not signed by the payment provider, or is too old."""


class Asked(NamedTuple):
    """A payment to be made on the provider's own page; the same again is the same."""

    payin: str  # our public id; the idempotency key and the group of its transfers
    currency: str  # ISO 4217
    amount: int  # minor units
    title: str
    back_url: str  # where the payer returns
    until_s: int  # seconds since 1970; then it ends by itself


class Begun(NamedTuple):
    """The provider's page for a payment."""

    session: str
    url: str


class ForeignLine(NamedTuple):
    """A line of our account at the provider, in its words."""

    line: str
    kind: str  # of `cards.SIGNS`, or the provider's own word
    payin: str  # our public id, "" if it names none
    reference: str
    currency: str
    amount: int
    fee: int
    at_us: int


class Ended(NamedTuple):
    """How the last dispute of a payment ended."""

    dispute: str  # the provider's id of it: a payment may be disputed again
    won: bool


class Message(NamedTuple):
    """A message that was signed by the provider."""

    id: str
    kind: str
    live: bool


class Provider(Protocol):
    """A payment provider; any call may raise ProviderDown or ProviderRefused."""

    live: bool  # real money

    def begin(self, asked: Asked) -> Begun:
        """Return the page for a payment; asked again, the same page."""

    def is_over(self, session: str) -> bool:
        """Tell whether a payment's page has ended without money."""

    def pages(self, since_s: int) -> Iterator[list[ForeignLine]]:
        """Yield our lines since then, newest first, a page at a time."""

    def outcome(self, reference: str) -> Ended | None:
        """Return how the last dispute of a payment ended; None while one is open."""

    def message(self, body: bytes, signature: str) -> Message:
        """Return the message that *body* is; BadSignature unless it is genuine."""
