"""A command on its way through the one door, and the answer to it."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from marketplace.trading.commands import Command
from settlement.errors import OutcomeUnknown, Refusal
from settlement.ledger import HOUSE

ANSWER_S = 60  # how long an asker waits before the outcome counts as unknown


class Outcome(NamedTuple):
    """What a command came to: its journal number, its time and its result."""

    seq: int
    at_us: int
    result: Any


class Status(NamedTuple):
    """How the writer is."""

    halted: bool
    seq: int
    epoch: int
    inbox: int


class Ticket:
    """A command on its way through the writer, and the answer it waits for."""

    __slots__ = ("answer", "command", "done", "key", "notify")

    def __init__(
        self,
        command: Command,
        key: str | None,
        notify: "Callable[[Ticket], None] | None" = None,
    ) -> None:
        """Wait for the answer by `wait`, or be told by *notify* in a writer thread."""
        self.command = command
        self.key = key
        self.answer: Outcome | Refusal | None = None  # None: the key was used before
        self.notify = notify
        self.done = threading.Lock()
        self.done.acquire()

    def settle(self, answer: Outcome | Refusal | None) -> None:
        """Give the answer."""
        self.answer = answer
        self.done.release()
        if self.notify is not None:
            self.notify(self)

    def wait(self) -> Outcome | None:
        """Return the outcome, raise the refusal, or None if the key was used before."""
        if not self.done.acquire(timeout=ANSWER_S):
            raise OutcomeUnknown
        if isinstance(self.answer, Refusal):
            raise self.answer
        return self.answer


def principal(command: Command) -> int:
    """Return the member whose idempotency keys count; the house's for staff."""
    return int(getattr(command, "member", HOUSE))


def refuse(tickets: list[Ticket], refusal: Refusal) -> None:
    """Answer every ticket with the same refusal."""
    for ticket in tickets:
        ticket.settle(refusal)
