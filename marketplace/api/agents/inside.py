"""Requests that this process sends to itself, as if they had come from outside.

A tool is an operation of the API, no second way to do the same: keys, limits, refusals
and records are those of any other request.
"""

from collections.abc import Mapping
from contextvars import Context
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import current_app, request
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

from marketplace.api.document import PREFIX

PASSED_ON = ("Authorization", "Accept-Language")
EXTENSION = "description of the api"
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Request(NamedTuple):
    """What is asked of the API."""

    method: str
    path: str
    query: Mapping[str, Any] = NOTHING
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = NOTHING


def ask(asked: Request) -> Response:
    """Return the API's answer to *asked*, for who sent the present request."""
    passed = {n: request.headers[n] for n in PASSED_ON if n in request.headers}
    builder = EnvironBuilder(
        path=asked.path,
        base_url=request.host_url,
        method=asked.method,
        query_string={name: _said(value) for name, value in asked.query.items()},
        json=asked.body,
        headers=[*passed.items(), *asked.headers.items()],
    )
    environ = builder.get_environ() | {"REMOTE_ADDR": request.remote_addr or ""}
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    # In a context of its own, what belongs to one request cannot reach the other.
    answer = Context().run(run_wsgi_app, app.wsgi_app, environ, buffered=True)
    return Response(*answer)


def _said(value: Any) -> Any:
    """Return a value of a query as an address has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str | int | list) else str(value)


def description() -> dict[str, Any]:
    """Return the API's OpenAPI description, asked for once by each process."""
    known: dict[str, Any] | None = current_app.extensions.get(EXTENSION)
    if known is None:
        answer = ask(Request("GET", f"{PREFIX}/openapi.json"))
        assert answer.status_code == HTTPStatus.OK, answer.status
        known = current_app.extensions[EXTENSION] = answer.get_json()
    return known
