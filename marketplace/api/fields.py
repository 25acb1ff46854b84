"""Fields of the API: whole numbers, public ids, codes, cursors; none is lenient."""

# ruff: noqa: ARG002 (the signatures are marshmallow's)

import unicodedata
from typing import Any

from flask import current_app, request
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from listings.marking import N_
from marketplace.services import services
from settlement import ids
from settlement.errors import NotFound
from settlement.money import BY_ASSET, BY_CODE

INT_MAX = 2**53 - 1  # what every JSON reader keeps exactly (RFC 8259 §6)
DIGITS_MAX = 16
NOT_WHOLE = N_("Give a whole number.")
NOT_A_FLAG = N_("Say true or false.")
NOT_AN_ID = N_("This is not an id of that kind.")
NOT_OFFERED = N_("Choose one of the values offered.")
NOT_TEXT = N_("Use text without control characters.")
NOT_A_CURSOR = N_("This cursor is not of this list.")
# What marshmallow itself says, for the translators.
BUILT_IN = (
    N_("Missing data for required field."),
    N_("Field may not be null."),
    N_("Unknown field."),
    N_("Invalid input type."),
    N_("Invalid value."),
    N_("Not a valid string."),
    N_("Not a valid list."),
    N_("Not a valid mapping type."),
    N_("Not a valid boolean."),
    N_("Not a valid integer."),
    N_("Not a valid date."),
)


class Between(validate.Range):
    """From one number to another, both included; says so in the asker's language."""

    def _format_error(self, value: Any, message: str) -> str:
        return str(
            gettext(
                "Give a number from %(least)s to %(most)s.",
                least=self.min,
                most=self.max,
            )
        )


class Long(validate.Length):
    """So many characters or entries; says so in the asker's language."""

    def _format_error(self, value: Any, message: str) -> str:
        return str(
            gettext(
                "Use %(least)s to %(most)s characters or entries.",
                least=self.min or 0,
                most=self.max,
            )
        )


class Int(fields.Integer):
    """A whole number from *least* to *most*; no text, no boolean, no fraction.

    ``1.0`` is refused too: who sends it computes amounts in floats.
    """

    def __init__(self, least: int = 0, most: int = INT_MAX, **more: Any) -> None:
        """Take the range; both ends belong to it."""
        super().__init__(validate=Between(least, most), **more)

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Any,
        **_: Any,
    ) -> int:
        if type(value) is not int:
            raise ValidationError(NOT_WHOLE)
        return value


class Digits(Int):
    """A whole number in the query of an address, written in plain digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> int:
        text = str(value)
        plain = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
        return super()._deserialize(int(text) if plain else None, attr, data, **more)


class Text(fields.String):
    """Text of *least* to *most* characters without control characters.

    With *lines*, line ends and tabs are welcome.
    """

    def __init__(
        self, most: int, *, least: int = 0, lines: bool = False, **more: Any
    ) -> None:
        """Take the limits."""
        super().__init__(validate=Long(least, most), **more)
        self._odd = ("Cs", "Cn", "Co") if lines else ("Cc", "Cs", "Cn", "Co")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **more))
        if "\0" in text or any(unicodedata.category(at) in self._odd for at in text):
            raise ValidationError(NOT_TEXT)
        return text


class Opened(fields.String):
    """What a person wrote into a record; null once its writer was erased."""

    def __init__(self, **more: Any) -> None:
        """Tell what null means."""
        said = {"description": "null: none, or its writer was erased."}
        super().__init__(required=True, allow_none=True, metadata=said, **more)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> Any:
        return None if value is None else services().texts.open(str(value))


class Flag(fields.Boolean):
    """True or false, and nothing that only looks like it; 0 and 1 in the tables."""

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **_: Any
    ) -> bool | None:
        return None if value is None else bool(value)

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Any,
        **_: Any,
    ) -> bool:
        if type(value) is not bool:
            raise ValidationError(NOT_A_FLAG)
        return value


class Code(fields.String):
    """One of some codes."""

    def __init__(self, *codes: str, **more: Any) -> None:
        """Take the codes."""
        super().__init__(validate=validate.OneOf(codes, error=NOT_OFFERED), **more)


class Id(fields.Field[int]):
    """A public id of one kind outside, its number inside."""

    def __init__(self, kind: str, **more: Any) -> None:
        """Take the kind of id."""
        more.setdefault("metadata", {})["pattern"] = pattern(kind)
        super().__init__(**more)
        self.kind = kind

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **_: Any
    ) -> str | None:
        return None if value is None else ids.encode(self.kind, int(value))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> int:
        try:
            return ids.decode(self.kind, _text(value))
        except NotFound as error:
            raise ValidationError(NOT_AN_ID) from error


class Currency(fields.Field[int]):
    """An ISO 4217 code outside, the number of the money's asset inside."""

    def __init__(self, **more: Any) -> None:
        """Offer the currencies of the exchange."""
        more.setdefault("metadata", {})["enum"] = list(BY_CODE)
        super().__init__(**more)

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **_: Any
    ) -> str | None:
        return None if value is None else BY_ASSET[int(value)].code

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> int:
        known = BY_CODE.get(_text(value))
        if known is None:
            raise ValidationError(NOT_OFFERED)
        return known.asset


class Cursor(fields.Field[int]):
    """Where a page of a list begins: opaque and signed outside, a key inside."""

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **_: Any
    ) -> str | None:
        return None if value is None else str(_signer().dumps(value))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> int:
        try:
            return int(_signer().loads(_text(value)))
        except BadSignature as error:
            raise ValidationError(NOT_A_CURSOR) from error


class Body(Schema):
    """What a request carries: a name that is not known is refused, never ignored."""

    class Meta:
        """Said here, so that the description says it too."""

        unknown = RAISE


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError(NOT_TEXT)
    return value


def pattern(kind: str) -> str:
    """Return the regular expression of public ids of *kind*."""
    return rf"^{ids.KINDS[kind]}_[{ids.ALPHABET}]{{{ids.WIDTH},12}}$"


def _signer() -> URLSafeSerializer:
    """Return the signer of this list's cursors: those of other lists do not fit."""
    secret = current_app.secret_key
    assert secret is not None
    return URLSafeSerializer(secret, salt=f"cursor {request.endpoint}")
