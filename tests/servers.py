"""Local HTTP servers of tests, that keep quiet when a client leaves."""

import sys
from http.server import ThreadingHTTPServer
from typing import Any


class QuietServer(ThreadingHTTPServer):
    """A server on 127.0.0.1 whose clients may leave in the middle of an answer.

    Printing a traceback parses source in the server's thread, and in older Pythons
    two threads that parse at once can fail each other (CPython issue 106905):
    an application that a test makes at that moment would not start.
    """

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over what a client that left causes, and tell everything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
