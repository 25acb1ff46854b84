"""Double-blind: when what one side of a trade says may be read by the other.

The first to speak opens a window. Once the other side has spoken too, or the window is
over, both are read; whoever has not spoken by then speaks no more, so that nobody
answers a bad mark with one (features C6, after Sharetribe).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from marketplace.community.notices import notify
from settlement import clock
from settlement.errors import Refusal
from settlement.ids import encode

WINDOW_DAYS = 14


@dataclass(eq=False)
class WindowOver(Refusal):
    """The other side's review is open already: it is too late for yours."""

    since_us: int


def page(trade: int) -> str:
    """Return the address of a trade's page, where both sides speak."""
    return f"/orders/trades/{encode('trade', trade)}"


def opens(db: Connection, trade: Row[Any], other: Table, now_us: int) -> int:
    """Return when a new review of *trade* is open, with the *other* side's in mind.

    At once where the other side has spoken, whose review opens too, or where the seller
    is not the vendor and nobody is waited for. WindowOver if the other's is open.
    """
    query = select(other.c.open_us).where(other.c.trade == trade.id)
    theirs = db.scalar(query)
    if theirs is None:
        waits = trade.seller == trade.vendor
        return now_us + WINDOW_DAYS * clock.DAY_US if waits else now_us
    if theirs <= now_us:
        raise WindowOver(theirs)
    mine = other.c.trade == trade.id
    db.execute(update(other).where(mine).values(open_us=now_us))
    facts: Mapping[str, Any] = {"href": page(trade.id)}
    both, cause = (trade.buyer, trade.vendor), f"reviews {trade.id}"
    notify(db, both, "reviews_open", cause, trade.product, facts)
    return now_us
