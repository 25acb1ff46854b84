"""gunicorn's threads, which give the socket of a stream away and are free again."""

import socket
from typing import Any, Protocol

from gunicorn.workers.gthread import ThreadWorker

HTTP_1_0 = (1, 0)


class Adopt(Protocol):
    """Goes on with an answer."""

    def __call__(self, reader: socket.socket, /, *, chunked: bool) -> None:
        """Send the rest to *reader*, in chunks if the answer was begun so."""


class HandedOver(BaseException):
    """The rest of an answer is sent by somebody else, over the same socket.

    No Exception: gunicorn would log it and hang up.
    """

    def __init__(self, adopt: Adopt) -> None:
        """Let *adopt* have the socket once gunicorn has let go of it."""
        self.adopt = adopt


class Worker(ThreadWorker):
    """A worker of threads in which a stream holds none of them."""

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request; or begin to, and hand the connection over."""
        try:
            return super().handle_request(req, conn)
        except HandedOver as handed:
            conn.handed_over = True
            handed.adopt(conn.sock, chunked=req.version > HTTP_1_0)
            return False

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Hang up or keep the connection; one that was handed over is not ours."""
        if getattr(conn, "handed_over", False):
            self.nr_conns -= 1
            return
        super().finish_request(conn, fs)
