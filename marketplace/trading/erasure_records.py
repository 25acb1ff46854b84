"""Between the erasures in memory and their table: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.erasure_tables import erasures
from marketplace.trading.market import Market
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of what was decided to be forgotten, and forget them."""
    rows: Rows = list(market.erasures.new)
    market.erasures.new.clear()
    return {"erasures": rows}


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch decided to forget."""
    script.insert(erasures, effects.erasures)


def load(db: Connection, market: Market) -> None:
    """Take over who was forgotten."""
    of = erasures.c
    known = select(of.subject).where(of.what == "person")
    market.erasures.persons = set(db.scalars(known))
