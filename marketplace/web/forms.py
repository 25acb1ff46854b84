"""Forms: what was typed is checked field by field, and shown again if it is refused."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec
from zoneinfo import ZoneInfo

from flask import Flask, g, make_response, request
from flask.typing import ResponseReturnValue
from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    missing,
    pre_load,
    validate,
)
from werkzeug.datastructures import MultiDict

from listings.marking import N_
from marketplace.approvals.desk import ApprovalAwaited
from marketplace.language import TIMEZONE
from marketplace.members.roles import PasswordNeeded, SignInNeeded
from marketplace.statuses import status_of
from settlement import clock, ids, money
from settlement.errors import Forbidden, Invalid, NotFound, Refusal

NEEDED = N_("This is needed.")
TOO_LONG = N_("This is too long.")
NOT_WHOLE = N_("Give a whole number.")
OUT_OF_RANGE = N_("This number is out of range.")
NOT_OFFERED = N_("Choose one of the values offered.")
NOT_AN_AMOUNT = N_(
    "Give an amount in digits, with no more decimals than the currency has."
)
NOT_A_DAY = N_("Give a day, for example 2026-12-31.")
NOT_A_MINUTE = N_("Give a day and a time, for example 2026-12-01T20:00.")
WHOLE_DIGITS_MAX = 18
P = ParamSpec("P")


class Form(Schema):
    """Fields of a form; blank ones count as absent, others than these are ignored."""

    class Meta:
        """What else a browser sends (the token, buttons) is none of the form's."""

        unknown = EXCLUDE

    @pre_load
    def strip(self, data: Any, **_: Any) -> dict[str, Any]:
        """Return the filled-in fields, stripped; several values only for lists."""
        given: dict[str, Any] = {}
        for name, field in self.fields.items():
            if isinstance(field, fields.List):
                given[name] = [text.strip() for text in _all(data, name)]
            elif text := str(data.get(name, "")).strip():
                given[name] = text.replace("\r\n", "\n")
        return given


def _all(data: Any, name: str) -> list[str]:
    return data.getlist(name) if isinstance(data, MultiDict) else data.get(name, [])


def text(length: int, *, needed: bool = True) -> fields.String:
    """Return a field for at most *length* characters; empty if it may be missing."""
    return fields.String(
        required=needed,
        load_default="" if not needed else missing,
        validate=validate.Length(max=length, error=TOO_LONG),
        error_messages={"required": NEEDED},
    )


class Parsed(ABC, fields.Field[int]):
    """What is typed as text and means a number, by `parse`."""

    @abstractmethod
    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        return self.parse(str(value))


class Whole(Parsed):
    """A whole number from *low* to *high*, in ASCII digits."""

    def __init__(self, low: int, high: int, **more: Any) -> None:
        """Take the range."""
        super().__init__(
            validate=validate.Range(low, high, error=OUT_OF_RANGE),
            error_messages={"required": NEEDED},
            **more,
        )

    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""
        plain = typed.isascii() and typed.isdigit()
        if not plain or len(typed) > WHOLE_DIGITS_MAX:
            raise ValidationError(NOT_WHOLE)
        return int(typed)


class Day(Parsed):
    """A day of the exchange's calendar, as the microsecond after its end."""

    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""
        try:
            day = date.fromisoformat(typed)
        except ValueError as error:
            raise ValidationError(NOT_A_DAY) from error
        midnight = datetime.combine(day, time.min, ZoneInfo(TIMEZONE))
        return clock.from_datetime(midnight) + clock.DAY_US


class Minute(Parsed):
    """A minute of the exchange's calendar, as a browser's date and time field says."""

    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""
        try:
            moment = datetime.fromisoformat(typed)
        except ValueError as error:
            raise ValidationError(NOT_A_MINUTE) from error
        if moment.tzinfo is not None or moment.second or moment.microsecond:
            raise ValidationError(NOT_A_MINUTE)
        return clock.from_datetime(moment.replace(tzinfo=ZoneInfo(TIMEZONE)))


class PublicId(Parsed):
    """A public id of one kind."""

    def __init__(self, kind: str, **more: Any) -> None:
        """Take the kind of id."""
        super().__init__(error_messages={"required": NEEDED}, **more)
        self.kind = kind

    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""
        try:
            return ids.decode(self.kind, typed)
        except NotFound as error:
            raise ValidationError(NOT_OFFERED) from error


def choice(codes: Iterable[str], *, needed: bool = True, default: str = "") -> Any:
    """Return a field for one of *codes*."""
    return fields.String(
        required=needed,
        load_default=default if not needed else missing,
        validate=validate.OneOf([*codes, *([] if needed else [""])], error=NOT_OFFERED),
        error_messages={"required": NEEDED},
    )


def read(form: Form, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what was typed, checked; Invalid names every problem at once."""
    try:
        loaded = form.load(request.form if data is None else data)
    except ValidationError as error:
        raise Invalid(_listed(error.messages_dict)) from error
    return dict(loaded)


def _listed(messages: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the messages of each field as one list; those of list items joined."""
    return {
        name: found
        if isinstance(found, list)
        else [text for texts in found.values() for text in texts]
        for name, found in messages.items()
    }


def amount(values: Mapping[str, Any], name: str, currency: str) -> int:
    """Return the minor units that the field *name* says; Invalid if it is no amount."""
    try:
        return money.parse(values[name], currency)
    except money.NotAnAmount as error:
        raise Invalid({name: [NOT_AN_AMOUNT]}) from error


def again(
    show: Callable[..., ResponseReturnValue],
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Show a form's page again, with the refusal and what was typed, if it is refused.

    Whoever may not be here at all gets the error page instead.
    """

    def decorate(
        view: Callable[P, ResponseReturnValue],
    ) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                return view(*args, **kwargs)
            except (SignInNeeded, PasswordNeeded, ApprovalAwaited, Forbidden, NotFound):
                raise
            except Refusal as refusal:
                g.refusal, g.shown_refusal = refusal.code, refusal
                g.typed = request.values
                known = {name: kwargs[name] for name in _wanted(show) & kwargs.keys()}
                return make_response(show(**known), status_of(refusal))

        return guarded

    return decorate


def _wanted(show: Callable[..., object]) -> set[str]:
    """Return the parts of the address that *show* asks for."""
    return set(signature(show).parameters)


def refusal() -> Refusal | None:
    """Return the refusal that the page has to explain."""
    found: Refusal | None = g.get("shown_refusal")
    return found


def problems() -> Mapping[str, list[str]]:
    """Return what is wrong with each field of the form on the page."""
    shown = refusal()
    return shown.problems if isinstance(shown, Invalid) else {}


def typed(name: str, otherwise: object = "") -> object:
    """Return what was typed into the field *name*, or what the page would put there."""
    return g.typed.get(name, otherwise) if "typed" in g else otherwise


def ticked(name: str, value: str, otherwise: bool = False) -> bool:
    """Tell whether the box *name* with *value* was ticked, or is by default."""
    return value in g.typed.getlist(name) if "typed" in g else otherwise


def init_app(app: Flask) -> None:
    """Give templates what their form macros ask for."""
    for answer in (refusal, problems, typed, ticked):
        app.jinja_env.globals[answer.__name__] = answer
