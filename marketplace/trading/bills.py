"""Invoices from the records: whose, on what; which trades may still be asked for.

Amounts are in minor units. Lists come newest first.
"""

import json
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, or_, select

from marketplace.trading.claims import sale
from marketplace.trading.invoice_tables import invoiced, invoices
from marketplace.trading.invoices import called
from marketplace.trading.proceeds import tax_lines
from marketplace.trading.tables import books
from settlement import ids
from settlement.claim_tables import busts, refunds
from settlement.errors import NotFound
from settlement.refunds import Sale
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import escrows, trades

WINDOW = 200  # purchases that are looked through for those without an invoice


class Line(NamedTuple):
    """One trade on an invoice."""

    trade: int  # 0: fees of a month
    amount: int  # tax included
    bps: int
    tax: int

    @property
    def net(self) -> int:
        """Return the amount without its tax."""
        return self.amount - self.tax


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the invoices and credit notes of a member, either side's."""
    limit = min(limit, PAGE_MAX)
    mine = or_(invoices.c.seller == member, invoices.c.buyer == member)
    query = select(invoices).where(mine)
    if before is not None:
        query = query.where(invoices.c.id < before)
    newest = query.order_by(invoices.c.id.desc()).limit(limit + 1)
    return page(db.execute(newest).all(), limit)


def get(db: Connection, number: int, member: int) -> Row[Any]:
    """Return one invoice; NotFound unless the member is a party."""
    mine = or_(invoices.c.seller == member, invoices.c.buyer == member)
    query = select(invoices).where(invoices.c.id == number, mine)
    found = db.execute(query).first()
    if found is None:
        raise NotFound("invoice", ids.encode("invoice", number))
    return found


def lines(row: Row[Any]) -> list[Line]:
    """Return the lines of an invoice."""
    return [Line(*line) for line in json.loads(row.lines)]


def number_of(row: Row[Any]) -> str:
    """Return the number of what is issued, else nothing."""
    return "" if row.serial is None else called(row.series, row.year, row.serial)


def askable(db: Connection, buyer: int, before: int | None = None) -> Page:
    """Return the settled purchases that are on no invoice, with what is paid.

    Of a window of the newest WINDOW, or of those before the trade *before*: however
    many there are, a page looks at no more, and may be empty though older are not.
    """
    value = func.coalesce(escrows.c.released, trades.c.price * trades.c.quantity)
    back = (
        func.coalesce(_back(refunds), 0) + func.coalesce(_back(busts), 0)
    )  # fmt: skip
    left = value - back
    query = (
        select(trades.c.id, trades.c.at_us, trades.c.seller)
        .add_columns(trades.c.currency, books.c.symbol, left.label("left"))
        .add_columns(trades.c.state, invoiced.c.invoice)
        .join(books, books.c.instrument == trades.c.instrument)
        .outerjoin(escrows, escrows.c.trade == trades.c.id)
        .outerjoin(invoiced, invoiced.c.trade == trades.c.id)
        .where(trades.c.buyer == buyer)
    )
    if before is not None:
        seq = db.scalar(select(trades.c.seq).where(trades.c.id == before)) or 0
        query = query.where(trades.c.seq <= seq, trades.c.id < before)
    newest = query.order_by(trades.c.seq.desc(), trades.c.id.desc())
    found = db.execute(newest.limit(WINDOW + 1)).all()
    older = found[WINDOW - 1].id if len(found) > WINDOW else None
    rows = [
        row
        for row in found[:WINDOW]
        if row.state == "settled" and row.left > 0 and not row.invoice
    ]
    return Page(rows, older)


def of_fees(db: Connection, member: int, month: str) -> tuple[Row[Any], ...]:
    """Return the house's invoices for the fees of a member's month, by currency."""
    query = select(invoices).where(
        invoices.c.buyer == member, invoices.c.period == month
    )
    return tuple(db.execute(query.order_by(invoices.c.currency)))


def _back(table: Any) -> Any:
    """Return what went back of the trade of a query."""
    query = select(func.sum(table.c.amount)).where(table.c.trade == trades.c.id)
    return query.scalar_subquery()


def told(
    db: Connection, buyer: int, numbers: Collection[int]
) -> tuple[tuple[Sale, int], ...]:
    """Return purchases as the writer is told them, with rates of tax; NotFound."""
    query = select(trades.c.id, trades.c.seller).where(
        trades.c.id.in_(numbers), trades.c.buyer == buyer
    )
    sellers = {row.id: row.seller for row in db.execute(query)}
    for number in numbers:
        if number not in sellers:
            raise NotFound("trade", ids.encode("trade", max(0, number)))
    return tuple(
        (sale(db, number, sellers[number]), tax_lines(db, number).bps)
        for number in sorted(set(numbers))
    )
