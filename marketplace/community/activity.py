"""How lively a listing is: trades of the last 90 days and rights in force.

Shown only where enough buyers stand behind it: one buyer's trades are its own affair.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from settlement import clock
from settlement.tables import entitlements, trades

PERIOD_DAYS = 90
BUYERS_MIN = 3


class Activity(NamedTuple):
    """What was traded lately, and what is in force; None: too few buyers."""

    trades: int | None
    live: int | None


def of_instruments(db: Connection, instruments: Iterable[int]) -> Activity:
    """Return the activity of a product's *instruments* together."""
    wanted = list(instruments)
    since_us = clock.now_us() - PERIOD_DAYS * clock.DAY_US
    t, e = trades.c, entitlements.c
    traded, buyers = db.execute(
        select(func.count(), func.count(t.buyer.distinct())).where(
            t.instrument.in_(wanted), t.at_us >= since_us
        )
    ).one()
    live, holders = db.execute(
        select(func.count(), func.count(e.holder.distinct())).where(
            e.instrument.in_(wanted), e.state == "active"
        )
    ).one()
    return Activity(
        traded if buyers >= BUYERS_MIN else None,
        live if holders >= BUYERS_MIN else None,
    )
