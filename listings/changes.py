"""The positions of changes, which search and market follow from where they stand."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from listings import tables
from settlement import store
from settlement.store import next_numbers


def touch(db: Connection, products: Iterable[int]) -> None:
    """Say that *products* changed, so that what follows looks at them again.

    Only the newest change of a product is kept: that is all that a follower needs.
    """
    wanted = list(dict.fromkeys(products))
    positions = next_numbers(db, tables.changes.c.position, len(wanted))
    store.upsert(db, tables.changes, list(zip(wanted, positions, strict=True)))


def changed(db: Connection, position: int, limit: int) -> list[tuple[int, int]]:
    """Return (position, product) of the changes after *position*, ascending."""
    c = tables.changes.c
    query = select(c.position, c.product).where(c.position > position)
    rows = db.execute(query.order_by(c.position).limit(limit))
    return [(row.position, row.product) for row in rows]
