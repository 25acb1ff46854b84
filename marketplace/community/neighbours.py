"""What is listed near a product: the same trade and words, or held together with it.

Related ones are of the product's sector and share the most keywords; complementary ones
are what those who hold it hold besides, told only when enough members do.
"""

import json
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from listings import catalogue, tables
from listings.catalogue import Listing, Summary
from settlement.tables import entitlements

SHOWN = 4
LOOKED_AT = 200  # the newest listings of the sector that are compared
HOLDERS_MAX = 500  # the newest rights that are looked at
MEMBERS_MIN = 3  # fewer say nothing, and may give a member away

_p, _l = tables.products.c, tables.listings.c


class Neighbours(NamedTuple):
    """What a visitor of a listing may want to see next, the nearest first."""

    related: list[Summary]
    complementary: list[Summary]


def of_listing(db: Connection, found: Listing, viewer: int) -> Neighbours:
    """Return the neighbours of a listing that *viewer* may see."""
    together = _held_together(db, found.id)
    near = [number for number in _alike(db, found) if number not in together]
    seen = catalogue.summaries(db, [*together, *near], viewer)
    return Neighbours(
        [seen[number] for number in near if number in seen][:SHOWN],
        [seen[number] for number in together if number in seen][:SHOWN],
    )


def _alike(db: Connection, found: Listing) -> list[int]:
    """Return the listings of the sector that share something, the most first."""
    if found.sector is None:
        return []
    query = (
        select(_p.id, _p.keywords, _p.region, _p["class"].label("kind"))
        .join(tables.listings, _l.product == _p.id)
        .where(_p.sector == found.sector, _p.id != found.id, _l.state == "listed")
        .order_by(_p.id.desc())
        .limit(LOOKED_AT)
    )
    words = {word.casefold() for word in found.keywords}
    scored = []
    for row in db.execute(query):
        theirs = {str(word).casefold() for word in json.loads(row.keywords)}
        shared = len(words & theirs)
        likeness = (shared, row.region == found.region, row.kind == found.kind)
        scored.append((likeness, row.id))
    scored.sort(key=lambda one: (one[0], -one[1]), reverse=True)
    return [number for likeness, number in scored if any(likeness)][: SHOWN * 4]


def _held_together(db: Connection, product: int) -> list[int]:
    """Return what the holders of a product hold besides, what most hold first."""
    e, i = entitlements.c, tables.instruments.c
    holders = (
        select(e.holder)
        .join(tables.instruments, i.id == e.instrument)
        .where(i.product == product, e.state == "active")
        .order_by(e.id.desc())
        .limit(HOLDERS_MAX)
    )
    members = func.count(e.holder.distinct())
    query = (
        select(i.product)
        .select_from(entitlements)
        .join(tables.instruments, i.id == e.instrument)
        .where(e.holder.in_(holders.subquery().select()), i.product != product)
        .where(e.state == "active")
        .group_by(i.product)
        .having(members >= MEMBERS_MIN)
        .order_by(members.desc(), i.product)
        .limit(SHOWN * 4)
    )
    return list(db.execute(query).scalars())
