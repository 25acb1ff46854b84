"""Money as integers in minor units; exact splitting; the only parser of amounts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from settlement.errors import Refusal

AMOUNT_MAX = 10**15  # in minor units; reliability M5
BPS = 10_000


class Currency(NamedTuple):
    """A currency: its number on the ledger, ISO 4217 code and exponent."""

    asset: int
    code: str
    exponent: int


# ISO 4217, exponents as published there. Asset numbers below INSTRUMENT_MIN are money.
CURRENCIES = (
    Currency(1, "CNY", 2),
    Currency(2, "USD", 2),
    Currency(3, "EUR", 2),
    Currency(4, "JPY", 0),
)
INSTRUMENT_MIN = 1_000
BY_CODE = {currency.code: currency for currency in CURRENCIES}
BY_ASSET = {currency.asset: currency for currency in CURRENCIES}
DEFAULT = "CNY"

_AMOUNT = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,4}))?", re.ASCII)


@dataclass(eq=False)
class NotAnAmount(Refusal):
    """This is not an amount of money in that currency."""

    text: str
    currency: str


def parse(text: str, currency: str) -> int:
    """Return the minor units that *text* names, e.g. ``parse("12.30", "CNY") == 1230``.

    ASCII digits and one point only; more decimals than the currency has, a sign or
    any other character is NotAnAmount, and so is more than AMOUNT_MAX.
    """
    found = _AMOUNT.fullmatch(text.strip())
    exponent: int = BY_CODE[currency].exponent
    if found is None or len(found[2] or "") > exponent:
        raise NotAnAmount(text[:40], currency)
    decimals = (found[2] or "").ljust(exponent, "0")
    amount = int(found[1] + decimals)
    if amount > AMOUNT_MAX:
        raise NotAnAmount(text[:40], currency)
    return amount


def plain(amount: int, currency: str) -> str:
    """Return *amount* (minor units) as an unadorned decimal: ``"12.30"``."""
    exponent = BY_CODE[currency].exponent
    sign, digits = "-" if amount < 0 else "", str(abs(amount)).rjust(exponent + 1, "0")
    if not exponent:
        return sign + digits
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def split(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Return *total* (minor units) in parts proportional to *weights*, exactly.

    Largest remainder (Hamilton's method); equal remainders go to the earlier part.
    """
    whole = sum(weights)
    assert total >= 0, total
    assert whole > 0, weights
    assert min(weights) >= 0, weights
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i)
    )
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return tuple(parts)


def share_up(amount: int, bps: int) -> int:
    """Return *bps* basis points of *amount*, rounded up to the next minor unit.

    Up, so that cutting a trade in pieces never makes its fee smaller (reliability M8).
    """
    return -(-amount * bps // BPS)
