"""A blueprint of the API: ids read from addresses, who may ask, pages of lists."""

import re
from collections.abc import Callable
from functools import cache, wraps
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from werkzeug.wrappers import Response as Answer

from marketplace.api.document import PREFIX, SCHEME
from marketplace.api.fields import Cursor, Digits, Long, pattern
from marketplace.api.reader import Reader
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading.commands import Command
from marketplace.trading.gateway import KEY_LENGTH_MAX
from settlement import ids
from settlement.store import PAGE_MAX

View = TypeVar("View", bound=Callable[..., Any])
IDS_IN = re.compile(r"<([a-z_]+)>")
LIMIT = 50
TRADERS = ("buyer", "vendor")
ETAG = {"ETag": {"schema": {"type": "string"}}}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag that you have; 304 if it is still the present one.",
    "schema": {"type": "string"},
}


class PageQuery(Schema):
    """Which part of a list."""

    cursor = Cursor(
        load_default=None, metadata={"description": "`next` of the page before"}
    )
    limit = Digits(1, PAGE_MAX, load_default=LIMIT)


class KeyHeader(Schema):
    """The header that makes a command happen once however often it is sent."""

    key = fields.String(
        data_key="Idempotency-Key",
        load_default=None,
        validate=Long(1, KEY_LENGTH_MAX),
        metadata={
            "pattern": "^[ -~]+$",
            "description": "The same key and request: the same answer, done once.",
        },
    )


class Done(Schema):
    """What there is to say of a step that answers nothing else."""

    seq = fields.Integer(
        required=True, metadata={"description": "Number of its journal record."}
    )
    at_us = fields.Integer(required=True)


class Resource(Blueprint):
    """One area of the API."""

    ARGUMENTS_PARSER = Reader()

    def __init__(self, name: str, module: str, description: str) -> None:
        """Serve below the prefix of the API; *name* is also its tag."""
        super().__init__(
            f"api-{name}", module, url_prefix=PREFIX, description=description
        )
        self.tag = name
        self.url_value_preprocessor(_decode_ids)

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, **more: Any
    ) -> None:
        """Add a rule, described by the view's name and what the ids in it look like."""
        more["parameters"] = [_parameter(name) for name in IDS_IN.findall(rule)]
        more["tags"] = [self.tag]
        named = self.doc(operationId=view_func.__name__)(view_func)
        super().add_url_rule(rule, endpoint, named, **more)

    def needs(self, *roles: str) -> Callable[[View], View]:
        """Let only a key of a user with one of *roles* in; none: any key."""

        def decorate(view: View) -> View:
            described = self.doc(security=[{SCHEME: []}])(needs(*roles)(view))
            for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                described = self.alt_response(status, status.name)(described)
            return described  # type: ignore[no-any-return]

        return decorate

    def refuses(self, *statuses: int) -> Callable[[View], View]:
        """Say which refusals are to be expected beside those of every operation."""

        def decorate(view: View) -> View:
            for status in statuses:
                view = self.alt_response(status, HTTPStatus(status).name)(view)
            return view

        return decorate

    def conditional(self, view: View) -> View:
        """Answer 304 to who has the present version already."""

        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Answer:
            answer: Response = view(*args, **kwargs)
            answer.headers["Cache-Control"] = "no-cache"
            answer.add_etag()
            return answer.make_conditional(request)

        described = self.doc(parameters=[IF_NONE_MATCH])(checked)
        return self.alt_response(  # type: ignore[no-any-return]
            HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_MODIFIED.name, success=True
        )(described)

    def lists(self, schema: type[Schema]) -> Any:
        """Answer a `store.Page` of rows that *schema* describes."""
        return self.response(HTTPStatus.OK, page_of(schema))

    def creates(self, schema: type[Schema]) -> Any:
        """Answer 201 with what was made and where it is."""
        location = {"Location": {"schema": {"type": "string"}}}
        return self.response(HTTPStatus.CREATED, schema, headers=location)


@cache
def page_of(schema: type[Schema]) -> type[Schema]:
    """Return the schema of a page of *schema*."""
    name = schema.__name__.removesuffix("Schema") + "Page"
    return Schema.from_dict(
        {
            "data": fields.List(fields.Nested(schema), attribute="rows", required=True),
            "next": Cursor(attribute="before", allow_none=True, required=True),
        },
        name=name,
    )


def submit(command: Command, key: str | None = None) -> Any:
    """Return the result of *command*, carried out once under *key*; or its refusal."""
    return services().gateway.submit(command, key).result


def who() -> tuple[int, int]:
    """Return the user that acts and the member it acts for."""
    return me().id, me().member


def at(path: str) -> dict[str, str]:
    """Return the header that says where something made is."""
    return {"Location": f"{PREFIX}{path}"}


def _decode_ids(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Turn the public ids of an address into numbers; NotFound for what is none."""
    for name, text in (values or {}).items():
        if name in ids.KINDS:
            assert values is not None
            values[name] = ids.decode(name, text)


def _parameter(name: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "string"}
    if name in ids.KINDS:
        shape |= {"pattern": pattern(name), "example": ids.encode(name, 1)}
    return {"name": name, "in": "path", "required": True, "schema": shape}
