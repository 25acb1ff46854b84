"""Who holds rights in a product now."""

import json
from typing import Any

from sqlalchemy import Connection, Select, select

from listings.tables import instruments
from settlement.tables import entitlements, terms

LIVE = ("active", "suspended")
NO_FUTURE = 0


def of_product(db: Connection, product: int) -> list[int]:
    """Return the members with a right in *product* that has not ended, ascending."""
    return list(db.execute(_holders(product)).scalars())


def holds(db: Connection, product: int, member: int) -> bool:
    """Tell whether *member* has a right in *product* that has not ended."""
    query = _holders(product).where(entitlements.c.holder == member)
    return db.execute(query).first() is not None


def affected(db: Connection, product: int) -> list[int]:
    """Return the holders whose terms include later releases, ascending.

    A change of schema reaches nobody else: they keep the releases that they have.
    """
    query = (
        select(entitlements.c.holder, terms.c.body)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .join(terms, terms.c.id == entitlements.c.terms)
        .where(instruments.c.product == product, entitlements.c.state.in_(LIVE))
        .distinct()
    )
    reached = {
        row.holder for row in db.execute(query) if _future(row.body) != NO_FUTURE
    }
    return sorted(reached)


def products_of(db: Connection, member: int) -> list[int]:
    """Return the products that *member* has a right in that has not ended."""
    query = (
        select(instruments.c.product)
        .join(entitlements, instruments.c.id == entitlements.c.instrument)
        .where(entitlements.c.holder == member, entitlements.c.state.in_(LIVE))
        .distinct()
        .order_by(instruments.c.product)
    )
    return list(db.execute(query).scalars())


def _future(body: str) -> int | None:
    window = json.loads(body).get("releases") or {}
    found: int | None = window.get("future", NO_FUTURE)
    return found


def _holders(product: int) -> Select[Any]:
    return (
        select(entitlements.c.holder)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .where(instruments.c.product == product, entitlements.c.state.in_(LIVE))
        .distinct()
        .order_by(entitlements.c.holder)
    )
