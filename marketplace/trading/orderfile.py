"""Order files: one JSON object per line, read strictly, for the `match` command."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, TypeGuard

from marketplace.trading.orders import (
    GTC,
    GTD,
    PRICE_MAX,
    QUANTITY_MAX,
    VALUE_MAX,
    Side,
    TimeInForce,
)
from settlement.errors import Refusal

LINE_MAX = 65_536  # bytes, without the end of line
NAME_MAX = 128  # characters of an id, a member or an instrument
TIME_MAX = 10**16  # microseconds since 1970: the year 2286

Fields = dict[str, object]


class Place(NamedTuple):
    """Place an order; *price* None is a market order."""

    at_us: int | None
    id: str
    member: str | None
    instrument: str | None
    side: Side
    price: int | None
    quantity: int
    time_in_force: TimeInForce
    expires_us: int | None
    post_only: bool


class Cancel(NamedTuple):
    """Cancel what is left of an order."""

    at_us: int | None
    id: str


class Reduce(NamedTuple):
    """Reduce an order by *quantity*."""

    at_us: int | None
    id: str
    quantity: int


class Flush(NamedTuple):
    """Start again: empty all books, forget all ids, calls and reference prices."""

    at_us: int | None


class Phase(NamedTuple):
    """Let an instrument collect orders for a call, or trade continuously."""

    at_us: int | None
    instrument: str | None
    call: bool
    reference: int | None  # None: the last price


class Indicate(NamedTuple):
    """Tell at what price a call would end now."""

    at_us: int | None
    instrument: str | None


class Uncross(NamedTuple):
    """Trade at one price what a call has collected."""

    at_us: int | None
    instrument: str | None


Op = Place | Cancel | Reduce | Flush | Phase | Indicate | Uncross

# What each operation must have and may have, beside "op" and "at_us".
REQUIRED = {
    "place": ("id", "side", "price", "quantity"),
    "cancel": ("id",),
    "reduce": ("id", "quantity"),
    "flush": (),
    "phase": ("phase",),
    "indicative": (),
    "uncross": (),
}
OPTIONAL = {
    "place": ("member", "instrument", "time_in_force", "expires_us", "post_only"),
    "phase": ("instrument", "reference"),
    "indicative": ("instrument",),
    "uncross": ("instrument",),
}
PHASES = ("call", "continuous")


class LineTooLong(Refusal):
    """The line is longer than a line may be."""


class NotUtf8(Refusal):
    """The line is not UTF-8 text."""


class NotJson(Refusal):
    """The line is not JSON."""


class NotAnObject(Refusal):
    """The line is JSON, but not an object."""


@dataclass(eq=False)
class DuplicateField(Refusal):
    """The line has the same field twice."""

    field: str


class UnknownOp(Refusal):
    """The line asks for no known operation."""


@dataclass(eq=False)
class MissingField(Refusal):
    """The line lacks a field that its operation needs."""

    field: str


@dataclass(eq=False)
class UnknownField(Refusal):
    """The line has a field that its operation does not know."""

    field: str


class BadId(Refusal):
    """An id is a text of 1 to 128 printable characters."""


class BadMember(Refusal):
    """A member is a text of 1 to 128 printable characters."""


class BadInstrument(Refusal):
    """An instrument is a text of 1 to 128 printable characters."""


class BadSide(Refusal):
    """The side is buy or sell."""


class BadPrice(Refusal):
    """A price is a whole number of minor units above zero, or null."""


class BadQuantity(Refusal):
    """A quantity is a whole number above zero."""


class BadTimeInForce(Refusal):
    """The time in force is GTC, IOC, FOK or GTD."""


class BadExpiry(Refusal):
    """A GTD order, and no other, has a time in microseconds at which it expires."""


class BadPhase(Refusal):
    """The phase is call or continuous."""


class BadReference(Refusal):
    """A reference price is a whole number of minor units above zero, or null."""


class BadPostOnly(Refusal):
    """Post-only is true or false."""


class BadTime(Refusal):
    """A time is a whole number of microseconds since 1970 and never goes back."""


class ValueTooLarge(Refusal):
    """Price times quantity is more than an order may be worth."""


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of *stream* without keeping it; an overlong one comes cut.

    A byte order mark at the very start, which some editors write, is left out.
    """
    most = LINE_MAX + 2
    first = True
    while line := stream.readline(most):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(most)
        yield line.removeprefix(b"\xef\xbb\xbf") if first else line
        first = False


def read(line: bytes) -> Fields:
    """Return the fields of *line*, none of them checked yet; Refusal if it has none."""
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    if len(line) > LINE_MAX:
        raise LineTooLong
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise NotUtf8 from None
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotJson from None
    if not isinstance(found, dict):
        raise NotAnObject
    return found


def id_of(fields: Fields) -> str | None:
    """Return the id in *fields* if it could be one, to name a refused line."""
    found = fields.get("id")
    return found if _is_name(found) else None


def understand(fields: Fields) -> Op:
    """Return the operation that *fields* ask for, or raise what is wrong with them."""
    op = fields.get("op")
    if not isinstance(op, str) or op not in REQUIRED:
        raise UnknownOp
    known = {"op", "at_us", *REQUIRED[op], *OPTIONAL.get(op, ())}
    for field in fields:
        if field not in known:
            raise UnknownField(field)
    for field in REQUIRED[op]:
        if field not in fields:
            raise MissingField(field)
    at_us = _time(fields, "at_us", BadTime)
    if "id" not in REQUIRED[op]:
        return _of_a_book(op, fields, at_us)
    name = _name(fields, "id", BadId)
    if name is None:
        raise BadId
    if op == "cancel":
        return Cancel(at_us, name)
    quantity = _whole(fields["quantity"], QUANTITY_MAX, BadQuantity)
    if op == "reduce":
        return Reduce(at_us, name, quantity)
    return _place(fields, at_us, name, quantity)


def _place(fields: Fields, at_us: int | None, name: str, quantity: int) -> Place:
    """Return the order that *fields* describe."""
    price = fields["price"]
    if price is not None:
        price = _whole(price, PRICE_MAX, BadPrice)
        if price * quantity > VALUE_MAX:
            raise ValueTooLarge
    time_in_force = _time_in_force(fields)
    expires_us = _time(fields, "expires_us", BadExpiry)
    if (time_in_force is GTD) != (expires_us is not None):
        raise BadExpiry
    post_only = fields.get("post_only", False)
    if not isinstance(post_only, bool):
        raise BadPostOnly
    return Place(
        at_us,
        name,
        _name(fields, "member", BadMember),
        _name(fields, "instrument", BadInstrument),
        _side(fields),
        price,
        quantity,
        time_in_force,
        expires_us,
        post_only,
    )


def _of_a_book(op: str, fields: Fields, at_us: int | None) -> Op:
    """Return the operation on no single order that *fields* describe."""
    if op == "flush":
        return Flush(at_us)
    instrument = _name(fields, "instrument", BadInstrument)
    if op == "indicative":
        return Indicate(at_us, instrument)
    if op == "uncross":
        return Uncross(at_us, instrument)
    if fields["phase"] not in PHASES:
        raise BadPhase
    reference = fields.get("reference")
    if reference is not None:
        reference = _whole(reference, PRICE_MAX, BadReference)
    return Phase(at_us, instrument, fields["phase"] == "call", reference)


def _once(pairs: list[tuple[str, object]]) -> Fields:
    """Make an object of *pairs*; JSON itself would let the last of two win."""
    fields: Fields = {}
    for field, value in pairs:
        if field in fields:
            raise DuplicateField(field)
        fields[field] = value
    return fields


def _refuse(constant: str) -> None:
    """Refuse NaN and the infinities, which Python would take for JSON."""
    raise ValueError(constant)


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= NAME_MAX and value.isprintable()


def _name(fields: Fields, field: str, refusal: type[Refusal]) -> str | None:
    """Return a text to name something by; None if there is none or null."""
    value = fields.get(field)
    if value is None:
        return None
    if _is_name(value):
        return value
    raise refusal


def _whole(value: object, most: int, refusal: type[Refusal], least: int = 1) -> int:
    """Return a whole number; a boolean, which Python takes for one, is refused."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise refusal
    if not least <= value <= most:
        raise refusal
    return value


def _time(fields: Fields, field: str, refusal: type[Refusal]) -> int | None:
    """Return a time in microseconds; None if there is none or null."""
    value = fields.get(field)
    return None if value is None else _whole(value, TIME_MAX, refusal, least=0)


def _side(fields: Fields) -> Side:
    try:
        return Side(str(fields["side"]))
    except ValueError:
        raise BadSide from None


def _time_in_force(fields: Fields) -> TimeInForce:
    try:
        return TimeInForce(str(fields.get("time_in_force", GTC)))
    except ValueError:
        raise BadTimeInForce from None
