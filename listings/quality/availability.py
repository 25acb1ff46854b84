"""How data services answer: called on a schedule; uptime and latency as measured.

A call counts as up if an answer came within the time that a call is given and its
status is below 500: a service that asks for a key (401) is there. Times when nobody
called count for nothing. Percentiles are by nearest rank, over the calls that were up.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from listings.marking import N_
from listings.quality.tables import service_addresses as a
from listings.quality.tables import service_calls as c
from listings.tables import listings, products
from settlement import clock
from settlement.errors import Invalid
from settlement.store import Whole

PERIOD_DAYS = 30  # that figures are of
KEPT_DAYS = 31  # of calls; then they are forgotten
PAUSE_US = 15 * clock.MINUTE_US  # between two calls of one service
FAILED = 500  # a status from here on is the service's own failure
ADDRESSES_MAX = 50  # of one vendor
ZONE_US = 8 * clock.HOUR_US  # days begin at midnight in China
BPS = 10_000


class Address(NamedTuple):
    """What is called for a product, by whom, and when next."""

    product: int
    url: str
    source: str  # exchange, or demo: made up for the demonstration
    added_us: int
    next_us: int | None


class Call(NamedTuple):
    """What became of one call."""

    status: int | None
    why: str  # code, where there was no answer
    latency_us: int

    @property
    def up(self) -> bool:
        """Tell whether the service was there."""
        return self.status is not None and self.status < FAILED


class Figures(NamedTuple):
    """What the calls of a time came to; no latency if none of them was up."""

    calls: int
    up: int
    p50_us: int | None
    p95_us: int | None

    @property
    def uptime_bps(self) -> int:
        """Return the share of the calls that were up, in basis points."""
        return self.up * BPS // self.calls


class Day(NamedTuple):
    """The figures of one day, which begins at *at_us*."""

    at_us: int
    figures: Figures


class Availability(NamedTuple):
    """What is shown of a service: the whole period, and each day with calls."""

    address: Address
    whole: Figures
    days: list[Day]


def measure(
    db: Connection, product: int, url: str, by: int, source: str = "exchange"
) -> None:
    """Have *url* called for a product from now on; it replaces an earlier address.

    What was measured before stays: a new address gives nobody a new record. Invalid if
    the product is no service, or its vendor has ADDRESSES_MAX of them already.
    """
    found = db.execute(
        select(products.c["class"], products.c.vendor).where(products.c.id == product)
    ).one()
    if found[0] != "service":
        raise Invalid({"url": [N_("Only a data service is called.")]})
    mine = select(func.count()).join_from(a, products, products.c.id == a.c.product)
    others = mine.where(
        products.c.vendor == found.vendor,
        a.c.product != product,
        a.c.next_us.is_not(None),
    )
    if (db.scalar(others) or 0) >= ADDRESSES_MAX:
        raise Invalid({"url": [N_("Too many services of yours are called already.")]})
    now_us = clock.now_us()
    made_up = a.c.source != source
    if (
        db.scalar(select(a.c.product).where(a.c.product == product, made_up))
        is not None
    ):
        db.execute(delete(c).where(c.c.product == product))  # never mixed with others
    db.execute(delete(a).where(a.c.product == product))
    db.execute(
        insert(a).values(
            product=product,
            url=url,
            source=source,
            added_us=now_us,
            added_by=by,
            next_us=now_us if source == "exchange" else None,
        )
    )


def stop(db: Connection, product: int) -> None:
    """Call a product's service no more; what was measured stays until it is old."""
    db.execute(update(a).where(a.c.product == product).values(next_us=None))


def address(db: Connection, product: int) -> Address | None:
    """Return what is or was called for a product."""
    row = db.execute(_addresses().where(a.c.product == product)).one_or_none()
    return Address(*row) if row else None


def _addresses() -> Any:
    return select(a.c.product, a.c.url, a.c.source, a.c.added_us, a.c.next_us)


def is_due(db: Connection) -> bool:
    """Tell whether there is anything to call, without a lock."""
    due = select(a.c.product).where(a.c.next_us <= clock.now_us())
    return db.scalar(due.limit(1)) is not None


def claim(db: Connection, most: int) -> list[Address]:
    """Take up to *most* services whose time has come; their next time is set.

    Two that claim at once never get the same: the time is checked as it is changed.
    What was delisted is called no more.
    """
    now_us = clock.now_us()
    ended = select(listings.c.product).where(
        listings.c.product == a.c.product, listings.c.state == "delisted"
    )
    due = _addresses().where(a.c.next_us <= now_us, ~ended.exists())
    found = db.execute(due.order_by(a.c.next_us).limit(most)).all()
    return [
        Address(*row)
        for row in found
        if db.execute(
            update(a)
            .where(a.c.product == row.product, a.c.next_us == row.next_us)
            .values(next_us=now_us + PAUSE_US)
        ).rowcount
    ]


def record(db: Connection, made: Iterable[tuple[int, int, Call]]) -> None:
    """Keep what became of calls (product, moment, outcome); forget what is old."""
    rows = [
        {
            "product": product,
            "at_us": at_us,
            "up": int(call.up),
            **call._asdict(),
        }
        for product, at_us, call in made
    ]
    if not rows:
        return
    db.execute(insert(c), rows)
    old_us = clock.now_us() - KEPT_DAYS * clock.DAY_US
    called = {row["product"] for row in rows}
    db.execute(delete(c).where(c.c.product.in_(called), c.c.at_us < old_us))


def of_product(db: Connection, product: int) -> Availability | None:
    """Return how a product's service answered; None if it was never called."""
    found = address(db, product)
    whole = of_products(db, [product]).get(product)
    if found is None or whole is None:
        return None
    rows = db.execute(_figures([product], (c.c.at_us + ZONE_US) // clock.DAY_US))
    days = [
        Day(row.span * clock.DAY_US - ZONE_US, Figures(*row[2:]))
        for row in sorted(rows, key=lambda row: row.span)
    ]
    return Availability(found, whole, days)


def of_products(db: Connection, wanted: Sequence[int]) -> dict[int, Figures]:
    """Return how each product's service answered in the last PERIOD_DAYS."""
    rows = db.execute(_figures(wanted, literal(0, Whole)))
    return {row.product: Figures(*row[2:]) for row in rows}


def _figures(wanted: Sequence[int], span: Any) -> Any:
    """Return the question for calls, up and percentiles by product and *span*."""
    since_us = clock.now_us() - PERIOD_DAYS * clock.DAY_US
    parts = (c.c.product, span)
    place = func.row_number().over(
        partition_by=(*parts, c.c.up), order_by=c.c.latency_us
    )
    ranked = (
        select(c.c.product, span.label("span"), c.c.up, c.c.latency_us)
        .add_columns(place.label("place"))
        .add_columns(func.count().over(partition_by=parts).label("calls"))
        .add_columns(
            cast(func.sum(c.c.up).over(partition_by=parts), Whole).label("sum_up")
        )
        .where(c.c.product.in_(list(wanted)), c.c.at_us >= since_us)
        .subquery()
    )
    r = ranked.c

    def rank(percent: int) -> Any:
        here = and_(r.up == 1, r.place == (r.sum_up * percent + 99) // 100)
        return func.max(case((here, r.latency_us)))

    return select(
        *(r.product, r.span, func.max(r.calls), func.max(r.sum_up)),
        *(rank(50), rank(95)),
    ).group_by(r.product, r.span)
