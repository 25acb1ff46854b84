"""How amounts, numbers and moments are shown: in the visitor's language, as filters."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from babel import dates, numbers
from flask import Flask
from markupsafe import Markup

from marketplace.language import TIMEZONE, language
from settlement import clock, ids, money

# CLDR calls the yuan CN¥ in English, which no page of an exchange needs to repeat.
_SIGNS = {"CNY": "¥", "USD": "US$", "EUR": "€", "JPY": "JP¥"}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def init_app(app: Flask) -> None:
    """Give templates the filters of this module."""
    filters: dict[str, Callable[..., object]] = {
        "money": amount,
        "amount": plain,
        "number": number,
        "percent": percent,
        "date": date,
        "time": time,
        "deadline": deadline,
        "moment": moment,
        "isotime": iso,
        "id": public_id,
        "size": size,
    }
    app.jinja_env.filters.update(filters)


def amount(minor: int | None, currency: int | str = money.DEFAULT) -> str:
    """Return *minor* units with the currency's sign: ``¥1,234.50``; a dash for None."""
    if minor is None:
        return "–"
    code = _code(currency)
    sign = "−" if minor < 0 else ""
    return f"{sign}{_SIGNS[code]}{_grouped(money.plain(abs(minor), code))}"


def plain(minor: int, currency: int | str = money.DEFAULT) -> str:
    """Return *minor* units as a decimal for a form's field: ``1234.50``."""
    return money.plain(minor, _code(currency))


def number(value: int | None) -> str:
    """Return an integer with its thousands grouped; a dash for None."""
    if value is None:
        return "–"
    return str(numbers.format_decimal(value, locale=language()))


def percent(bps: int) -> str:
    """Return basis points as a percentage: 250 is ``2.5%``."""
    whole, rest = divmod(abs(bps), 100)
    decimals = f".{rest:02}".rstrip("0") if rest else ""
    return f"{'−' if bps < 0 else ''}{whole}{decimals}%"


def date(at_us: int | None) -> str:
    """Return the day of a moment in the exchange's time zone."""
    if at_us is None:
        return "–"
    return str(dates.format_date(_there(at_us).date(), "medium", locale=language()))


def time(at_us: int | None) -> str:
    """Return the time of day of a moment, to the second."""
    return "–" if at_us is None else f"{_there(at_us):%H:%M:%S}"


def clock_time(at_us: int) -> str:
    """Return the time of day of a moment, to the minute."""
    return f"{_there(at_us):%H:%M}"


def moment(at_us: int | None) -> Markup | str:
    """Return day and time of a moment as a ``<time>`` element."""
    if at_us is None:
        return "–"
    shown = f"{date(at_us)} {_there(at_us):%H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(iso(at_us), shown)


def deadline(until_us: int | None) -> Markup | str:
    """Return when a period ends as ``<time>``: midnight is the day before at 24:00."""
    if until_us is None or f"{_there(until_us):%H:%M:%S}" != "00:00:00":
        return moment(until_us)
    shown = f"{date(until_us - 1)} 24:00"
    return Markup('<time datetime="{}">{}</time>').format(iso(until_us), shown)


def iso(at_us: int) -> str:
    """Return a moment as RFC 3339 text in UTC."""
    return clock.moment(at_us).isoformat().replace("+00:00", "Z")


def public_id(value: int, kind: str) -> str:
    """Return the public id: ``{{ order.id | id("order") }}``."""
    return ids.encode(kind, value)


def size(count: int | None) -> str:
    """Return a number of bytes in the largest unit that keeps it above one."""
    if count is None:
        return "–"
    unit, rest = 0, count
    while rest >= 1024 and unit < len(_UNITS) - 1:
        unit, rest = unit + 1, rest // 1024
    tenths = count * 10 // 1024**unit
    shown = f"{tenths // 10}.{tenths % 10}" if unit and tenths < 1000 else f"{rest}"
    return f"{shown} {_UNITS[unit]}"


def _code(currency: int | str) -> str:
    return money.BY_ASSET[currency].code if isinstance(currency, int) else currency


def _grouped(text: str) -> str:
    whole, point, decimals = text.partition(".")
    return f"{int(whole):,}{point}{decimals}"


def _there(at_us: int) -> datetime:
    return clock.moment(at_us).astimezone(ZoneInfo(TIMEZONE))
