"""A vendor's funnel: how many members looked at a product, asked, and bought.

Members are counted, not clicks: who looks ten times is one. Who asked or bought by a
program has looked, too: the page is not the only window. What a vendor learns is how
many, never who looked (features H1). Of what only named guests may see, how many looked
would tell who did.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, SelectBase, func, select, union

from listings import tables
from marketplace.community.tables import demands, looks, questions, watches
from marketplace.trading.tables import offers, orders
from settlement import clock
from settlement.tables import entitlements, receipts, trades

PERIOD_DAYS = 90


class Stages(NamedTuple):
    """How many members reached each stage in the period; and what was delivered."""

    looked: int | None = 0  # None: only guests may, whom the vendor knows by name
    followed: int | None = 0  # and still follow
    asked: int = 0  # a question, access, a quote, or a bid in the book
    bought: int = 0
    again: int = 0  # bought more than once
    delivered: int = 0  # files that were fetched

    @property
    def bought_bps(self) -> int | None:
        """Of those that looked, how many bought; None if nobody looked."""
        return min(10_000, self.bought * 10_000 // self.looked) if self.looked else None


def of_products(
    db: Connection, vendor: int, products: Iterable[int]
) -> dict[int, Stages]:
    """Return the stages of each of a vendor's *products* in the last 90 days."""
    since_us = clock.now_us() - PERIOD_DAYS * clock.DAY_US
    wanted = list(products)
    units = tables.instruments.c
    sold = _pairs(db, select(units.id, units.product).where(units.product.in_(wanted)))
    about = vendor, wanted, since_us
    asked = _askers(*about)
    counted = {
        "looked": _counted(db, union(_lookers(*about), asked)),
        "followed": _followed(db, wanted),
        "asked": _counted(db, asked),
        **_bought(db, vendor, sold, since_us),
        "delivered": _delivered(db, sold, since_us),
    }
    found = {
        number: Stages(**{name: of.get(number, 0) for name, of in counted.items()})
        for number in wanted
    }
    kept = tables.restrictions.c.product
    for number in db.scalars(select(kept).where(kept.in_(wanted))):
        found[number] = found[number]._replace(looked=None, followed=None)
    return found


def _followed(db: Connection, wanted: list[int]) -> dict[int, int]:
    w = watches.c
    query = (
        select(w.target, func.count())
        .where(w.kind == "product", w.target.in_(wanted))
        .group_by(w.target)
    )
    return _pairs(db, query)


def _lookers(vendor: int, wanted: list[int], since_us: int) -> Select[Any]:
    """Select who looked, but the vendor."""
    seen = looks.c
    return select(seen.product, seen.member).where(
        seen.product.in_(wanted), seen.at_us >= since_us, seen.member != vendor
    )


def _askers(vendor: int, wanted: list[int], since_us: int) -> Select[Any]:
    """Select who asked in whatever way; a purchase begins with a bid."""
    q, r, units = questions.c, tables.access_requests.c, tables.instruments.c
    of_unit = [
        select(units.product, table.c.member)
        .join(tables.instruments, units.id == table.c.instrument)
        .where(units.product.in_(wanted), table.c.at_us >= since_us, *which)
        for table, which in (
            (demands, ()),
            (offers, (offers.c.vendor == vendor,)),
            (orders, (orders.c.side == "buy", orders.c.member != vendor)),
        )
    ]
    asked = union(
        select(q.product, q.member).where(q.product.in_(wanted), q.at_us >= since_us),
        select(r.product, r.member).where(
            r.product.in_(wanted), r.asked_us >= since_us
        ),
        *of_unit,
    )
    return select(asked.subquery())  # SQLite takes no union within a union


def _counted(db: Connection, members: SelectBase) -> dict[int, int]:
    """Return how many *members* there are of each product."""
    found = members.subquery()
    product = found.c[0]
    return _pairs(db, select(product, func.count()).group_by(product))


def _bought(
    db: Connection, vendor: int, sold: dict[int, int], since_us: int
) -> dict[str, dict[int, int]]:
    """Return by product how many members bought from the vendor, and bought again."""
    t = trades.c
    query = (
        select(t.instrument, t.buyer, func.count())
        .where(t.seller == vendor, t.at_us >= since_us, t.instrument.in_(list(sold)))
        .group_by(t.instrument, t.buyer)
    )
    times: dict[tuple[int, int], int] = {}
    for instrument, buyer, number in db.execute(query):
        key = sold[instrument], buyer
        times[key] = times.get(key, 0) + number
    bought: dict[int, int] = {}
    again: dict[int, int] = {}
    for (product, _), number in times.items():
        bought[product] = bought.get(product, 0) + 1
        again[product] = again.get(product, 0) + (number > 1)
    return {"bought": bought, "again": again}


def _delivered(db: Connection, sold: dict[int, int], since_us: int) -> dict[int, int]:
    e, r = entitlements.c, receipts.c
    query = (
        select(e.instrument, func.count())
        .select_from(receipts)
        .join(entitlements, e.id == r.entitlement)
        .where(e.instrument.in_(list(sold)), r.at_us >= since_us)
        .group_by(e.instrument)
    )
    fetched: dict[int, int] = {}
    for instrument, number in db.execute(query):
        fetched[sold[instrument]] = fetched.get(sold[instrument], 0) + number
    return fetched


def _pairs(db: Connection, query: Select[Any]) -> dict[int, int]:
    return {row[0]: row[1] for row in db.execute(query)}
