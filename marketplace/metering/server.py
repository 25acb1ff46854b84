"""Calls as they come in: before Flask, since a call is worth less than a page.

``/api/services/ENTITLEMENT/PATH``: what comes after the right is handed to the vendor's
address with the vendor's secret; the answer comes back as it is, in pieces.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask

from marketplace.errors import problem, refused
from marketplace.metering.calling import SENT, Caller, Wanted
from marketplace.metering.gate import Gate, come_of
from marketplace.metering.meter import FOLDER, Meter
from marketplace.services import EXTENSION, Services
from settlement.errors import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse as Start

PATH = "/api/services/"
CALLER = "databourse caller"
BODY_MAX = 1024 * 1024  # bytes of a request
TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Serve calls below PATH; everything else goes on to Flask."""
    parts: Services = app.extensions[EXTENSION]
    meter = Meter(parts.config.data / FOLDER)
    gate = Gate(parts.reads, parts.writes, parts.vault)
    caller = Caller(gate, meter, parts.vault, parts.config.reachable)
    app.extensions[CALLER] = caller
    parts.closing.callback(meter.close)
    parts.closing.callback(caller.forwarder.close)
    app.wsgi_app = Front(app, caller)  # type: ignore[method-assign,assignment]


class Front:
    """The WSGI application in front of Flask's."""

    def __init__(self, app: Flask, caller: Caller) -> None:
        """Answer calls with *caller*, everything else with *app*."""
        self._app, self._inner, self._caller = app, app.wsgi_app, caller

    def __call__(self, environ: dict[str, Any], start: "Start") -> Iterable[bytes]:
        """Answer one request."""
        if not environ.get("PATH_INFO", "").startswith(PATH):
            return self._inner(environ, start)
        return self._serve(environ, start)

    def _serve(self, environ: dict[str, Any], start: "Start") -> Iterable[bytes]:
        try:
            body = self._read(environ)
            if body is None:
                return self._problem(environ, start, TOO_LARGE)
            if environ["REQUEST_METHOD"] not in METHODS:
                return self._problem(environ, start, HTTPStatus.METHOD_NOT_ALLOWED)
            entitlement, path = _divided(environ)
            admitted = self._caller.gate.admit(come_of(environ, entitlement, body))
            wanted = Wanted(environ["REQUEST_METHOD"], path, _headers(environ), body)
            given = self._caller.call(admitted, wanted)
        except Refusal as refusal:
            with self._app.request_context(environ):
                return refused(refusal)(environ, start)
        except Exception:  # whatever it is, the program must be told
            log.exception("metering.broken")
            return self._problem(environ, start, HTTPStatus.INTERNAL_SERVER_ERROR)
        reason = _PHRASES.get(given.status, "")
        start(f"{given.status} {reason}", given.headers)
        return given.pieces

    def _problem(
        self, environ: dict[str, Any], start: "Start", status: HTTPStatus
    ) -> Iterable[bytes]:
        with self._app.request_context(environ):
            code = status.name.lower()
            return problem(status, code, status.phrase, {})(environ, start)

    @staticmethod
    def _read(environ: dict[str, Any]) -> bytes | None:
        """Return the body of a request; None if it is too long."""
        length = environ.get("CONTENT_LENGTH") or "0"
        chunked = "HTTP_TRANSFER_ENCODING" in environ
        if length == "0" and not chunked:
            return b""
        if not length.isdigit() or int(length) > BODY_MAX:
            return None
        most = BODY_MAX + 1 if chunked else int(length)
        body: bytes = environ["wsgi.input"].read(most)
        return None if len(body) > BODY_MAX else body


_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def _divided(environ: dict[str, Any]) -> tuple[str, str]:
    """Return the right that a request names, and what comes after it, as sent."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    rest = raw.partition(PATH)[2]
    path, mark, query = rest.partition("?")
    entitlement, _, path = path.partition("/")
    return entitlement, path + mark + query


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name in SENT:
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        if environ.get(key):
            found[name] = environ[key]
    return found
