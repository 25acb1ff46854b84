"""A client in a process of its own: asks over kept connections, at a rate or at once.

Reads a plan (JSON) from its standard input, writes what it measured to its output. At
a rate the clock of an answer starts when the request was due, not when a connection was
free for it, so that a server that falls behind cannot hide it (open loop).
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from settlement import clock

TIMEOUT_S = 30
BROKEN = 0  # the status of a connection that ended instead of an answer


class Plan(NamedTuple):
    """What to ask: request *i* is due *i* / *rate* seconds after the start.

    A *rate* of 0 asks again on each connection as soon as it has its answer.
    """

    port: int
    requests: list[str]
    rate: int
    connections: int


class Measured(NamedTuple):
    """What came of it: answers by status, and how long each took, in seconds."""

    seconds: float
    statuses: dict[str, int]
    latencies: list[float]


class Line:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        """Connect to *port* when first needed."""
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """Send *request* and read the whole answer; its status, or BROKEN."""
        kept = self._streams is not None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._ask(request)
        except asyncio.IncompleteReadError as broken:
            self.close()
            # A server may end an idle connection just when it is used again.
            return BROKEN if broken.partial or not kept else await self.ask(request)
        except ConnectionError:
            self.close()
            return await self.ask(request) if kept else BROKEN
        except (OSError, TimeoutError):
            self.close()
            return BROKEN

    async def _ask(self, request: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        if b"connection: close" in head:
            self.close()
        return int(head.split(maxsplit=2)[1])

    def close(self) -> None:
        """End the connection; the next question opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def drive(plan: Plan) -> Measured:
    """Carry out *plan*."""
    requests = [text.encode() for text in plan.requests]
    idle: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
    for _ in range(plan.connections):
        idle.put_nowait(Line(plan.port))
    statuses: Counter[str] = Counter()
    latencies: list[float] = []
    began_s = clock.elapsed_s()

    async def send(request: bytes, line: Line, due_s: float) -> None:
        status = await line.ask(request)
        latencies.append(clock.elapsed_s() - due_s)
        statuses[str(status)] += 1
        idle.put_nowait(line)

    async def wait(request: bytes, due_s: float) -> None:
        await send(request, await idle.get(), due_s)

    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(requests):
            if plan.rate:
                due_s = began_s + number / plan.rate
                await asyncio.sleep(max(0, due_s - clock.elapsed_s()))
                group.create_task(wait(request, due_s))
            else:
                line = await idle.get()
                group.create_task(send(request, line, clock.elapsed_s()))
    return Measured(clock.elapsed_s() - began_s, dict(statuses), latencies)


def request_of(
    method: str, path: str, secret: str, body: object = None, key: str = ""
) -> str:
    """Return an HTTP/1.1 request as it goes over the wire."""
    text = "" if body is None else json.dumps(body)
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {secret}",
        *([f"Idempotency-Key: {key}"] if key else []),
        *(["Content-Type: application/json"] if text else []),
        f"Content-Length: {len(text)}",
    ]
    return "\r\n".join([*lines, "", text])


def quantile(sorted_values: Sequence[float], share: float) -> float:
    """Return the value that *share* of *sorted_values* do not exceed."""
    place = min(len(sorted_values) - 1, int(share * len(sorted_values)))
    return sorted_values[place]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(drive(Plan(*json.load(sys.stdin))))))
