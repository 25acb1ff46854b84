"""Prices that an imported row proposed: offered to the vendor, never posted silently.

The importer keeps a price that is certain among the other facts of a row; here it is
read again with care, because those facts may have come from anywhere.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from listings.formats.rows import PRICE
from listings.instruments import TERM_DAYS_MAX, Instrument
from listings.vocabulary import MODES
from settlement.money import CURRENCIES, DEFAULT, NotAnAmount, parse


class Proposed(NamedTuple):
    """What a row said of its price; *price* in minor units, None where it is free."""

    mode: str
    price: int | None
    currency: int  # asset number
    term_days: int | None = None


def proposed(extra: Mapping[str, Any] | None) -> Proposed | None:
    """Return the price that an import kept, or None if there is none that holds."""
    said = (extra or {}).get(PRICE)
    if not isinstance(said, dict):
        return None
    mode, code, text = (str(said.get(name)) for name in ("mode", "currency", "price"))
    assets = {currency.code: currency.asset for currency in CURRENCIES}
    if mode == "free":
        return Proposed("free", None, assets[DEFAULT])
    if mode not in MODES or code not in assets:
        return None
    try:
        price = parse(text, code)
    except NotAnAmount:
        return None
    days = said.get("term_days")
    if days is not None and (type(days) is not int or not 0 < days <= TERM_DAYS_MAX):
        return None
    return Proposed(mode, price, assets[code], days) if price > 0 else None


def offered(
    wish: Proposed | None, units: Iterable[Instrument], posted: Collection[int]
) -> dict[int, int]:
    """Return the proposed price for each instrument that it is meant for.

    Those that are listed, have no posted price yet, and are charged as the row said.
    """
    if wish is None or wish.price is None:
        return {}
    return {
        unit.id: wish.price
        for unit in units
        if unit.state == "listed"
        and unit.id not in posted
        and (unit.mode, unit.currency) == (wish.mode, wish.currency)
        and wish.term_days in {None, unit.term_days}
    }
