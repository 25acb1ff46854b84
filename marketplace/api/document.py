"""The API's own description: OpenAPI 3.1, with refusals as problem documents."""

import threading
from http import HTTPStatus
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from marshmallow import INCLUDE, Schema, fields

from marketplace.api.fields import Currency, Cursor, Id

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"
SCHEME = "key"
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
DESCRIPTION = """\
Everything that the pages of the exchange can do.

- **Keys.** `Authorization: Bearer dbk_…`. Make a key on the page *Account*; its scopes
  (read, trade, vendor, staff) narrow what its user may do. Cookies count for nothing
  here.
- **Numbers.** Amounts and prices are whole numbers of minor units (fen, cents) with the
  currency beside them; names that end in `_us` are microseconds since 1970, UTC.
- **Lists** come newest first unless said; hand `next` back as `cursor`.
- **Refusals** are problem documents (RFC 9457) with a stable `code` and the facts.
- **Idempotency-Key.** The same key with the same request is carried out once and
  answered alike; with another request it is refused.
"""


class ProblemSchema(Schema):
    """Why a request was not carried out; more members are the facts of the refusal."""

    class Meta:
        """Facts differ from refusal to refusal."""

        unknown = INCLUDE

    type = fields.String(required=True, metadata={"description": "Its address here."})
    title = fields.String(required=True, metadata={"description": "For people."})
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "For programs."})


class Document(Api):
    """smorest's description of our blueprints, without its own answers to errors.

    It would take over the errors of pages and drop ``Allow`` and ``Retry-After``.
    """

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        """Describe what will be registered with *app*."""
        self._untold: list[Any] = []
        self._telling = threading.Lock()
        super().__init__(app)

    def register_blueprint(self, blp: Any, **_options: Any) -> None:
        """Register a blueprint now; its description can wait.

        Describing all of them takes as long as the rest of the application's start.
        """
        assert self._app is not None
        known = self._app.extensions["flask-smorest"]["blp_name_to_api"]
        known[blp.name] = self
        self._app.register_blueprint(blp)
        self._untold.append(blp)

    def _openapi_json(self) -> Any:
        """Answer with the description, worked out when somebody first asks for it."""
        with self._telling:
            while self._untold:
                self._tell(self._untold.pop(0))
            return super()._openapi_json()

    def _tell(self, blp: Any) -> None:
        """Describe a blueprint under its tag, not under its name in the application."""
        blp.register_views_in_doc(
            self, self._app, self.spec, name=blp.name, parameters=None
        )
        assert self.spec is not None
        self.spec.tag({"name": blp.tag, "description": blp.description})

    def _register_error_handlers(self) -> None:
        """Leave errors to `marketplace.errors`."""

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status >= HTTPStatus.OK and status not in BODILESS:
                response["schema"] = self.ERROR_SCHEMA
            self._respond(status.name, response)
        told = {"description": "Refused; see `code`.", "schema": self.ERROR_SCHEMA}
        self._respond(self.DEFAULT_ERROR_RESPONSE_NAME, told)

    def _respond(self, name: str, response: dict[str, Any]) -> None:
        prepare_response(response, self.spec, PROBLEM)
        self.spec.components.response(name, response, lazy=True)


def describe(app: Flask, version: str) -> Document:
    """Return the description, served at ``/api/v1/openapi.json``."""
    app.config.update(
        API_TITLE="Databourse",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
            "servers": [{"url": "/"}],
            "components": {
                "securitySchemes": {SCHEME: {"type": "http", "scheme": "bearer"}}
            },
        },
    )
    document = Document(app)
    for field in (Id, Currency, Cursor):
        document.register_field(field, "string", None)
    return document
