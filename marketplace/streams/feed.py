"""The feed: follows the journal and tells every stream, in a thread of its own.

One thread serves all sockets, so that streams take none from the requests. It looks at
the records by position, after the commit, with a tenth of a processor at most.
"""

import queue
import selectors
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import Engine

from marketplace.streams.channels import Channel, Kind, Position
from marketplace.streams.lines import RENEW, SLOW, STOPPING, Asked, Line
from marketplace.trading import watching
from settlement import clock
from settlement.errors import NotFound, Refusal

STREAMS_MAX = 600  # open at once in one process
STREAMS_EACH_MAX = 20  # of one member, or of one address without a key
CHANNELS_MAX = 1_000
POLL_S = 0.1  # between two looks at the journal
SHARE = 10  # times the processor time of a look, at least, before the next
REST_S = 60.0  # that a channel without streams is kept for those who come back
HEARTBEAT_S = 10.0
STREAM_S = 300.0  # that a stream lasts; then who may see is asked anew
FAREWELL_S = 5.0  # for a slow reader to hear why
SLEEP_S = 1.0  # when nobody listens
HEARTBEAT = b": \n\n"

Timer = tuple[float, Callable[[], object]]

log = structlog.get_logger()


@dataclass(eq=False)
class TooManyStreams(Refusal):
    """Too many streams are open; close one, or ask again later."""

    limit: int
    everybody: bool  # of all members together, not of this one
    retry_after_s: int = 30


@dataclass(eq=False)
class Feed:
    """All channels and open streams of one process; its methods suit any thread."""

    reads: Engine
    channels: dict[tuple[Kind, int], Channel] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)  # by socket
    held: Counter[str] = field(default_factory=Counter)
    watched: Counter[object] = field(default_factory=Counter)
    timers: dict[object, Timer] = field(default_factory=dict)
    _position: Position | None = None
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _new: "queue.SimpleQueue[Line]" = field(default_factory=queue.SimpleQueue)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def ask(
        self,
        kind: Kind,
        number: int,
        holder: str,
        after: Position | None,
        on_end: Callable[[], None] | None = None,
    ) -> Asked:
        """Let a stream of *number* begin, after a position if it is still kept.

        It counts for *holder* until `dismiss` or until the stream ends. NotFound, or
        TooManyStreams.
        """
        with self._guard:
            self._count(holder)
            try:
                channel = self._channel(kind, number)
            except BaseException:
                self._uncount(holder)
                raise
            if channel.idle_s is not None:  # keep it until the stream begins
                channel.idle_s = clock.elapsed_s()
            return Asked(channel, holder, after, on_end)

    def told(self, asked: Asked) -> bytes:
        """Return what there is to tell now, for a stream that ends with it."""
        with self._guard:
            self.step()
            return asked.channel.since(asked.after)

    def dismiss(self, asked: Asked) -> None:
        """Forget a stream that was asked for and is over."""
        with self._guard:
            self._uncount(asked.holder)
        if asked.on_end is not None:
            asked.on_end()

    def adopt(self, asked: Asked, reader: socket.socket, *, chunked: bool) -> None:
        """Serve a stream over the socket *reader* from now on."""
        line = Line(asked, reader, chunked, clock.elapsed_s())
        if self._stopping.is_set():
            line.close()
            self.dismiss(asked)
            return
        self._new.put(line)
        self._start()
        self._ring()

    def watch(self, key: object) -> None:
        """Count one more that is open of *key*; what was to happen then does not."""
        with self._guard:
            self.watched[key] += 1
            self.timers.pop(key, None)

    def unwatch(self, key: object, after_s: float, act: Callable[[], object]) -> None:
        """Count one less; after the last one call *act*, unless one comes in time."""
        with self._guard:
            self.watched[key] -= 1
            if self.watched[key]:
                return
            del self.watched[key]
            self.timers[key] = clock.elapsed_s() + after_s, act
        self._start()
        self._ring()

    def close(self) -> None:
        """Tell all streams that they end, and stop."""
        self._stopping.set()
        if self._thread is not None:
            self._ring()
            self._thread.join(FAREWELL_S)
            self._selector.close()
            self._ear.close()
            self._bell.close()

    def step(self) -> int:
        """Look at what the journal has brought; return how many channels told it."""
        with self._guard:
            if not self.channels:
                return 0
            with self.reads.connect() as db:
                position = Position(watching.freeze(db), watching.last_print(db))
            if position == self._position:
                return 0
            self._position = position
            return sum(self._look(kind) for kind in {k for k, _ in self.channels})

    # ── channels ──

    def _look(self, kind: Kind) -> int:
        known = {n: c.seen for (k, n), c in self.channels.items() if k is kind}
        if not known:
            return 0
        with self.reads.connect() as db:
            found = kind.look(db, known)
        return sum(
            self.channels[kind, number].advance(seen) for number, seen in found.items()
        )

    def _channel(self, kind: Kind, number: int) -> Channel:
        found = self.channels.get((kind, number))
        if found is None:
            if len(self.channels) >= CHANNELS_MAX:
                raise TooManyStreams(CHANNELS_MAX, everybody=True)
            with self.reads.connect() as db:
                looked = kind.look(db, {number: None})
            if number not in looked:
                raise NotFound("stream", str(number))
            found = self.channels[kind, number] = Channel(kind, number, looked[number])
            found.idle_s = clock.elapsed_s()
        return found

    def _count(self, holder: str) -> None:
        if self.held.total() >= STREAMS_MAX:
            raise TooManyStreams(STREAMS_MAX, everybody=True)
        if self.held[holder] >= STREAMS_EACH_MAX:
            raise TooManyStreams(STREAMS_EACH_MAX, everybody=False)
        self.held[holder] += 1

    def _uncount(self, holder: str) -> None:
        self.held[holder] -= 1
        if not self.held[holder]:
            del self.held[holder]

    # ── the thread ──

    def _start(self) -> None:
        with self._guard:
            if self._thread is None:
                self._selector = selectors.DefaultSelector()
                self._ear, self._bell = socket.socketpair()
                self._ear.setblocking(False)
                self._selector.register(self._ear, selectors.EVENT_READ)
                self._thread = threading.Thread(
                    target=self._serve, name="feed", daemon=True
                )
                self._thread.start()

    def _ring(self) -> None:
        with suppress(OSError):  # rung already, or closed
            self._bell.send(b"!")

    def _serve(self) -> None:
        next_s = beat_s = clock.elapsed_s()
        while not self._stopping.is_set():
            pause_s = next_s - clock.elapsed_s() if self.channels else SLEEP_S
            self._listen(max(0.0, min(pause_s, SLEEP_S)))
            self._open_new()
            began_s, worked_s = clock.elapsed_s(), clock.worked_s()
            if began_s >= next_s:
                self._follow()
                worked_s = clock.worked_s() - worked_s
                next_s = clock.elapsed_s() + max(POLL_S, SHARE * worked_s)
            if began_s - beat_s >= HEARTBEAT_S:
                beat_s = began_s
                for line in list(self.lines.values()):
                    self._tell(line, HEARTBEAT)
            self._tidy(began_s)
        self._open_new()
        for line in list(self.lines.values()):
            line.end(STOPPING, clock.elapsed_s())
            self._flush(line)
            self._drop(line)

    def _listen(self, timeout_s: float) -> None:
        """Wait for a bell, for readers that hang up or that can take more."""
        for key, mask in self._selector.select(timeout_s):
            line = self.lines.get(key.fd)
            if line is None:
                with suppress(BlockingIOError):
                    self._ear.recv(4096)
            elif mask & selectors.EVENT_READ and line.hung_up():
                self._drop(line)
            elif mask & selectors.EVENT_WRITE:
                self._flush(line)

    def _follow(self) -> None:
        try:
            self.step()
        except Exception:  # it must go on once the cause is gone
            log.exception("feed.cannot_follow")
            self._position = None

    def _open_new(self) -> None:
        while not self._new.empty():
            self._open(self._new.get())

    def _open(self, line: Line) -> None:
        """Begin to serve a line, with what it has missed or with a snapshot."""
        self.lines[line.socket.fileno()] = line
        self._selector.register(line.socket, selectors.EVENT_READ)
        with self._guard:
            channel = line.asked.channel
            missed = channel.since(line.asked.after)
            line.listener = partial(self._tell, line)
            channel.listeners.add(line.listener)
            channel.idle_s = None
        self._tell(line, missed or HEARTBEAT)

    def _tell(self, line: Line, text: bytes) -> None:
        if not line.put(text):
            log.info("feed.slow_consumer", holder=line.asked.holder)
            line.end(SLOW, clock.elapsed_s())
        self._flush(line)

    def _flush(self, line: Line) -> None:
        try:
            done = line.flush()
        except OSError:
            self._drop(line)
            return
        if done and line.ended is not None:
            self._drop(line)
            return
        wanted = selectors.EVENT_READ | (0 if done else selectors.EVENT_WRITE)
        self._selector.modify(line.socket, wanted)

    def _drop(self, line: Line) -> None:
        """Hang up; forget the stream."""
        if self.lines.pop(line.socket.fileno(), None) is None:
            return
        self._selector.unregister(line.socket)
        line.close()
        channel = line.asked.channel
        with self._guard:
            if line.listener is not None:
                channel.listeners.discard(line.listener)
            if not channel.listeners:
                channel.idle_s = clock.elapsed_s()
        self.dismiss(line.asked)

    def _tidy(self, now_s: float) -> None:
        """End what has lasted long enough; do what is due."""
        for line in list(self.lines.values()):
            if line.ended is not None and now_s - line.ended_s > FAREWELL_S:
                self._drop(line)
            elif now_s - line.opened_s > STREAM_S:
                line.end(RENEW, now_s)
                self._flush(line)
        with self._guard:
            for key, channel in list(self.channels.items()):
                if channel.idle_s is not None and now_s - channel.idle_s > REST_S:
                    del self.channels[key]
            due = [key for key, (at_s, _) in self.timers.items() if at_s <= now_s]
            acts = [self.timers.pop(key)[1] for key in due]
        for act in acts:
            threading.Thread(target=act, name="feed-later", daemon=True).start()
