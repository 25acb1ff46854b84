"""Processes of the benchmark `delivery`: the vendor's service, and the server.

``python -m tests.speed._proxy backend`` answers every request with the same JSON;
``python -m tests.speed._proxy serve DATA HOST:PORT PORT`` is the whole server, with a
bare proxy beside it at ``/bare/``: the same forwarder, no key, no limit, no meter.
"""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask

from marketplace.cli.serve import Server
from marketplace.config import Config
from marketplace.metering.calling import Wanted, _passed, _sent
from marketplace.metering.forwarding import Asked, Forwarder
from marketplace.outgoing import checked

BODY = b'{"data": [{"code": "58362"}]}'
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
ANSWER = HEAD % len(BODY) + BODY
BARE = "/bare/"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def backend() -> None:
    """Serve the same answer until killed; print the port first."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Bare(Server):
    """The server with the bare proxy beside it."""

    def __init__(self, config: Config) -> None:
        """Forward to the one place that may be called."""
        self._target = f"http://{config.reachable[0]}/v2/a"
        self._reachable = config.reachable
        super().__init__(config, "127.0.0.1", 1)

    def load(self) -> Flask:
        """Return the application, the bare route before everything else."""
        app = super().load()
        inner, forwarder = app.wsgi_app, Forwarder(self._reachable)
        parts, wanted = (
            checked(self._target, self._reachable),
            Wanted("GET", "", {}, b""),
        )

        def front(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            if not environ["PATH_INFO"].startswith(BARE):
                return inner(environ, start)
            reply = forwarder.send(Asked("GET", parts, _sent(wanted), b"", 10.0))
            body = b"".join(reply.pieces())
            reply.close()
            length = ("Content-Length", str(len(body)))
            start("200 OK", [*_passed(reply.headers), length])
            return (body,)

        app.wsgi_app = front  # type: ignore[method-assign]
        return app


if __name__ == "__main__":
    if sys.argv[1] == "backend":
        asyncio.run(backend())
    else:
        data, reachable, port = sys.argv[2:]
        settings = replace(
            Config.at(Path(data)), port=int(port), rate_limits=False,
            reachable=(reachable,),
        )  # fmt: skip
        Bare(settings).run()
