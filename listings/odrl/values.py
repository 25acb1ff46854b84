"""Typed values of constraints: numbers, moments, durations, text, IRIs, compared.

By XML Schema 1.1 part 2. Times without a zone are taken as UTC. A day, month or year
is the whole of it: a moment within it is neither before nor after, thus equal.
"""

import re
from collections.abc import Callable, Container
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

XSD = "http://www.w3.org/2001/XMLSchema#"
VALUE_MAX = 10_000  # characters of one value
NUMBER_MAX = 100  # characters of one number or duration
EXPONENT_MAX = 400  # of ten; xsd:double ends at 308
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US

_INTEGERS = frozenset(
    XSD + name
    for name in (
        *("integer", "int", "long", "short", "byte", "nonNegativeInteger"),
        *("positiveInteger", "nonPositiveInteger", "negativeInteger"),
        *("unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"),
    )
)
_NUMBERS = _INTEGERS | {XSD + name for name in ("decimal", "double", "float")}
_DURATIONS = {XSD + n for n in ("duration", "dayTimeDuration", "yearMonthDuration")}
_ZONE = r"(Z|[+-]\d\d:\d\d)?"
_YEAR = r"(-?\d{4,6})"
_CLOCK = r"(\d\d):(\d\d):(\d\d)(\.\d+)?"
_MOMENTS = {
    XSD + "dateTime": re.compile(rf"{_YEAR}-(\d\d)-(\d\d)T{_CLOCK}{_ZONE}"),
    XSD + "dateTimeStamp": re.compile(
        rf"{_YEAR}-(\d\d)-(\d\d)T{_CLOCK}(Z|[+-]\d\d:\d\d)"
    ),
    XSD + "date": re.compile(rf"{_YEAR}-(\d\d)-(\d\d){_ZONE}"),
    XSD + "gYearMonth": re.compile(rf"{_YEAR}-(\d\d){_ZONE}"),
    XSD + "gYear": re.compile(rf"{_YEAR}{_ZONE}"),
}
_TIME = re.compile(rf"{_CLOCK}{_ZONE}")
_DURATION = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?"
    r"(T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
# XML Schema 1.1 part 2, 3.3.6.2: one duration is less than another if it is so from
# each of these days.
_FROM = ((1696, 9), (1697, 2), (1903, 3), (1903, 7))
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Wrong(ValueError):
    """A literal does not have the form that its datatype demands."""


class Value(NamedTuple):
    """A value: *kind* says with which others it can be compared."""

    kind: str  # iri, number, moment, time, duration, boolean, text
    value: Any
    text: str  # as it was written
    unit: str | None = None


def iri(text: str) -> Value:
    """Return the value that an IRI is."""
    return Value("iri", text, text)


def number(value: int) -> Value:
    """Return the value that a whole number is."""
    return Value("number", Decimal(value), str(value))


def moment(at_us: int, text: str) -> Value:
    """Return the value that a moment (microseconds UTC) is."""
    return Value("moment", (at_us, at_us), text)


def duration(length_us: int) -> Value:
    """Return the value that a length of time in microseconds is."""
    sign, length = ("-", -length_us) if length_us < 0 else ("", length_us)
    seconds = f"{length / SECOND_US:.6f}".rstrip("0").rstrip(".")
    return Value("duration", (0, length_us), f"{sign}PT{seconds}S")


def typed(text: str, datatype: str | None = None) -> Value:
    """Return the value of a literal; Wrong if *text* has not the form of *datatype*."""
    if len(text) > VALUE_MAX:
        raise Wrong(f"a value has at most {VALUE_MAX} characters")
    kind = datatype or XSD + "string"
    if kind == XSD + "anyURI":
        return iri(text.strip())
    for kinds, name, parse in _FORMS:
        if kind in kinds:
            return Value(name, parse(text.strip(), kind), text)
    return Value("text", text, text)


def same(one: Value, other: Value) -> bool | None:
    """Tell whether two values are equal; None if they cannot be compared.

    An IRI equals a text that spells it: many policies write IRIs as plain strings.
    """
    if one.kind != other.kind:
        spelt = {one.kind, other.kind} == {"iri", "text"}
        return bool(one.value == other.value) if spelt else None
    if one.kind in _ORDERED:
        order = compare(one, other)
        return None if order is None else order == 0
    return bool(one.value == other.value)


def compare(one: Value, other: Value) -> int | None:
    """Return -1, 0 or 1 as *one* is less, equal or greater; None if there is no order.

    Text has no order; durations such as a month and thirty days have none, and nor
    have amounts in two different units.
    """
    units = {one.unit, other.unit} - {None}
    if one.kind != other.kind or one.kind not in _ORDERED or len(units) > 1:
        return None
    return _ORDERED[one.kind](one, other)


def _compare_moments(one: Value, other: Value) -> int:
    if one.value[1] < other.value[0]:
        return -1
    return 1 if one.value[0] > other.value[1] else 0


def _compare_durations(one: Value, other: Value) -> int | None:
    orders = {_sign(_after(one, day) - _after(other, day)) for day in _FROM}
    return orders.pop() if len(orders) == 1 else None


def _compare_numbers(one: Value, other: Value) -> int | None:
    if one.value.is_nan() or other.value.is_nan():
        return None
    return _sign_of(one.value, other.value)


_ORDERED: dict[str, Callable[[Value, Value], int | None]] = {
    "moment": _compare_moments,
    "duration": _compare_durations,
    "number": _compare_numbers,
    "time": lambda one, other: _sign_of(one.value, other.value),
}


def _sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)


def _sign_of(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def _number(text: str, kind: str) -> Decimal:
    if len(text) > NUMBER_MAX:
        raise Wrong(f"a number has at most {NUMBER_MAX} characters")
    whole = re.fullmatch(r"[+-]?\d+", text, re.ASCII)
    decimal = re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text, re.ASCII)
    float_ = re.fullmatch(
        r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?|[+-]?INF|NaN", text, re.ASCII
    )
    fits = whole if kind in _INTEGERS else decimal if kind.endswith("l") else float_
    if not fits:
        raise Wrong(f"{text[:40]!r} is not an xsd:{kind.removeprefix(XSD)}")
    try:
        found = Decimal(text)
    except InvalidOperation as error:  # pragma: no cover (the forms above all parse)
        raise Wrong(f"{text[:40]!r} is not a number") from error
    if found.is_finite() and found and abs(found.adjusted()) > EXPONENT_MAX:
        raise Wrong(f"{text[:40]!r} is out of range")
    return found


def _moment(text: str, kind: str) -> tuple[int, int]:
    """Return the first and the last microsecond of a moment, day, month or year."""
    match = _MOMENTS[kind].fullmatch(text)
    if not match:
        raise Wrong(f"{text[:40]!r} is not an xsd:{kind.removeprefix(XSD)}")
    *parts, zone = match.groups()
    year = int(parts[0])
    month = int(parts[1]) if len(parts) > 1 else 1
    day = int(parts[2]) if len(parts) > 2 else 1
    if not (1 <= month <= 12 and 1 <= day <= _days_in(year, month)):
        raise Wrong(f"{text[:40]!r} is no day of the calendar")
    start = _days(year, month, day) * DAY_US - _zone(zone)
    if len(parts) > 3:
        at = start + _clock(parts[3:])
        return at, at
    if len(parts) == 1:
        following = _days(year + 1, 1, 1)
    elif len(parts) == 2:
        following = _days(year + month // 12, month % 12 + 1, 1)
    else:
        following = _days(year, month, day) + 1
    return start, following * DAY_US - _zone(zone) - 1


def _time(text: str, _kind: str) -> int:
    match = _TIME.fullmatch(text)
    if not match:
        raise Wrong(f"{text[:40]!r} is not an xsd:time")
    *parts, zone = match.groups()
    return (_clock(parts) - _zone(zone)) % DAY_US


def _clock(parts: list[str | None]) -> int:
    hour, minute, second = (int(part or 0) for part in parts[:3])
    fraction = (parts[3] or ".0")[1:7].ljust(6, "0")
    if (hour > 23 or minute > 59 or second > 59) and (hour, minute, second) != (
        *(24, 0, 0),
    ):
        raise Wrong("there is no such time of day")
    return (hour * 3600 + minute * 60 + second) * SECOND_US + int(fraction)


def _zone(zone: str | None) -> int:
    """Return how far a zone is ahead of UTC, microseconds."""
    if zone in {None, "Z"}:
        return 0
    assert zone is not None
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    if minutes > 14 * 60:
        raise Wrong(f"{zone} is no time zone")
    return (-1 if zone[0] == "-" else 1) * minutes * 60 * SECOND_US


def _boolean(text: str, _kind: str) -> bool:
    if text not in {"true", "false", "1", "0"}:
        raise Wrong(f"{text[:40]!r} is not an xsd:boolean")
    return text in {"true", "1"}


def _duration(text: str, _kind: str) -> tuple[int, int]:
    """Return the months and the microseconds of a duration."""
    match = _DURATION.fullmatch(text)
    if not match or len(text) > NUMBER_MAX or not re.search(r"\d[A-Z]$", text):
        raise Wrong(f"{text[:40]!r} is not an xsd:duration")
    minus, years, months, days, _, hours, minutes, seconds = match.groups()
    sign = -1 if minus else 1
    whole, _, fraction = (seconds or "0").partition(".")
    length = int(days or 0) * DAY_US + int((fraction + "000000")[:6])
    length += (int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(whole)) * SECOND_US
    return sign * (int(years or 0) * 12 + int(months or 0)), sign * length


def _after(value: Value, start: tuple[int, int]) -> int:
    """Return the moment a duration after the first day of a month, microseconds."""
    months, length = value.value
    year, month = start
    count = year * 12 + month - 1 + months
    return _days(count // 12, count % 12 + 1, 1) * DAY_US + int(length)


def _days_in(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _MONTH_DAYS[month - 1] + (month == 2 and leap)


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 on, in the Gregorian calendar for any year.

    Howard Hinnant, *chrono-compatible low-level date algorithms*, days_from_civil.
    """
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    of_era = of_era * 365 + of_era // 4 - of_era // 100 + of_year
    return era * 146_097 + of_era - 719_468


_FORMS: tuple[tuple[Container[str], str, Callable[[str, str], Any]], ...] = (
    (_NUMBERS, "number", _number),
    (_MOMENTS, "moment", _moment),
    (_DURATIONS, "duration", _duration),
    ({XSD + "time"}, "time", _time),
    ({XSD + "boolean"}, "boolean", _boolean),
)
