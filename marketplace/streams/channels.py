"""Channels: what happens in one place, as numbered events that can be resumed.

A channel's position is that of its last event. Each event names the position before it,
so that whoever misses one sees the gap, and asks again from where they were.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, Self

from sqlalchemy import Connection

HISTORY_MAX = 256  # events that a channel can repeat; after more there is a snapshot
POSITION_MAX = 40  # characters

Parts = dict[str, Any]


class Position(NamedTuple):
    """How far: the journal's record, and the last trade on the public tape."""

    seq: int
    tape: int = 0

    def __str__(self) -> str:
        """Return the position as the id of an event."""
        return f"{self.seq}.{self.tape}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the position that *text* is, or None if it is none."""
        seq, dot, tape = text[:POSITION_MAX].partition(".")
        digits = seq.isascii() and seq.isdigit() and tape.isascii() and tape.isdigit()
        return cls(int(seq), int(tape)) if dot and digits else None


class Seen(NamedTuple):
    """What one look at a place gave: how far it is, and all that may change there."""

    position: Position
    state: Any
    news: Any = None  # what happened since the last look and is no state: trades


class Kind(Protocol):
    """What channels of one kind watch."""

    def look(self, db: Connection, known: Mapping[int, Seen | None]) -> dict[int, Seen]:
        """Look at the places whose numbers are the keys; None: for the first time."""

    def snapshot(self, seen: Seen) -> Parts:
        """Return all there is to see."""

    def change(self, before: Seen, after: Seen) -> Parts:
        """Return what is different; nothing if nothing is."""


class Event(NamedTuple):
    """One event as it is sent."""

    position: Position
    text: bytes


class Channel:
    """One place that streams watch."""

    def __init__(self, kind: Kind, number: int, seen: Seen) -> None:
        """Begin with what was *seen* at first."""
        self.kind = kind
        self.number = number
        self.seen = seen
        self.begins = seen.position
        self.position = seen.position
        self.history: deque[Event] = deque(maxlen=HISTORY_MAX)
        self.listeners: set[Callable[[bytes], None]] = set()
        self.idle_s: float | None = None  # since when nobody listens

    def advance(self, seen: Seen) -> bool:
        """Take the next look; tell the listeners what is different, if anything is."""
        before, self.seen = self.seen, seen
        parts = self.kind.change(before, seen)
        if not parts:
            return False
        told = {"previous": str(self.position), **parts}
        text = written("change", seen.position, told)
        if len(self.history) == HISTORY_MAX:
            self.begins = self.history[0].position
        self.position = seen.position
        self.history.append(Event(seen.position, text))
        for listener in tuple(self.listeners):
            listener(text)
        return True

    def since(self, position: Position | None) -> bytes:
        """Return the events after *position*, or a snapshot where they are not kept."""
        if position == self.position:
            return b""
        if position == self.begins:
            return b"".join(event.text for event in self.history)
        kept = list(self.history)
        for place, event in enumerate(kept):
            if event.position == position:
                return b"".join(later.text for later in kept[place + 1 :])
        parts = {"previous": None, **self.kind.snapshot(self.seen)}
        return written("snapshot", self.position, parts)


def written(kind: str, position: Position | None, data: Parts) -> bytes:
    """Return an event as text/event-stream has it (HTML Standard, § 9.2)."""
    name = "" if position is None else f"id: {position}\n"
    said = data if position is None else {"position": str(position), **data}
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return f"{name}event: {kind}\ndata: {body}\n\n".encode()
