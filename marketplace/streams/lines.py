"""One open stream: a socket that is written to without waiting for its reader."""

import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from marketplace.streams.channels import Channel, Position, written

WAITING_MAX = 256 * 1024  # bytes that a reader may be behind
KERNEL_BYTES = 64 * 1024  # that the system keeps for each, beside ours
SLOW, RENEW, STOPPING = "slow_consumer", "renew", "stopping"
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stream was opened for."""

    channel: Channel
    holder: str  # whom it counts for: a member or an address
    after: Position | None  # the last event that the reader has
    on_end: Callable[[], None] | None = None  # told when it ends, whoever ends it


@dataclass(eq=False, slots=True)
class Line:
    """A stream's socket; only the thread that serves it touches it."""

    asked: Asked
    socket: socket.socket
    chunked: bool  # as HTTP/1.1 frames an answer without a known length
    opened_s: float
    waiting: deque[bytes] = field(default_factory=deque)
    size: int = 0  # bytes of *waiting*
    begun: bool = False  # the first of *waiting* has been sent in part
    ended: str | None = None  # why nothing more is taken
    ended_s: float = 0.0
    listener: Callable[[bytes], None] | None = None  # as the channel knows it

    def __post_init__(self) -> None:
        """Never wait for the reader."""
        self.socket.setblocking(False)
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def put(self, text: bytes) -> bool:
        """Take an event to be sent; false if the reader is too far behind for it."""
        if self.ended is not None or not text:
            return True
        if self.size + len(text) > WAITING_MAX:
            return False
        self._append(text)
        return True

    def end(self, reason: str, at_s: float) -> None:
        """Say why the stream ends, as the last event; what waits is left unsent."""
        if self.ended is not None:
            return
        self.ended, self.ended_s = reason, at_s
        kept = self.waiting.popleft() if self.begun else None
        self.waiting.clear()
        self.size = 0
        if kept is not None:  # half an event would garble the last one
            self.waiting.append(kept)
            self.size = len(kept)
        self._append(written("end", None, {"reason": reason}))
        if self.chunked:
            self.waiting.append(LAST_CHUNK)
            self.size += len(LAST_CHUNK)

    def flush(self) -> bool:
        """Send what the system takes; true if nothing waits. OSError if hung up."""
        while self.waiting:
            piece = self.waiting[0]
            try:
                sent = self.socket.send(piece)
            except BlockingIOError:
                return False
            self.size -= sent
            if sent < len(piece):
                self.waiting[0] = piece[sent:]
                self.begun = True
                return False
            self.waiting.popleft()
            self.begun = False
        return True

    def hung_up(self) -> bool:
        """Tell whether the reader has gone; what it says is not listened to."""
        try:
            return not self.socket.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _append(self, text: bytes) -> None:
        framed = b"%x\r\n%b\r\n" % (len(text), text) if self.chunked else text
        self.waiting.append(framed)
        self.size += len(framed)
