"""Months of the exchange's calendar, to choose a statement by."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from marketplace.language import TIMEZONE
from settlement import clock
from settlement.errors import NotFound

SHOWN = 12


def months() -> list[str]:
    """Return the last SHOWN months, the present one first, as ``2026-11``."""
    day, found = _today(), []
    for _ in range(SHOWN):
        found.append(f"{day:%Y-%m}")
        day = day.replace(year=day.year - 1, month=12) if day.month == 1 else (
            day.replace(month=day.month - 1)
        )  # fmt: skip
    return found


def of_month(text: str) -> tuple[str, int, int]:
    """Return a month, when it begins and when it is over, in microseconds UTC.

    The present one if none is asked for; NotFound for what is no month.
    """
    asked = text or f"{_today():%Y-%m}"
    try:
        first = date.fromisoformat(f"{asked}-01")
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    except ValueError as error:
        raise NotFound("month", asked[:20]) from error
    return asked, _begins_us(first), _begins_us(after)


def _today() -> date:
    now = clock.moment(clock.now_us()).astimezone(ZoneInfo(TIMEZONE))
    return now.date().replace(day=1)


def _begins_us(day: date) -> int:
    return clock.from_datetime(datetime.combine(day, time.min, ZoneInfo(TIMEZONE)))
