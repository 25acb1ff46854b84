"""Between the invoices in memory and their table: drain and write, load."""

import json

from sqlalchemy import Connection, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.invoice_tables import invoiced, invoices
from marketplace.trading.invoices import Invoice, InvoiceState, Series
from marketplace.trading.market import Market
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of invoices that are new or changed, and forget them."""
    rows: Rows = [one.row() for one in market.invoices.changed.values()]
    market.invoices.changed.clear()
    on: Rows = sorted(market.invoices.invoiced.items())
    market.invoices.invoiced.clear()
    return {"invoices": rows, "invoiced": on}


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of invoices."""
    script.upsert(invoices, effects.invoices)
    script.upsert(invoiced, effects.invoiced)


def load(db: Connection, market: Market) -> None:
    """Take over which trades are on which invoice, and the last numbers."""
    for row in db.execute(select(invoices).order_by(invoices.c.id)):
        one = Invoice(*row[:-2])
        one.series, one.state = Series(row.series), InvoiceState(row.state)
        one.lines = tuple(tuple(line) for line in json.loads(row.lines))
        market.invoices.restore(one)
