"""Which releases a licence includes, beside the one it was bought with: a sold term.

Source: features A5 (history all, some or none; future all, some or none). Frozen with
the contract, enforced at delivery.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from listings import tables
from listings.changes import touch
from listings.marking import N_
from settlement.errors import Invalid

COUNT_MAX = 1_000


class Window(NamedTuple):
    """How many older and later releases; None: all of them."""

    history: int | None = 0
    future: int | None = 0


OWN_ONLY = Window()


def put(db: Connection, instrument: int, window: Window) -> None:
    """Give an instrument a window, for what is sold from now on."""
    for count in window:
        if count is not None and not 0 <= count <= COUNT_MAX:
            raise Invalid({"releases": [N_("Give a number up to 1,000, or all.")]})
    w = tables.windows
    db.execute(delete(w).where(w.c.instrument == instrument))
    if window != OWN_ONLY:
        db.execute(insert(w).values(instrument=instrument, **window._asdict()))
    product = select(tables.instruments.c.product)
    found = db.scalar(product.where(tables.instruments.c.id == instrument))
    touch(db, [found] if found else [])


def of_instruments(db: Connection, instruments: Iterable[int]) -> dict[int, Window]:
    """Return the windows of those of *instruments* that have one."""
    w = tables.windows
    query = select(w).where(w.c.instrument.in_(list(instruments)))
    rows = db.execute(query)
    return {row.instrument: Window(row.history, row.future) for row in rows}


def read(text: str) -> int | None:
    """Return what is typed: ``all`` is None, else the number; Invalid otherwise."""
    if text == "all":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(COUNT_MAX))):
        raise Invalid({"releases": [N_("Give a number up to 1,000, or all.")]})
    return int(text)
