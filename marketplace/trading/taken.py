"""Which instruments of a product cannot be had, because of an exclusive right."""

from sqlalchemy import Connection, select

from marketplace.trading.scope import Scope, collide
from marketplace.trading.tables import books
from settlement.tables import entitlements

ENDLESS = 1 << 63


def sold_until(
    db: Connection, product: int, member: int, now_us: int
) -> dict[int, int | None]:
    """Return which instruments another buyer's right keeps from *member*, until when.

    None: that right has no end. What is not there can be had.
    """
    b, e = books.c, entitlements.c
    query = select(b.instrument, b.exclusive, b.field, b.territory)
    rows = db.execute(query.where(b.product == product)).all()
    scopes = {
        row.instrument: Scope(product, bool(row.exclusive), row.field, row.territory)
        for row in rows
    }
    if not any(scope.exclusive for scope in scopes.values()):
        return {}
    live = select(e.instrument, e.until_us).where(
        e.instrument.in_(scopes), e.state.in_(("active", "suspended"))
    )
    found: dict[int, int] = {}
    for right in db.execute(live.where(e.holder != member)):
        until_us = ENDLESS if right.until_us is None else right.until_us
        for number, scope in scopes.items():
            if until_us > now_us and collide(scope, scopes[right.instrument]):
                found[number] = max(until_us, found.get(number, 0))
    return {
        number: None if until_us == ENDLESS else until_us
        for number, until_us in found.items()
    }
