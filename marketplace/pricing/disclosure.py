"""The yearly disclosure of public data: who was authorised, for what, at which prices.

By the end of March, implementing bodies publish authorisations and ceilings, operators
the resources granted, products and services and actual prices (发改价格〔2025〕65号,
the rules on authorised operation; domain §9). Nothing is suppressed: these prices are
public by rule.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, select

from listings.tables import authorisations, instruments, products, public_products
from marketplace.language import TIMEZONE
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.money import BY_ASSET
from settlement.tables import trades

YEARS = range(2020, 2100)
COLUMNS = (
    "authorisation", "mode", "scope", "source_kind", "source_body", "granting_body",
    "implementing_body", "operator", "resources", "from_day", "until_day", "product",
    "title_zh", "title_en", "symbol", "use_class", "currency", "ceiling", "trades",
    "units", "lowest", "average", "highest", "amount",
)  # fmt: skip


class Disclosed(NamedTuple):
    """One instrument of public data in one year; amounts in minor units."""

    authorisation: int
    mode: str
    scope: str
    source_kind: str
    source_body: str
    granting_body: str
    implementing_body: str
    operator: str
    resources: str
    from_day: str
    until_day: str
    product: int
    title_zh: str
    title_en: str
    symbol: str
    use_class: str | None
    currency: int
    ceiling: int | None
    trades: int
    units: int
    lowest: int | None
    highest: int | None
    amount: int

    @property
    def average(self) -> int | None:
        """Return the average price of a unit, rounded down."""
        return self.amount // self.units if self.units else None


def of_year(db: Connection, year: int) -> list[Disclosed]:
    """Return every instrument of public data with what was paid for it in *year*."""
    if year not in YEARS:
        raise NotFound("year", str(year)[:10])
    zone = ZoneInfo(TIMEZONE)
    from_us, until_us = (
        clock.from_datetime(datetime(y, 1, 1, tzinfo=zone)) for y in (year, year + 1)
    )
    a, i, p, t = authorisations.c, instruments.c, products.c, trades.c
    sold = and_(t.instrument == i.id, t.at_us >= from_us, t.at_us < until_us)
    facts = (
        *(a.id, a.mode, a.scope, a.source_kind, a.source_body, a.granting_body),
        *(a.implementing_body, a.operator, a.resources, a.from_day, a.until_day),
        *(p.id, p.title_zh, p.title_en, i.symbol, i.use_class, i.currency, i.ceiling),
    )
    query = (
        select(
            *facts,
            func.count(t.id),
            func.coalesce(func.sum(t.quantity), 0),
            *(func.min(t.price), func.max(t.price)),
            func.coalesce(func.sum(t.price * t.quantity), 0),
        )
        .select_from(public_products)
        .join(authorisations, a.id == public_products.c.authorisation)
        .join(products, p.id == public_products.c.product)
        .join(instruments, i.product == p.id)
        .outerjoin(trades, sold)
        .where(a.from_day < f"{year + 1}-01-01", a.until_day >= f"{year}-01-01")
        .group_by(*facts, i.id)
        .order_by(a.id, p.id, i.id)
    )
    return [Disclosed(*row[:18], *_numbers(row[18:])) for row in db.execute(query)]


def _numbers(values: Iterable[int | None]) -> list[int | None]:
    """Return whole numbers: PostgreSQL sums them as decimals."""
    return [None if value is None else int(value) for value in values]


def table(rows: Iterable[Disclosed]) -> list[list[str | int | None]]:
    """Return rows by COLUMNS, ids as they are public."""
    return [[_shown(name, getattr(row, name)) for name in COLUMNS] for row in rows]


def _shown(name: str, value: str | int | None) -> str | int | None:
    if name in ("authorisation", "product"):
        assert isinstance(value, int)
        return encode(name, value)
    if name == "currency":
        assert isinstance(value, int)
        return BY_ASSET[value].code
    return value
