"""Between the closed months in memory and their table: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement.closing_tables import closings
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of months that were closed, and forget them."""
    rows: Rows = [tuple(closing) for closing in market.closings.new]
    market.closings.new.clear()
    return {"closings": rows}


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* which months a batch closed."""
    script.insert(closings, effects.closings)


def load(db: Connection, market: Market) -> None:
    """Take over the last month that was closed."""
    newest = select(closings.c.month, closings.c.until_us).order_by(
        closings.c.until_us.desc()
    )
    for month, until_us in db.execute(newest.limit(1)):
        market.closings.restore(month, until_us)
