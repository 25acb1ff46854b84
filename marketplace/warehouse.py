"""Feeds the statistics: the tape of trades, and who and what the trades are about."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from listings.tables import instruments, products
from marketplace.members.tables import members
from settlement.statistics.tape import extend, write_dimension

PAUSE_S = 60.0  # each step with trades writes a file, so not after every trade


class Feed:
    """Keeps the warehouse's files up with the records; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, there: Path) -> None:
        """Read with *reads*, write into the directory *there*."""
        self._reads = reads
        self._there = there
        self._written: dict[str, list[tuple[Any, ...]]] = {}

    def step(self) -> int:
        """Extend the tape and replace what it is about; return how many trades."""
        with self._reads.connect() as db:
            # Trades last: a trade's instrument and members are then always there.
            self._replace("instruments", _instruments(db))
            self._replace("members", _members(db))
            return extend(db, self._there)

    def _replace(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        if self._written.get(name) != rows:
            write_dimension(self._there, name, rows)
            self._written[name] = rows


def _instruments(db: Connection) -> list[tuple[Any, ...]]:
    query = (
        select(
            instruments.c.id,
            instruments.c.symbol,
            products.c.id,
            products.c.vendor,
            products.c["class"],
            products.c.sector,
        )
        .join_from(instruments, products, products.c.id == instruments.c.product)
        .order_by(instruments.c.id)
    )
    return [tuple(row) for row in db.execute(query)]


def _members(db: Connection) -> list[tuple[Any, ...]]:
    query = select(members.c.id, members.c.region, members.c.kind)
    return [tuple(row) for row in db.execute(query.order_by(members.c.id))]
