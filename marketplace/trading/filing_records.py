"""Between the filed deals in memory and their table: drain and write, load."""

from sqlalchemy import Connection, func, select

from marketplace.trading import tables as t
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.filings import LIVE, Filing, FilingState
from marketplace.trading.market import Market
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of filings that are new or changed, and forget them."""
    rows: Rows = [filing.row() for filing in market.filings.changed.values()]
    market.filings.changed.clear()
    return {"filings": rows}


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of filed filed."""
    script.upsert(t.filings, effects.filings)


def load(db: Connection, market: Market) -> None:
    """Take over the filings that wait, from the records."""
    waits = t.filings.c.state.in_([str(state) for state in LIVE])
    for row in db.execute(select(t.filings).where(waits).order_by(t.filings.c.id)):
        filing = Filing(*row)
        filing.state = FilingState(row.state)
        market.filings.restore(filing)
    last = select(func.coalesce(func.max(t.filings.c.id), 0))
    market.filings.last = int(db.execute(last).scalar_one())
