"""Reads requests strictly: JSON as RFC 8259 has it, nothing twice, nothing unknown."""

import json
import math
from typing import Any, NoReturn

import marshmallow
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from settlement.errors import Invalid

DIGITS_MAX = 40  # of a number; longer ones are out of every field's range


class Reader(FlaskParser):
    """Turns bodies, queries and headers into checked values, or refuses them."""

    # Absent: unknown header fields are ignored, as HTTP wants it.
    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 (webargs' own attribute)
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": marshmallow.RAISE,
        "query": marshmallow.RAISE,
    }

    def load_json(self, req: Any, schema: Any) -> Any:  # noqa: ARG002 (webargs calls it)
        """Return the body; 400 if it is no JSON, 415 if it does not say that it is."""
        body = req.get_data(cache=True)
        if not body:
            return missing
        if not req.is_json:
            raise UnsupportedMediaType
        return parse(body)

    def handle_error(
        self,
        error: marshmallow.ValidationError,
        req: Any,  # noqa: ARG002
        schema: Any,  # noqa: ARG002
        *,
        error_status_code: int | None,  # noqa: ARG002
        error_headers: Any,  # noqa: ARG002
    ) -> NoReturn:
        """Raise Invalid with every problem by the name of its field."""
        messages: Any = error.messages  # by location
        (found,) = messages.values()
        raise Invalid(dict(flat(found))) from error


def parse(body: bytes) -> Any:
    """Return the JSON in *body*; BadRequest if it is malformed or ambiguous.

    Ambiguous are names given twice and half characters (a lone surrogate); not JSON
    are NaN and Infinity.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_int=_integer,
            parse_constant=_refuse,
            object_pairs_hook=_object,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise BadRequest from error
    return value


def _integer(digits: str) -> int | float:
    """Return an integer, or infinity if no field could take it anyway."""
    return int(digits) if len(digits) <= DIGITS_MAX else math.inf


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is given twice")
    return made


def flat(messages: Any, path: str = "") -> list[tuple[str, list[str]]]:
    """Return nested messages as (``orders.3.price``, texts)."""
    if isinstance(messages, dict):
        return [
            found
            for name, inner in messages.items()
            for found in flat(inner, f"{path}.{name}" if path else str(name))
        ]
    texts = messages if isinstance(messages, list) else [messages]
    return [(path.removesuffix("._schema"), [str(text) for text in texts])]
