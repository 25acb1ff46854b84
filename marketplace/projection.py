"""Tells the catalogue which products' posted prices changed, so that search shows them.

The truth is the book. What the catalogue was last told stands in a file; whatever
changed the book in the meantime (orders, fills, cancels, expiry, a crash), the
difference between the two is what to tell.
"""

import json
from pathlib import Path

from listings.tables import instruments
from sqlalchemy import Connection, Engine, func, select

from listings import catalogue
from marketplace.trading.reads import LIVE
from marketplace.trading.tables import orders
from settlement.tables import writer

FILE = "posted-prices.json"
POLL_S = 0.3  # a new price must be found by search within a second
TOUCHED_MAX = 500  # products in one transaction


class Prices:
    """Follows the best offer of each instrument; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, writes: Engine, directory: Path) -> None:
        """Remember in *directory* what the catalogue was told."""
        self._reads = reads
        self._writes = writes
        self._file = directory / FILE
        self._told = _load(self._file)
        self._seq: int | None = None

    def step(self) -> int:
        """Touch every product with a price that changed; return how many."""
        with self._reads.connect() as db:
            seq = db.scalar(select(writer.c.seq))
            if seq == self._seq:
                return 0
            posted = offers(db)
            told = self._told
            changed = {
                instrument
                for instrument in posted.keys() | told.keys()
                if posted.get(instrument) != told.get(instrument)
            }
            products = _products(db, changed)
        for start in range(0, len(products), TOUCHED_MAX):
            with self._writes.begin() as db:
                catalogue.touch(db, products[start : start + TOUCHED_MAX])
        if changed:
            _save(self._file, posted)
        self._told, self._seq = posted, seq
        return len(products)


def offers(db: Connection) -> dict[int, int]:
    """Return the lowest price that each instrument is offered at."""
    query = (
        select(orders.c.instrument, func.min(orders.c.price))
        .where(LIVE, orders.c.side == "sell")
        .group_by(orders.c.instrument)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def _products(db: Connection, changed: set[int]) -> list[int]:
    if not changed:
        return []
    query = select(instruments.c.id, instruments.c.product)
    return sorted({row.product for row in db.execute(query) if row.id in changed})


def _load(file: Path) -> dict[int, int]:
    try:
        read = json.loads(file.read_text("ascii"))
    except FileNotFoundError:
        return {}
    return {int(instrument): price for instrument, price in read.items()}


def _save(file: Path, posted: dict[int, int]) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(posted), "ascii")
    draft.replace(file)
