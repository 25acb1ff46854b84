"""The one door: submit a command, get its durable outcome or its refusal."""

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Engine

from marketplace.trading.commands import Command, decode_result
from marketplace.trading.exchange import Exchange
from marketplace.trading.ticket import Outcome, Status, Ticket, principal
from marketplace.trading.wire import Wire
from settlement.canonical import canonical
from settlement.errors import Invalid, KeyReuse, OutcomeUnknown, rebuild
from settlement.journal import Entry, by_key

KEY_LENGTH_MAX = 255
Guard = Callable[[Command, str | None], None]
Hide = Callable[[Command], Command]


class Door(Protocol):
    """Where tickets go in: the exchange in this process, or a wire to it."""

    def enter(self, ticket: Ticket) -> None:
        """Take a ticket in; Busy or ExchangeHalted if there is no place for it."""

    def status(self) -> Status:
        """Return how the writer is."""

    def close(self) -> None:
        """Finish, and let go of what was opened."""


class Gateway:
    """What everyone but the writer knows of the exchange."""

    def __init__(
        self,
        door: Door,
        reads: Engine,
        guard: Guard | None = None,
        hide: Hide | None = None,
    ) -> None:
        """Submit through *door*; look earlier outcomes up with *reads*.

        *guard* may refuse what is new, by rules that the market does not know, and is
        told its key; what was done already is answered without it. *hide* seals what a
        person wrote, the same always in the same way.
        """
        self._guard = guard
        self._hide = hide
        self._door = door
        self._reads = reads

    def submit(self, command: Command, key: str | None = None) -> Outcome:
        """Carry out *command* durably; its outcome, or raise its Refusal.

        A *key* makes it idempotent for the command's member: the same key with the
        same command gives the first outcome again, with another command KeyReuse.
        """
        return self.outcome(self.begin(command, key))

    def begin(
        self,
        command: Command,
        key: str | None = None,
        notify: Callable[[Ticket], None] | None = None,
    ) -> Ticket:
        """Send *command* on its way as `submit` does; `outcome` tells what it came to.

        For askers who keep many under way in one thread. *notify* is told the ticket
        once it is answered, in a thread of the writer: it must be quick, as putting it
        into a queue is.
        """
        if self._hide is not None:
            command = self._hide(command)
        ticket = Ticket(command, key, notify)
        if key is not None:
            check_key(key)
            if self._entry(command, key) is not None:
                ticket.settle(None)  # and `outcome` looks what came of it
                return ticket
        if self._guard is not None:
            self._guard(command, key)
        self._door.enter(ticket)
        return ticket

    def outcome(self, ticket: Ticket) -> Outcome:
        """Wait for *ticket*'s answer; its durable outcome, or raise its Refusal."""
        outcome = ticket.wait()
        if outcome is None:
            assert ticket.key is not None, ticket.command
            entry = self._entry(ticket.command, ticket.key)
            if entry is None:
                raise OutcomeUnknown
            outcome = replay_answer(entry, ticket.command, ticket.key)
        return outcome

    def status(self) -> Status:
        """Return how the writer is."""
        return self._door.status()

    def close(self) -> None:
        """Finish what is queued and let go."""
        self._door.close()

    def _entry(self, command: Command, key: str) -> Entry | None:
        """Return the record of what was done under *key* before."""
        with self._reads.connect() as db:
            return by_key(db, principal(command), key)


def open_gateway(
    exchange_url: str,
    writes: Engine,
    reads: Engine,
    guard: Guard | None = None,
    hide: Hide | None = None,
) -> Gateway:
    """Return the gateway that *exchange_url* names.

    ``inline:`` runs the writer in this process on *writes* (WriterElsewhere if another
    has it); ``unix:/path`` or ``tcp:127.0.0.1:port`` speaks to a writer process.
    """
    door: Door = Exchange(writes) if exchange_url == "inline:" else Wire(exchange_url)
    return Gateway(door, reads, guard, hide)


def check_key(key: str) -> None:
    """Refuse an idempotency key that is empty, too long or not printable ASCII."""
    if not (0 < len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
        raise Invalid({"idempotency_key": ["Printable ASCII, 1 to 255 characters."]})


def replay_answer(entry: Entry, command: Command, key: str) -> Outcome:
    """Return the recorded outcome, or raise it, if the command was the same."""
    same = entry.kind == type(command).__name__ and canonical(
        entry.command
    ) == canonical(command)
    if not same:
        raise KeyReuse(key)
    if not entry.applied:
        raise rebuild(entry.outcome[1], entry.outcome[2])
    return Outcome(entry.seq, entry.at_us, decode_result(entry.kind, entry.outcome[1]))
