"""The exchange behind a socket: a line of JSON in, a line of JSON out, many at once.

A request is ``[id, kind, command, key]``, an answer ``[id, "done", seq, at_us,
result]``, ``[id, "refused", code, facts]`` or ``[id, "repeated"]``; ``[id, "Status"]``
asks how the writer is. Only processes of the house speak it: a Unix socket with mode
0600, or loopback TCP.
"""

import json
import os
import queue
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from marketplace.trading.commands import decode, decode_result
from marketplace.trading.exchange import Exchange
from marketplace.trading.ticket import Outcome, Status, Ticket
from settlement.canonical import canonical, utf8
from settlement.errors import ExchangeHalted, OutcomeUnknown, Refusal, rebuild

LINE_MAX = 4 * 1024 * 1024  # bytes: a full basket fits several times
CONNECT_S = 2.0
STATUS = "Status"
# The line ended, or what it said cannot be understood: either way hang up.
BROKEN = (OSError, ValueError, LookupError, TypeError, RecursionError)

log = structlog.get_logger()


def dial(url: str) -> socket.socket:
    """Return a connection to the writer at ``unix:/path`` or ``tcp:host:port``."""
    kind, _, place = url.partition(":")
    if kind == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_S)
        try:
            connection.connect(place)
        except OSError:
            connection.close()
            raise
    else:
        host, _, port = place.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=CONNECT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(None)
    return connection


def listen(url: str) -> socket.socket:
    """Return a listening socket for *url*; a stale Unix socket is replaced."""
    kind, _, place = url.partition(":")
    if kind == "unix":
        Path(place).unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            server.bind(place)
        finally:
            os.umask(before)
    else:
        host, _, port = place.rpartition(":")
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, int(port)))
    server.listen()
    return server


Waiting = dict[int, "Ticket | queue.SimpleQueue[Status | None]"]


class Wire:
    """A worker's end of the socket; reconnects when the writer comes back."""

    def __init__(self, url: str) -> None:
        """Speak to the writer at *url*; the connection is made at first use."""
        self._url = url
        self._guard = threading.Lock()
        self._connection: socket.socket | None = None
        self._waiting: Waiting = {}  # of the present connection
        self._last = 0

    def enter(self, ticket: Ticket) -> None:
        """Send a ticket off; ExchangeHalted if there is no writer to be reached."""
        kind = type(ticket.command).__name__
        self._send(ticket, [kind, ticket.command, ticket.key])

    def status(self) -> Status:
        """Ask how the writer is; halted if it does not answer."""
        answer: queue.SimpleQueue[Status | None] = queue.SimpleQueue()
        try:
            self._send(answer, [STATUS])
            found = answer.get(timeout=CONNECT_S)
        except (ExchangeHalted, queue.Empty):
            found = None
        return found or Status(halted=True, seq=0, epoch=0, inbox=0)

    def close(self) -> None:
        """Hang up."""
        with self._guard, suppress(OSError):
            if self._connection is not None:
                self._connection.shutdown(socket.SHUT_RDWR)

    def _send(
        self, waiting: Ticket | queue.SimpleQueue[Status | None], parts: list[Any]
    ) -> None:
        with self._guard:
            connection = self._connected()
            self._last += 1
            self._waiting[self._last] = waiting
            line = canonical([self._last, *parts]) + "\n"
            try:
                connection.sendall(utf8(line))
            except OSError:  # the writer takes no line without its end: nothing is done
                self._waiting.pop(self._last, None)
                self._connection = None
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                raise ExchangeHalted from None

    def _connected(self) -> socket.socket:
        """Return the connection, made anew if it broke; or ExchangeHalted."""
        if self._connection is None:
            try:
                self._connection, self._waiting = dial(self._url), {}
            except OSError:
                raise ExchangeHalted from None
            threading.Thread(
                target=self._listen,
                args=(self._connection, self._waiting),
                daemon=True,
            ).start()
        return self._connection

    def _listen(self, connection: socket.socket, waiting: Waiting) -> None:
        """Hand the answers out; when the line breaks, outcomes are unknown.

        Only those that *waiting* holds: others may wait on a newer line already.
        """
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    _answer(waiting, json.loads(line))
        except BROKEN:
            log.warning("writer.line_broken")  # in the middle of an answer, perhaps
        with self._guard:
            if self._connection is connection:
                self._connection = None
            left = list(waiting.values())
            waiting.clear()
        connection.close()
        for asker in left:
            if isinstance(asker, Ticket):
                asker.settle(OutcomeUnknown())
            else:
                asker.put(None)


def _answer(waiting: Waiting, parts: list[Any]) -> None:
    """Give the answer *parts* to whoever waits for it."""
    asker = waiting[parts[0]]
    if not isinstance(asker, Ticket):
        asker.put(Status(*parts[1:]))
    elif parts[1] == "done":
        kind = type(asker.command).__name__
        asker.settle(Outcome(parts[2], parts[3], decode_result(kind, parts[4])))
    elif parts[1] == "refused":
        asker.settle(rebuild(parts[2], parts[3]))
    else:
        asker.settle(None)
    del waiting[parts[0]]  # not before it is answered: the line may break in between


class WriterServer:
    """The writer's end: every connection is a web worker with many askers."""

    def __init__(self, url: str, exchange: Exchange) -> None:
        """Listen at *url* for commands to *exchange*."""
        self.exchange = exchange
        self._server = listen(url)
        self.address = self._server.getsockname()

    def serve(self) -> None:
        """Take connections until `stop`."""
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            Line(connection, self.exchange).start()

    def stop(self) -> None:
        """Take no more connections."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class Line:
    """One connection of the writer: a thread that reads, a thread that answers."""

    def __init__(self, connection: socket.socket, exchange: Exchange) -> None:
        """Serve *connection* from *exchange*."""
        self._connection = connection
        self._exchange = exchange
        self._answers: queue.SimpleQueue[list[Any] | None] = queue.SimpleQueue()

    def start(self) -> None:
        """Begin reading and answering."""
        for target in (self._read, self._write):
            threading.Thread(target=target, daemon=True).start()

    def _read(self) -> None:
        try:
            with self._connection.makefile("rb") as lines:
                while (line := lines.readline(LINE_MAX)).endswith(b"\n"):
                    self._take(json.loads(line))
        except BROKEN:
            log.warning("writer.line_broken")
        self._answers.put(None)

    def _take(self, parts: list[Any]) -> None:
        number, kind = parts[0], parts[1]
        if kind == STATUS:
            self._answers.put([number, *self._exchange.status()])
            return
        command, key = decode(kind, parts[2]), parts[3]
        ticket = Ticket(command, key, lambda t: self._answers.put(answer(number, t)))
        try:
            self._exchange.enter(ticket)
        except Refusal as refusal:
            ticket.settle(refusal)

    def _write(self) -> None:
        try:
            more = True
            while more:
                lines = [self._answers.get()]
                while not self._answers.empty():
                    lines.append(self._answers.get())
                more = None not in lines  # the asker has hung up
                text = "".join(canonical(line) + "\n" for line in lines if line)
                self._connection.sendall(utf8(text))
        except OSError:
            log.warning("writer.line_broken")
        self._connection.close()


def answer(number: int, ticket: Ticket) -> list[Any]:
    """Return a settled ticket as the parts of an answer."""
    if isinstance(ticket.answer, Refusal):
        return [number, "refused", ticket.answer.code, ticket.answer.facts()]
    if ticket.answer is None:
        return [number, "repeated"]
    return [number, "done", *ticket.answer]
