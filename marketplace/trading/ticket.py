"""A command on its way through the one door, and the answer to it."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
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

    __slots__ = ("abandoned", "answer", "command", "done", "following", "key", "notify")

    def __init__(
        self,
        command: Command,
        key: str | None,
        notify: "Callable[[Ticket], None] | None" = None,
    ) -> None:
        """`wait` gives the answer; *notify* is told of it in a thread of the writer."""
        self.command = command
        self.key = key
        self.answer: Outcome | Refusal | None = None  # None: the key was used before
        self.notify = notify
        self.abandoned = False  # nobody waits any more
        self.following: Ticket | None = None  # who is woken next, see `settle`
        self.done = threading.Lock()
        self.done.acquire()

    def settle(self, answer: Outcome | Refusal | None) -> None:
        """Give the answer."""
        settle([(self, answer)])

    def wait(self) -> Outcome | None:
        """Return the outcome, raise the refusal, or None if the key was used before."""
        answered = self.done.acquire(timeout=ANSWER_S)
        self.abandoned = not answered
        if self.following is not None:
            self.following.wake()
        if not answered:
            raise OutcomeUnknown
        if isinstance(self.answer, Refusal):
            raise self.answer
        return self.answer

    def wake(self) -> None:
        """Let `wait` return; twice is once."""
        with suppress(RuntimeError):
            self.done.release()


def settle(answers: Sequence[tuple[Ticket, Outcome | Refusal | None]]) -> None:
    """Give many askers their answers.

    Each wakes the next: woken all at once, they would only wait for the interpreter,
    and get into each other's way there.
    """
    first = following = None
    for ticket, answer in reversed(answers):
        ticket.answer = answer
        if ticket.notify is None:
            ticket.following = following
            first = following = ticket
    # Who gave up before being linked has not woken the next; see the order in `wait`.
    for ticket, _ in answers:
        if ticket.abandoned and ticket.following is not None:
            ticket.following.wake()
    if first is not None:
        first.wake()
    for ticket, _ in answers:
        if ticket.notify is not None:
            ticket.wake()
            ticket.notify(ticket)


def principal(command: Command) -> int:
    """Return the member whose idempotency keys count; the house's for staff."""
    return int(getattr(command, "member", HOUSE))


def refuse(tickets: list[Ticket], refusal: Refusal) -> None:
    """Answer every ticket with the same refusal."""
    settle([(ticket, refusal) for ticket in tickets])
