"""A stream as the answer to a request: over its socket, or a look at a time.

Our own worker hands the socket over. Any other server would need a thread for each
stream; there the answer is what there is to tell now, and the reader comes back with
its Last-Event-ID after RETRY_MS.
"""

from collections.abc import Iterator
from functools import partial

from flask import Flask, Response, current_app, request

from marketplace.members.signing import me
from marketplace.services import EXTENSION, Services
from marketplace.streams.channels import Kind, Position
from marketplace.streams.disconnects import Guard
from marketplace.streams.feed import Feed
from marketplace.streams.lines import Asked
from marketplace.streams.worker import HandedOver

FEED = "databourse feed"
ON_SOCKETS = "STREAMS_ON_SOCKETS"  # set by the server whose worker hands sockets over
RETRY_MS = 2_000
MIMETYPE = "text/event-stream"
LAST_EVENT = "Last-Event-ID"


def init_app(app: Flask) -> None:
    """Give the application its feed; it is closed before the services are."""
    parts: Services = app.extensions[EXTENSION]
    feed = Feed(parts.reads)
    app.extensions[FEED] = feed
    parts.closing.callback(feed.close)


def feed() -> Feed:
    """Return the feed of the running application."""
    found: Feed = current_app.extensions[FEED]
    return found


def answer(
    kind: Kind, number: int, after: str | None, guard: Guard | None = None
) -> Response:
    """Answer with the stream of a place, after a position if it is still kept.

    Last-Event-ID counts before *after*. *guard* is told when the stream ends.
    """
    user = me()
    holder = f"{user.member}" if user.is_authenticated else f"at {request.remote_addr}"
    position = Position.read(request.headers.get(LAST_EVENT, after or ""))
    on_end = guard.end if guard is not None else None
    asked = feed().ask(kind, number, holder, position, on_end)
    if guard is not None:
        guard.begin()
    on_sockets = bool(current_app.config.get(ON_SOCKETS)) and request.method == "GET"
    body = Body(feed(), asked, on_sockets=on_sockets)
    stream = Response(body, mimetype=MIMETYPE)
    # No proxy may keep a stream to itself until it is over.
    stream.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    return stream


class Body:
    """What is sent: first how soon to come back, then the stream, or what is new."""

    def __init__(self, feed: Feed, asked: Asked, *, on_sockets: bool) -> None:
        """Serve *asked* by *feed*, over its socket if that is handed over here."""
        self._feed = feed
        self._asked = asked
        self._on_sockets = on_sockets
        self._over = False  # ended, or it goes on elsewhere
        self._parts = self._tell()

    def __iter__(self) -> Iterator[bytes]:
        """Return the parts."""
        return self._parts

    def close(self) -> None:
        """Forget the stream, unless it goes on elsewhere."""
        if not self._over:
            self._over = True
            self._feed.dismiss(self._asked)

    def _tell(self) -> Iterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        if self._on_sockets:
            self._over = True
            raise HandedOver(partial(self._feed.adopt, self._asked))
        yield self._feed.told(self._asked)
        self.close()
