"""A vendor's scorecard: measured from the records, never declared (features N23)."""

from itertools import groupby, pairwise
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from listings import tables
from marketplace.community import ratings
from marketplace.community.tables import announcements, questions
from marketplace.trading.tables import orders
from settlement import clock
from settlement.tables import entitlements, receipts, trades

SAMPLE_MIN = 3  # fewer cases say nothing, and may be one buyer's
PERIOD_DAYS = 365
PER_CENT = 100
OVERDUE_DAYS = {
    "daily": 2,
    "weekly": 10,
    "monthly": 40,
    "quarterly": 100,
    "yearly": 400,
}  # what is declared, and some days of grace


class Measure(NamedTuple):
    """One line: a share in per cent or a time in hours; None below the sample."""

    name: str
    value: int | None
    cases: int  # cases behind it


def of_vendor(db: Connection, vendor: int) -> list[Measure]:
    """Return the measures of a vendor over the last year."""
    since_us = clock.now_us() - PERIOD_DAYS * clock.DAY_US
    return [
        _filled(db, vendor, since_us),
        _delivered(db, vendor, since_us),
        _undisputed(db, vendor, since_us),
        _answers(db, vendor, since_us),
        _fresh(db, vendor),
        _punctual(db, vendor, since_us),
    ]


def answers(db: Connection, vendor: int) -> Measure:
    """Return how soon a vendor answers questions, in hours, over the last year."""
    return _answers(db, vendor, clock.now_us() - PERIOD_DAYS * clock.DAY_US)


def _shown(name: str, part: int, whole: int) -> Measure:
    value = part * PER_CENT // whole if whole >= SAMPLE_MIN else None
    return Measure(name, value, whole)


def _filled(db: Connection, vendor: int, since_us: int) -> Measure:
    """Of the vendor's finite offers that ended, how many were filled whole."""
    ended = orders.c.state.in_(("filled", "cancelled", "expired"))
    offers = (orders.c.member == vendor, orders.c.side == "sell")
    finite = (orders.c.evergreen == 0, orders.c.at_us >= since_us)
    return _share(db, "filled", orders.c.state == "filled", ended, *offers, *finite)


def _delivered(db: Connection, vendor: int, since_us: int) -> Measure:
    """Of the rights that the vendor sold, how many were delivered under."""
    fetched = select(receipts.c.id).where(receipts.c.entitlement == entitlements.c.id)
    sold = (
        select(trades.c.id)
        .where(trades.c.seller == vendor, trades.c.at_us >= since_us)
        .scalar_subquery()
    )
    return _share(db, "delivered", fetched.exists(), entitlements.c.trade.in_(sold))


def _undisputed(db: Connection, vendor: int, since_us: int) -> Measure:
    """Of the vendor's sales, how many were neither disputed nor unwound."""
    mine = (trades.c.seller == vendor, trades.c.at_us >= since_us)
    calm = trades.c.state.not_in(("disputed", "unwound"))
    return _share(db, "undisputed", calm, *mine)


def _answers(db: Connection, vendor: int, since_us: int) -> Measure:
    """The middle time to the answer of a question, in hours."""
    q, p = questions.c, tables.products.c
    query = (
        select(q.answered_us - q.at_us)
        .join(tables.products, p.id == q.product)
        .where(p.vendor == vendor, q.at_us >= since_us, q.answered_us.is_not(None))
        .order_by(q.answered_us - q.at_us)
    )
    found = list(db.execute(query).scalars())
    if len(found) < SAMPLE_MIN:
        return Measure("answered", None, len(found))
    middle = found[len(found) // 2]
    return Measure("answered", -(-middle // clock.HOUR_US), len(found))


def _fresh(db: Connection, vendor: int) -> Measure:
    """Of the listed products with a rhythm and releases, how many keep it."""
    r, p, li = tables.releases.c, tables.products.c, tables.listings.c
    query = (
        select(p.updates, func.max(r.live_us))
        .join(tables.releases, r.product == p.id)
        .join(tables.listings, li.product == p.id)
        .where(p.vendor == vendor, li.state == "listed", r.revoked_us.is_(None))
        .where(r.live_us <= clock.now_us(), p.updates.in_(list(OVERDUE_DAYS)))
        .group_by(p.id, p.updates)
    )
    rows = list(db.execute(query))
    now_us, day_us = clock.now_us(), clock.DAY_US
    kept = [at for rhythm, at in rows if at > now_us - OVERDUE_DAYS[rhythm] * day_us]
    return _shown("fresh", len(kept), len(rows))


def _punctual(db: Connection, vendor: int, since_us: int) -> Measure:
    """Of the releases that fell due by the declared rhythm, how many came in time.

    A gap between two releases is a case; so is the one that runs now, once it is too
    long. A rhythm that has had no second release yet says nothing.
    """
    r, p = tables.releases.c, tables.products.c
    query = (
        select(p.id, p.updates, r.live_us)
        .join(tables.releases, r.product == p.id)
        .where(p.vendor == vendor, p.updates.in_(list(OVERDUE_DAYS)))
        .where(r.revoked_us.is_(None), r.live_us <= clock.now_us())
        .order_by(p.id, r.live_us)
    )
    kept = whole = 0
    for _, group in groupby(db.execute(query), key=lambda row: row.id):
        rows = list(group)
        most_us = OVERDUE_DAYS[rows[0].updates] * clock.DAY_US
        gaps = [
            later.live_us - row.live_us
            for row, later in pairwise(rows)
            if later.live_us >= since_us
        ]
        running = clock.now_us() - rows[-1].live_us
        if len(rows) > 1 and running > most_us:
            gaps.append(running)
        whole += len(gaps)
        kept += sum(gap <= most_us for gap in gaps)
    return _shown("punctual", kept, whole)


def _share(db: Connection, name: str, good: Any, *which: Any) -> Measure:
    whole = db.scalar(select(func.count()).where(*which)) or 0
    part = db.scalar(select(func.count()).where(good, *which)) or 0
    return _shown(name, part, whole)


def reviews(db: Connection, vendor: int) -> ratings.Mean | None:
    """Return the mean of the reviews; None below the sample."""
    found = ratings.mean_of_vendor(db, vendor)
    return found if found.number >= SAMPLE_MIN else None


def announced(db: Connection, vendor: int) -> int:
    """Return how many delays the vendor announced in the last year."""
    since_us = clock.now_us() - PERIOD_DAYS * clock.DAY_US
    a, p = announcements.c, tables.products.c
    query = (
        select(func.count())
        .select_from(announcements)
        .join(tables.products, p.id == a.product)
        .where(p.vendor == vendor, a.kind == "delay", a.at_us >= since_us)
    )
    return db.scalar(query) or 0
