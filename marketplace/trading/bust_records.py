"""Between busts in memory and their table: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement import claim_tables as m
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of trades busted or adjusted, and forget them."""
    rows: Rows = list(market.busts.new)
    market.busts.new.clear()
    return {"busts": rows}


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed."""
    script.insert(m.busts, effects.busts)


def load(db: Connection, market: Market) -> None:
    """Take over what trades cost now; before the prices, which rest on it."""
    for row in db.execute(select(m.busts).order_by(m.busts.c.id)):
        market.busts.restore(row.trade, row.price, row.paid)
        market.busts.last = row.id
