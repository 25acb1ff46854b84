"""Rights that are withheld until their member has paid what it owes."""

from sqlalchemy import Connection, func, select

from settlement.payments.tables import withheld
from settlement.tables import entitlements


def of_member(db: Connection, member: int) -> int:
    """Return how many rights of *member* are withheld."""
    query = (
        select(func.count())
        .select_from(withheld)
        .join(entitlements, entitlements.c.id == withheld.c.entitlement)
        .where(entitlements.c.holder == member, withheld.c.state == "withheld")
    )
    return int(db.scalar(query) or 0)
