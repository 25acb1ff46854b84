"""The holidays of China as the State Council announced them, ready to be published.

国务院办公厅关于2026年部分节假日安排的通知 (2025-11-04); only days unlike their weekday.
"""

from collections.abc import Mapping
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)

# Year → (first and last day of each holiday, weekend days that are worked).
ANNOUNCED: Mapping[int, tuple[tuple[tuple[str, str], ...], tuple[str, ...]]] = {
    2026: (
        (
            ("01-01", "01-03"),  # 元旦
            ("02-15", "02-23"),  # 春节
            ("04-04", "04-06"),  # 清明节
            ("05-01", "05-05"),  # 劳动节
            ("06-19", "06-21"),  # 端午节
            ("09-25", "09-27"),  # 中秋节
            ("10-01", "10-07"),  # 国庆节
        ),
        ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
    ),
}


def number_of(day: date) -> int:
    """Return the days since 1970."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Return the day that is *number* days after 1970-01-01."""
    return EPOCH + timedelta(number)


def announced(year: int) -> tuple[tuple[int, bool], ...]:
    """Return the days of *year* that are unlike their weekday; none if unknown."""
    holidays, worked = ANNOUNCED.get(year, ((), ()))
    found: dict[int, bool] = {}
    for first, last in holidays:
        begins = date.fromisoformat(f"{year}-{first}")
        while begins <= date.fromisoformat(f"{year}-{last}"):
            if begins.weekday() not in (5, 6):
                found[number_of(begins)] = False
            begins += timedelta(1)
    for text in worked:
        found[number_of(date.fromisoformat(f"{year}-{text}"))] = True
    return tuple(sorted(found.items()))
