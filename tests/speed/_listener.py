"""Readers of many streams in a process of their own: count events, measure their age.

Reads a plan (JSON) from a line of its standard input, says "ready" when every stream
has begun, and when its input ends writes what it has heard.
"""

import asyncio
import json
import sys
from typing import NamedTuple

from settlement import clock

OPEN_S = 60


class Listening(NamedTuple):
    """Which streams to open: (path, API key) of each."""

    port: int
    streams: list[tuple[str, str]]


class Heard(NamedTuple):
    """What came: events, how old the trades among them were, what was amiss."""

    events: int
    ages_s: list[float]
    gaps: int
    refused: int


class Ear:
    """One stream."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.begun = asyncio.Event()
        self.events = self.gaps = 0
        self.ages_s: list[float] = []
        self.refused = False
        self._position = ""

    async def listen(self, port: int, path: str, secret: str) -> None:
        """Open a stream and hear it to its end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = (f"GET {path} HTTP/1.1", "Host: 127.0.0.1")
        key = f"Authorization: Bearer {secret}"
        writer.write("\r\n".join([*lines, key, "", ""]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        self.refused = b" 200 " not in head.split(b"\r\n")[0]
        if self.refused:
            self.begun.set()
            writer.close()
            return
        async for line in reader:
            if line.startswith(b"data: "):
                self._hear(json.loads(line[6:]))

    def _hear(self, event: dict[str, object]) -> None:
        self.events += 1
        previous, missed = event.get("previous"), False
        if self.begun.is_set():
            missed = previous != self._position
            trades = event.get("trades", [])
            assert isinstance(trades, list)
            now_us = clock.now_us()
            self.ages_s += [(now_us - t["at_us"]) / clock.SECOND_US for t in trades]
        self.gaps += missed
        self._position = str(event.get("position"))
        self.begun.set()


async def listen(plan: Listening) -> Heard:
    """Hear every stream of *plan* until the standard input ends."""
    ears = [Ear() for _ in plan.streams]
    tasks = [
        asyncio.create_task(ear.listen(plan.port, *stream))
        for ear, stream in zip(ears, plan.streams, strict=True)
    ]
    async with asyncio.timeout(OPEN_S):
        await asyncio.gather(*(ear.begun.wait() for ear in ears))
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    return Heard(
        sum(ear.events for ear in ears),
        sorted(age for ear in ears for age in ear.ages_s),
        sum(ear.gaps for ear in ears),
        sum(ear.refused for ear in ears),
    )


if __name__ == "__main__":
    port, streams = json.loads(sys.stdin.readline())
    plan = Listening(port, [(path, secret) for path, secret in streams])
    print(json.dumps(asyncio.run(listen(plan))))
