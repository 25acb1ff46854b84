"""What search knows of the market: the names of vendors and the prices of books.

The truth is the book. What the catalogue was last told stands in a file; whatever
changed the book in the meantime (orders, fills, cancels, expiry, a crash), the
difference between the two is what to tell it.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from listings import catalogue
from listings.search.projection import Change
from listings.tables import instruments
from marketplace.members import organisations
from marketplace.trading.reads import LIVE
from marketplace.trading.tables import orders
from settlement.tables import writer

FILE = "posted-prices.json"
POLL_S = 0.3  # a new price must be found by search within a second
TOUCHED_MAX = 500  # products in one transaction
# Minor units of CNY for 100 minor units of another currency: round reference values of
# 2025, which only put prices into an order and into bands, and are never shown.
CNY_OF_100 = {1: 100, 2: 700, 3: 800, 4: 500}


def changes_after(db: Connection, position: int, limit: int) -> list[Change]:
    """Return the catalogue's changes with the vendors' names and the lowest prices."""
    found = catalogue.changes_after(db, position, limit)
    entries = [change.entry for change in found if change.entry is not None]
    named = organisations.names(db, {entry.vendor_id for entry in entries})
    prices = lowest(db, [entry.id for entry in entries])
    return [
        change._replace(
            entry=entry._replace(
                vendor_zh=named.get(entry.vendor_id, ("", ""))[0],
                vendor_en=named.get(entry.vendor_id, ("", ""))[1],
                price=prices.get(entry.id, entry.price),
            )
        )
        if (entry := change.entry) is not None
        else change
        for change in found
    ]


def lowest(db: Connection, products: Iterable[int]) -> dict[int, int]:
    """Return the lowest price in minor units of CNY that each product is offered at."""
    query = (
        select(instruments.c.product, instruments.c.currency, func.min(orders.c.price))
        .join(orders, orders.c.instrument == instruments.c.id)
        .where(LIVE, orders.c.side == "sell", instruments.c.product.in_(list(products)))
        .group_by(instruments.c.product, instruments.c.currency)
    )
    found: dict[int, int] = {}
    for product, currency, offered in db.execute(query):
        price = offered * CNY_OF_100[currency] // 100
        found[product] = min(price, found.get(product, price))
    return found


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
