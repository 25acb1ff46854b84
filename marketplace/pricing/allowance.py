"""Allowed revenue of public data under authorised operation: a running account.

The authorities set the highest revenue allowed for a year (最高准许收入); what was
taken beyond it is deducted from the next year's (domain §9). Takings are what buyers
paid, tax included, in sales and metered use by the products' vendors, by the day of the
sale, less what went back. Amounts are in minor units.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, insert, or_, select

from listings import publicdata
from listings.marking import N_
from listings.tables import authorisations, products, public_products
from marketplace.language import TIMEZONE
from marketplace.pricing.tables import allowances
from marketplace.trading.tables import books
from marketplace.trading.usage_tables import tabs, uses
from settlement import clock
from settlement.claim_tables import busts, refunds
from settlement.errors import Invalid
from settlement.ids import encode
from settlement.money import AMOUNT_MAX, BY_ASSET, BY_CODE
from settlement.store import next_numbers
from settlement.tables import escrows, trades

BASIS_MAX = 200  # characters
COLUMNS = (
    "authorisation", "operator", "year", "currency", "allowed", "carried_in",
    "may_take", "sales", "uses", "taken", "left", "carried_out", "basis",
)  # fmt: skip
YEAR = N_("Give a year of the authorisation.")


class Account(NamedTuple):
    """One year of an authorisation in one currency."""

    authorisation: int
    operator: str
    year: int
    currency: int
    allowed: int | None  # None: none is set yet
    carried_in: int  # taken too much the year before
    sales: int
    uses: int
    basis: str  # the document that allowed it

    @property
    def taken(self) -> int:
        """Return all takings of the year."""
        return self.sales + self.uses

    @property
    def may_take(self) -> int | None:
        """Return what may be taken: the allowed sum less what was carried in."""
        return None if self.allowed is None else max(0, self.allowed - self.carried_in)

    @property
    def left(self) -> int | None:
        """Return what may still be taken; None while nothing is set."""
        return None if self.may_take is None else max(0, self.may_take - self.taken)

    @property
    def carried_out(self) -> int:
        """Return what was taken too much, the next year's to bear.

        What a small allowance could not bear of the year before goes on, too.
        """
        if self.allowed is None:
            return self.carried_in
        return max(0, self.taken + self.carried_in - self.allowed)


def allow(
    db: Connection, authorisation: int, year: int, code: str, amount: int, basis: str,
    by: int,
) -> int:  # fmt: skip
    """Set the revenue allowed for a year; the newest word holds. Invalid, NotFound."""
    row = publicdata.get(db, authorisation)
    problems: dict[str, list[str]] = {}
    if not int(row.from_day[:4]) <= year <= int(row.until_day[:4]):
        problems["year"] = [YEAR]
    if code not in BY_CODE:
        problems["currency"] = [N_("Choose one of the list.")]
    if not 0 <= amount <= AMOUNT_MAX:
        problems["amount"] = [N_("This number is out of range.")]
    if not basis.strip() or len(basis) > BASIS_MAX:
        problems["basis"] = [N_("This is needed.")]
    if problems:
        raise Invalid(problems)
    (number,) = next_numbers(db, allowances.c.id)
    db.execute(
        insert(allowances).values(
            id=number, authorisation=authorisation, year=year,
            currency=BY_CODE[code].asset, amount=amount, basis=basis.strip(),
            set_us=clock.now_us(), set_by=by,
        )
    )  # fmt: skip
    return number


def accounts(db: Connection, authorisation: int) -> list[Account]:
    """Return the years of an authorisation so far, by currency, oldest first."""
    row = publicdata.get(db, authorisation)
    now = clock.moment(clock.now_us()).astimezone(ZoneInfo(TIMEZONE)).year
    years = range(int(row.from_day[:4]), min(now, int(row.until_day[:4])) + 1)
    allowed = _allowed(db, authorisation)
    taken: dict[tuple[int, int], tuple[int, int]] = {}
    for year in years:
        span = _begins_us(year), _begins_us(year + 1)
        sales = dict(_sales(db, authorisation, *span))
        used = dict(_uses(db, authorisation, *span))
        for currency in {*sales, *used}:
            both = sales.get(currency, 0), used.get(currency, 0)
            taken[currency, year] = both
    found: list[Account] = []
    for currency in sorted({key[0] for key in (*allowed, *taken)}):
        carried = 0
        for year in years:
            key = currency, year
            amount, basis = allowed.get(key, (None, ""))
            sold, by_use = taken.get(key, (0, 0))
            one = Account(
                authorisation, row.operator, year, currency, amount, carried, sold,
                by_use, basis,
            )  # fmt: skip
            carried = one.carried_out
            found.append(one)
    return found


def _begins_us(year: int) -> int:
    return clock.from_datetime(datetime(year, 1, 1, tzinfo=ZoneInfo(TIMEZONE)))


def _allowed(
    db: Connection, authorisation: int
) -> dict[tuple[int, int], tuple[int | None, str]]:
    """Return what is allowed by currency and year: what was said last."""
    query = select(allowances).where(allowances.c.authorisation == authorisation)
    return {
        (row.currency, row.year): (row.amount, row.basis)
        for row in db.execute(query.order_by(allowances.c.id))
    }


def _instruments(authorisation: int) -> Any:
    return (
        select(books.c.instrument)
        .join(public_products, public_products.c.product == books.c.product)
        .where(public_products.c.authorisation == authorisation)
    )


def _sales(
    db: Connection, authorisation: int, from_us: int, until_us: int
) -> Iterable[tuple[int, int]]:
    """Yield what vendors' sales of a span of time have brought, by currency."""
    back: Any = 0
    for table in (refunds, busts):
        gave = select(func.sum(table.c.amount)).where(table.c.trade == trades.c.id)
        back += func.coalesce(gave.scalar_subquery(), 0)
    value = func.coalesce(escrows.c.released, trades.c.price * trades.c.quantity)
    query = (
        select(trades.c.currency, func.sum(value - back))
        .join(books, books.c.instrument == trades.c.instrument)
        .outerjoin(escrows, escrows.c.trade == trades.c.id)
        .where(trades.c.instrument.in_(_instruments(authorisation)))
        .where(trades.c.seller == books.c.vendor)
        .where(trades.c.at_us >= from_us, trades.c.at_us < until_us)
        .where(or_(trades.c.state == "settled", escrows.c.released > 0))
        .group_by(trades.c.currency)
    )
    return [(row[0], int(row[1])) for row in db.execute(query)]


def _uses(
    db: Connection, authorisation: int, from_us: int, until_us: int
) -> Iterable[tuple[int, int]]:
    """Yield what metered use of a span of time has brought, by currency."""
    query = (
        select(tabs.c.currency, func.sum(uses.c.amount))
        .join(tabs, tabs.c.entitlement == uses.c.entitlement)
        .where(tabs.c.instrument.in_(_instruments(authorisation)))
        .where(uses.c.at_us >= from_us, uses.c.at_us < until_us)
        .group_by(tabs.c.currency)
    )
    return [(row[0], int(row[1])) for row in db.execute(query)]


def of_vendor(db: Connection, vendor: int) -> list[Row[Any]]:
    """Return the authorisations under which a vendor's products are, newest first."""
    mine = (
        select(public_products.c.authorisation)
        .join(products, products.c.id == public_products.c.product)
        .where(products.c.vendor == vendor)
    )
    query = select(authorisations).where(authorisations.c.id.in_(mine))
    newest = query.order_by(authorisations.c.id.desc())
    return list(db.execute(newest.limit(publicdata.SHOWN_MAX)))


def table(found: Iterable[Account]) -> list[list[str | int | None]]:
    """Return accounts as rows of COLUMNS, ids and currencies as they are public."""
    shown = {
        "authorisation": lambda one: encode("authorisation", one.authorisation),
        "currency": lambda one: BY_ASSET[one.currency].code,
    }
    return [
        [shown[name](one) if name in shown else getattr(one, name) for name in COLUMNS]
        for one in found
    ]
