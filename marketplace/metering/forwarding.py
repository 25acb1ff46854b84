"""Calls to vendors' services: over kept connections, to checked addresses only.

Every address is checked as `outgoing` does when a connection is made, and a connection
stays with the address that was checked. A call is sent again only where that is safe:
when nothing was sent at all, or when a connection that was kept turned out to have been
closed and the method changes nothing (RFC 9110 §9.2.2).
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from socket import SHUT_RDWR
from typing import NamedTuple
from urllib.parse import SplitResult

from marketplace import outgoing
from marketplace.outgoing import NotReachable
from settlement import clock

CONNECT_S = 3.0
PIECE_S = 10.0  # for each piece of an answer
ALL_S = 300.0  # for a whole answer
KEPT_S = 15.0  # a connection that waits
KEPT_MAX = 32  # connections that wait, of one place
PIECE = 64 * 1024  # bytes
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WATCH_S = 0.25  # how exactly time limits are kept

Place = tuple[str, str, int]  # scheme, host, port


class NoAnswer(Exception):
    """The service did not answer; *why* is a code."""

    def __init__(self, why: str) -> None:
        """Say why."""
        super().__init__(why)
        self.why = why


class Asked(NamedTuple):
    """What is sent."""

    method: str
    parts: SplitResult  # of the whole address, as `outgoing.checked` gave it
    headers: Mapping[str, str]
    body: bytes
    wait_s: float  # for the beginning of the answer


class Watch:
    """Cuts connections whose time is over, in one thread for all of them."""

    def __init__(self) -> None:
        """Start with none."""
        self._until: dict[HTTPConnection, tuple[float, object]] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, connection: HTTPConnection, until_s: float) -> None:
        """Cut *connection* at *until_s* unless `drop` comes first."""
        with self._guard:
            self._until[connection] = (until_s, connection.sock)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def drop(self, connection: HTTPConnection) -> None:
        """Leave *connection* alone."""
        with self._guard:
            self._until.pop(connection, None)

    def _run(self) -> None:
        rest = threading.Event()
        while True:
            rest.wait(WATCH_S)
            now_s = clock.elapsed_s()
            with self._guard:
                over = [c for c, (until, _) in self._until.items() if until <= now_s]
                cut = [self._until.pop(connection)[1] for connection in over]
            for there in cut:
                with suppress(OSError, AttributeError):
                    there.shutdown(SHUT_RDWR)  # type: ignore[attr-defined]


class Forwarder:
    """Sends calls and keeps connections; its methods suit any thread."""

    def __init__(self, reachable: Sequence[str] = ()) -> None:
        """Start; *reachable* is what may be called though not public, in tests."""
        self.reachable = reachable
        self._kept: dict[Place, deque[tuple[float, HTTPConnection]]] = {}
        self._watch = Watch()

    def send(self, asked: Asked) -> "Reply":
        """Send a call; its answer has begun. NoAnswer says why there is none."""
        connection, fresh = self._connection(asked)
        try:
            return self._once(connection, asked)
        except NoAnswer as failure:
            if fresh or failure.why != "closed" or asked.method not in SAFE:
                raise
        return self._once(self._new(asked), asked)

    def give_back(self, connection: HTTPConnection, place: Place) -> None:
        """Keep a connection whose answer was read to its end."""
        self._watch.drop(connection)
        kept = self._kept.setdefault(place, deque(maxlen=KEPT_MAX))
        if len(kept) == KEPT_MAX or connection.sock is None:
            connection.close()
        else:
            kept.append((clock.elapsed_s(), connection))

    def throw_away(self, connection: HTTPConnection) -> None:
        """Close a connection that cannot be used again."""
        self._watch.drop(connection)
        connection.close()

    def close(self) -> None:
        """Close what waits."""
        for kept in self._kept.values():
            while kept:
                kept.pop()[1].close()

    def _connection(self, asked: Asked) -> tuple[HTTPConnection, bool]:
        kept = self._kept.get(place_of(asked.parts))
        while kept:
            try:
                since_s, connection = kept.pop()
            except IndexError:  # another thread was faster
                break
            if clock.elapsed_s() - since_s < KEPT_S:
                return connection, False
            connection.close()
        return self._new(asked), True

    def _new(self, asked: Asked) -> HTTPConnection:
        try:
            return outgoing.connection_to(asked.parts, self.reachable, CONNECT_S)
        except NotReachable as refusal:
            raise NoAnswer(refusal.why) from None

    def _once(self, connection: HTTPConnection, asked: Asked) -> "Reply":
        """Send over *connection*; NoAnswer with "closed" if it was closed before."""
        self._watch.put(connection, clock.elapsed_s() + asked.wait_s)
        try:
            connection.sock.settimeout(asked.wait_s)
            target = asked.parts._replace(scheme="", netloc="").geturl() or "/"
            connection.request(
                asked.method, target, body=asked.body or None, headers=asked.headers
            )
            response = connection.getresponse()
        except TimeoutError:
            self.throw_away(connection)
            raise NoAnswer("too_slow") from None
        except (ConnectionError, HTTPException, AttributeError) as failure:
            self.throw_away(connection)
            gone = isinstance(failure, ConnectionError)
            raise NoAnswer("closed" if gone else "no_answer") from None
        except (OSError, ValueError):
            self.throw_away(connection)
            raise NoAnswer("no_answer") from None
        self._watch.put(connection, clock.elapsed_s() + ALL_S)
        if connection.sock is not None:
            connection.sock.settimeout(PIECE_S)
        return Reply(self, connection, response, place_of(asked.parts))


class Reply:
    """An answer that has begun; close it, read or not."""

    def __init__(
        self,
        forwarder: Forwarder,
        connection: HTTPConnection,
        response: HTTPResponse,
        place: Place,
    ) -> None:
        """Take an answer over."""
        self.status = response.status
        self.headers = response.headers
        self._forwarder, self._connection = forwarder, connection
        self._response, self._place = response, place
        self._closed = False

    def read(self, most: int) -> bytes | None:
        """Return the whole body if it has at most *most* bytes, else None.

        NoAnswer if it breaks off. After None, `pieces` begins with what was read.
        """
        try:
            self._ahead = self._response.read(most + 1)
        except (OSError, HTTPException, ValueError):
            self._ahead = b""
            raise NoAnswer("broken_off") from None
        return None if len(self._ahead) > most else self._ahead

    _ahead = b""

    def pieces(self) -> Iterator[bytes]:
        """Yield the body; OSError or HTTPException if it breaks off."""
        if self._ahead:
            yield self._ahead
            self._ahead = b""
        while piece := self._response.read1(PIECE):
            yield piece

    def close(self) -> None:
        """Keep the connection if all was read, else close it."""
        if self._closed:
            return
        self._closed = True
        if self._response.isclosed() and not self._response.will_close:
            self._forwarder.give_back(self._connection, self._place)
        else:
            self._response.close()
            self._forwarder.throw_away(self._connection)


def place_of(parts: SplitResult) -> Place:
    """Return where an address leads to."""
    port = parts.port or outgoing.PORTS[parts.scheme][0]
    return parts.scheme, parts.hostname or "", port
