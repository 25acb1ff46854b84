"""What is in public: the one rule for everything that leaves the exchange.

Exports, harvesting interfaces and whatever else hands out the catalogue ask here, so
that what is not public cannot leak by a forgotten condition.
"""

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from listings import catalogue, tables
from listings.catalogue import Listing
from listings.visibility import NOBODY, seen_by
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX

_p, _l = tables.products, tables.listings


def is_public() -> ColumnElement[bool]:
    """Return the condition on products and listings for being in public."""
    return and_(_l.c.state == "listed", seen_by(NOBODY))


def has(db: Connection, product: int) -> bool:
    """Tell whether a product is in public."""
    return db.execute(_numbers().where(_p.c.id == product)).first() is not None


def listing(db: Connection, product: int) -> Listing:
    """Return a listing in public; NotFound for all others."""
    if not has(db, product):
        raise NotFound("product", encode("product", product))
    return catalogue.listing(db, product)


def page(db: Connection, after: int = 0, limit: int = PAGE_MAX) -> list[Listing]:
    """Return the listings in public after a product's number, by number."""
    query = _numbers().where(_p.c.id > after).order_by(_p.c.id).limit(limit)
    return [catalogue.listing(db, row.id) for row in db.execute(query).all()]


def _numbers() -> Select[Any]:
    return select(_p.c.id).join(_l, _l.c.product == _p.c.id).where(is_public())


def count(db: Connection) -> int:
    """Return how many listings are in public."""
    return int(db.scalar(select(func.count()).select_from(_numbers().subquery())) or 0)


def numbers(db: Connection) -> list[int]:
    """Return the numbers of all products in public, ascending."""
    return list(db.execute(_numbers().order_by(_p.c.id)).scalars())


def vendors(db: Connection) -> dict[int, int]:
    """Return how many listings in public each vendor has."""
    query = select(_p.c.vendor, func.count()).join(_l, _l.c.product == _p.c.id)
    grouped = query.where(is_public()).group_by(_p.c.vendor).order_by(_p.c.vendor)
    return {row[0]: row[1] for row in db.execute(grouped)}


def sectors(db: Connection) -> dict[str, int]:
    """Return how many listings in public each sector has."""
    query = select(_p.c.sector, func.count()).join(_l, _l.c.product == _p.c.id)
    classified = query.where(is_public(), _p.c.sector.is_not(None))
    return {row[0]: row[1] for row in db.execute(classified.group_by(_p.c.sector))}


def keywords(db: Connection) -> list[str]:
    """Return the keywords of all listings in public, each once, in order."""
    query = select(_p.c.keywords).join(_l, _l.c.product == _p.c.id).where(is_public())
    return sorted({word for row in db.execute(query) for word in json.loads(row[0])})
