"""Stored content on its way: whole or from a place on, as long as a check passes."""

import os
from collections.abc import Callable
from contextlib import ExitStack

from flask import Response, request
from werkzeug.wsgi import FileWrapper

from listings.files import Storage
from settlement import clock
from settlement.errors import Refusal

LOOK_S = 0.5  # how often it is looked whether it may go on (invariant E2)
PIECE = 256 * 1024  # bytes


class Content(FileWrapper):
    """A stored file, sent in pieces; it can be sought in, and ends with a refusal."""

    def __init__(self, files: Storage, key: str, check: Callable[[], None]) -> None:
        """Send what is stored under *key* while *check* refuses nothing; NotFound."""
        self._check = check
        self._opened = ExitStack()
        file = self._opened.enter_context(files.open(key))
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        super().__init__(file, PIECE)
        self._looked_s = clock.elapsed_s()

    def __next__(self) -> bytes:
        if clock.elapsed_s() - self._looked_s >= LOOK_S:
            self._looked_s = clock.elapsed_s()
            try:
                self._check()
            except Refusal:
                raise StopIteration from None
        return super().__next__()

    def close(self) -> None:
        """Let go of the file; the server calls it at the end, whatever that was."""
        self._opened.close()


def ranged(content: Content, etag: str, media_type: str) -> Response:
    """Answer with content, whole or the range that is asked for (RFC 9110, §14).

    206 for one range, 416 for one that is not there; what is asked for only if it is
    unchanged (If-Range) comes whole where it is not.
    """
    answer = Response(content, mimetype=media_type, direct_passthrough=True)
    answer.content_length = content.size
    answer.set_etag(etag)
    answer.headers["Accept-Ranges"] = "bytes"
    try:
        answer.make_conditional(
            request, accept_ranges=True, complete_length=content.size
        )
    except BaseException:
        content.close()
        raise
    return answer
