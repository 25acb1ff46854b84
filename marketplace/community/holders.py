"""Who holds rights in a product now."""

from typing import Any

from sqlalchemy import Connection, Select, select

from listings.tables import instruments
from settlement.tables import entitlements

LIVE = ("active", "suspended")


def of_product(db: Connection, product: int) -> list[int]:
    """Return the members with a right in *product* that has not ended, ascending."""
    return list(db.execute(_holders(product)).scalars())


def holds(db: Connection, product: int, member: int) -> bool:
    """Tell whether *member* has a right in *product* that has not ended."""
    query = _holders(product).where(entitlements.c.holder == member)
    return db.execute(query).first() is not None


def _holders(product: int) -> Select[Any]:
    return (
        select(entitlements.c.holder)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .where(instruments.c.product == product, entitlements.c.state.in_(LIVE))
        .distinct()
        .order_by(entitlements.c.holder)
    )
