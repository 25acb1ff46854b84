"""The columns of the tape and of the tables beside it: the contract with any engine.

A trade carries what it is counted by, as it was when it was agreed: a product that is
classified anew later does not move the trades of the past. What nobody said is
`UNKNOWN`, never guessed.
"""

from collections.abc import Mapping
from typing import NamedTuple

Columns = Mapping[str, str]  # name → DuckDB type

UNKNOWN = "unknown"


class About(NamedTuple):
    """What one trade is counted by."""

    model: str  # posted, matched, negotiated, call, contest, filed
    unit: str  # what one unit of quantity is: how the instrument is charged for
    term_days: int  # how long the right lasts; 0: without end
    kind: str  # the class of product
    sector: str
    industry: str  # section of GB/T 4754, a letter
    vendor_region: str  # province (two digits of GB/T 2260) or country
    buyer_region: str
    data_region: str
    licence: str
    supply: str  # public, enterprise, personal
    use_class: str  # of public data: welfare or industry; else none
    border: str  # domestic, or cross: the two sides are in different jurisdictions


NOT_TOLD = About(*(UNKNOWN,) * 2, 0, *(UNKNOWN,) * 8, "none", UNKNOWN)

TRADES: Columns = {
    "id": "BIGINT",
    "seq": "BIGINT",
    "at_us": "BIGINT",
    "month": "VARCHAR",  # 2026-01, in Beijing
    "instrument": "BIGINT",
    "price": "BIGINT",
    "quantity": "BIGINT",
    "value": "BIGINT",
    "currency": "VARCHAR",
    "buyer": "BIGINT",
    "seller": "BIGINT",
    "taker": "VARCHAR",
    "fee": "BIGINT",
    "state": "VARCHAR",  # when it was written
    "origin": "VARCHAR",  # on_book, negotiated, auction, filed
    "model": "VARCHAR",
    "unit": "VARCHAR",
    "term_days": "INTEGER",
    "class": "VARCHAR",
    "sector": "VARCHAR",
    "industry": "VARCHAR",
    "vendor_region": "VARCHAR",
    "buyer_region": "VARCHAR",
    "data_region": "VARCHAR",
    "licence": "VARCHAR",
    "supply": "VARCHAR",
    "use_class": "VARCHAR",
    "border": "VARCHAR",
}
# Where a trade came from, as it is counted; a contest is an auction (domain §5).
ORIGINS = {
    "book": "on_book",
    "negotiated": "negotiated",
    "auction": "auction",
    "contest": "auction",
    "group": "auction",
    "filed": "filed",
}
CORRECTIONS: Columns = {
    "id": "BIGINT",
    "trade": "BIGINT",
    "at_us": "BIGINT",
    "event": "VARCHAR",  # exclude, restore, adjust
    "price": "BIGINT",  # to which a trade was adjusted
    "fee": "BIGINT",
}
# Of these a tape has the present state, replaced whole.
DIMENSIONS: Mapping[str, Columns] = {
    "instruments": {
        "instrument": "BIGINT",
        "symbol": "VARCHAR",
        "product": "BIGINT",
        "vendor": "BIGINT",
        "class": "VARCHAR",
        "sector": "VARCHAR",
        "posted": "BOOLEAN",  # it has a price that anybody may take
        "state": "VARCHAR",
    },
    "members": {
        "member": "BIGINT",
        "region": "VARCHAR",
        "kind": "VARCHAR",
        "sells": "BOOLEAN",
        "buys": "BOOLEAN",
        "month": "VARCHAR",  # since when it is verified
    },
    "events": {  # steps of products towards the market, and off it
        "id": "BIGINT",
        "at_us": "BIGINT",
        "month": "VARCHAR",
        "event": "VARCHAR",  # submitted, returned, registered, listed, delisted
        "product": "BIGINT",
        "vendor": "BIGINT",
        "class": "VARCHAR",
        "sector": "VARCHAR",
        "industry": "VARCHAR",
        "vendor_region": "VARCHAR",
        "data_region": "VARCHAR",
        "supply": "VARCHAR",
    },
    "usage": {  # what buyers fetched of what they hold, by month
        "month": "VARCHAR",
        "instrument": "BIGINT",
        "class": "VARCHAR",
        "sector": "VARCHAR",
        "calls": "BIGINT",
        "hits": "BIGINT",  # null: not metered
    },
    "states": {  # of trades that were not at their end when they were written
        "trade": "BIGINT",
        "state": "VARCHAR",
    },
}
