"""Looks: what of a listing changed since a member saw it last.

What is seen is kept as a small view (release, prices, licences, state) for each member
and product, so that nothing has to be reconstructed from the records of the past. Two
looks within half an hour are one visit.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from listings import instruments, tables
from listings.instruments import Instrument
from marketplace.community.tables import announcements, looks
from marketplace.trading import reads
from settlement import clock

VISIT_US = 30 * clock.MINUTE_US
OF_MEMBER_MAX = 2_000  # the oldest are forgotten
ANNOUNCED_MAX = 10  # notices that are named
SHOWN = ("listed", "suspended")  # states of instruments that a view holds

_l = looks.c


class Sold(NamedTuple):
    """An instrument as a view has it."""

    symbol: str
    licence: str  # its code and version
    price: int | None  # posted, minor units
    currency: int


class View(NamedTuple):
    """What a member sees of a listing, as far as changes of it are told."""

    state: str  # of the listing
    version: int  # of the listing: grows when other facts are admitted
    release: str  # the label of the newest one that is served; empty: none
    sold: dict[int, Sold]  # by the instrument's number


class Change(NamedTuple):
    """One thing that changed; *before* and *after* are prices where it is a price."""

    kind: str
    name: str = ""
    before: int | None = None
    after: int | None = None
    currency: int = 1


class Changed(NamedTuple):
    """What changed since a moment."""

    since_us: int
    changes: list[Change]


def views(db: Connection, products: Iterable[int]) -> dict[int, View]:
    """Return how the listings of *products* look now."""
    wanted = list(products)
    units = instruments.of_products(db, wanted)
    numbers = [unit.id for of_one in units.values() for unit in of_one]
    posted = reads.posted_prices(db, numbers)
    served = _served(db, wanted)
    li = tables.listings.c
    query = select(li.product, li.state, li.version).where(li.product.in_(wanted))
    return {
        row.product: View(
            row.state,
            row.version,
            served.get(row.product, ""),
            {
                unit.id: _sold(unit, posted)
                for unit in units.get(row.product, ())
                if unit.state in SHOWN
            },
        )
        for row in db.execute(query)
    }


def since_last(db: Connection, member: int, product: int) -> Changed | None:
    """Return what changed since the visit before this one; None if there was none."""
    row = _row(db, member, product)
    if row is None:
        return None
    fresh = row.at_us < clock.now_us() - VISIT_US  # the next visit begins now
    since_us, seen = (row.at_us, row.latest) if fresh else (row.before_us, row.before)
    if seen is None:
        return None
    now = views(db, [product]).get(product)
    return None if now is None else _changed(db, product, since_us, _read(seen), now)


def of_products(
    db: Connection, member: int, products: Iterable[int]
) -> dict[int, Changed]:
    """Return what changed of *products* since the member looked at each last.

    Only those at which it has looked, and that have changed.
    """
    wanted = list(products)
    query = select(looks).where(_l.member == member, _l.product.in_(wanted))
    rows, now = list(db.execute(query)), views(db, wanted)
    found = {
        row.product: _changed(
            db, row.product, row.at_us, _read(row.latest), now[row.product]
        )
        for row in rows
        if row.product in now
    }
    return {product: one for product, one in found.items() if one.changes}


def is_due(db: Connection, member: int, product: int) -> bool:
    """Tell whether a look now begins another visit, which `look` writes down."""
    row = _row(db, member, product)
    return row is None or row.at_us < clock.now_us() - VISIT_US


def look(db: Connection, member: int, product: int) -> None:
    """Write down that a visit begins, and how the listing looks now."""
    now = views(db, [product]).get(product)
    if now is None or not is_due(db, member, product):
        return
    values = {"at_us": clock.now_us(), "latest": json.dumps(now, ensure_ascii=False)}
    mine = (_l.member == member, _l.product == product)
    before = {"before_us": _l.at_us, "before": _l.latest}
    if db.execute(update(looks).where(*mine).values(**before, **values)).rowcount:
        return
    _forget(db, member)
    db.execute(insert(looks).values(member=member, product=product, **values))


def write(db: Connection, seen: Iterable[tuple[int, int, int]]) -> None:
    """Write down first looks of the past: (member, product, microseconds).

    For a market that is made up: how the listings look now is what was seen. Who looked
    already keeps that look.
    """
    rows = list(seen)
    known = {(row.member, row.product) for row in db.execute(_written(rows))}
    shown = {
        product: json.dumps(view, ensure_ascii=False)
        for product, view in views(db, {product for _, product, _ in rows}).items()
    }
    made = [
        {"member": member, "product": product, "at_us": at_us, "latest": shown[product]}
        for member, product, at_us in rows
        if product in shown and (member, product) not in known
    ]
    if made:
        db.execute(insert(looks), made)


def _written(rows: Iterable[tuple[int, int, int]]) -> Select[Any]:
    """Select the looks at the products of *rows* that are written down."""
    return select(_l.member, _l.product).where(
        _l.product.in_({product for _, product, _ in rows})
    )


def _forget(db: Connection, member: int) -> None:
    """Make room for one more look of a member."""
    mine = _l.member == member
    if (db.scalar(select(func.count()).where(mine)) or 0) < OF_MEMBER_MAX:
        return
    oldest = db.scalar(select(func.min(_l.at_us)).where(mine))
    db.execute(delete(looks).where(mine, _l.at_us == oldest))


def _row(db: Connection, member: int, product: int) -> Row[Any] | None:
    query = select(looks).where(_l.member == member, _l.product == product)
    return db.execute(query).first()


def _read(text: str) -> View:
    state, version, release, sold = json.loads(text)
    return View(
        state, version, release, {int(unit): Sold(*one) for unit, one in sold.items()}
    )


def _sold(unit: Instrument, posted: Mapping[int, int]) -> Sold:
    licence = f"{unit.licence.code} {unit.licence.version}"
    return Sold(unit.symbol, licence, posted.get(unit.id), unit.currency)


def _served(db: Connection, products: list[int]) -> dict[int, str]:
    """Return the label of the newest served release of each product that has one."""
    r = tables.releases.c
    newest = (
        select(func.max(r.id))
        .where(r.product.in_(products), r.revoked_us.is_(None))
        .where(r.live_us <= clock.now_us())
        .group_by(r.product)
    )
    query = select(r.product, r.label).where(r.id.in_(newest))
    return {row.product: row.label for row in db.execute(query)}


def _changed(
    db: Connection, product: int, since_us: int, before: View, now: View
) -> Changed:
    return Changed(
        since_us, [*compared(before, now), *_announced(db, product, since_us)]
    )


def compared(before: View, now: View) -> list[Change]:
    """Return what differs between two views of a listing."""
    found = []
    if before.state != now.state:
        found.append(Change("state", now.state))
    if before.release != now.release:
        kind = "release" if now.release else "no_release"
        found.append(Change(kind, now.release or before.release))
    if before.version != now.version:
        found.append(Change("facts"))
    for number, unit in now.sold.items():
        old = before.sold.get(number)
        if old is None:
            found.append(Change("added", f"{unit.symbol} · {unit.licence}"))
        elif old.licence != unit.licence:
            found.append(Change("licence", f"{unit.symbol} · {unit.licence}"))
        if old is not None and old.price != unit.price:
            price = (old.price, unit.price, unit.currency)
            found.append(Change("price", unit.symbol, *price))
    gone = [unit for number, unit in before.sold.items() if number not in now.sold]
    return found + [Change("gone", unit.symbol) for unit in gone]


def _announced(db: Connection, product: int, since_us: int) -> list[Change]:
    """Return the notices since a moment, but for releases, which a view has."""
    a = announcements.c
    query = (
        select(a.kind)
        .where(a.product == product, a.at_us > since_us, a.kind != "new_release")
        .order_by(a.id.desc())
        .limit(ANNOUNCED_MAX)
    )
    return [Change("notice", row.kind) for row in db.execute(query)]
