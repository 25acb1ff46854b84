"""Invariants of exclusive rights: one buyer for each field, territory and term."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask

ENDLESS = 1 << 63


def one_exclusive_right(db: Connection) -> Iterator[Violation]:
    """B9: no right runs beside another buyer's exclusive one that it overlaps.

    Rights that were revoked are not looked at: the records do not say when they ended.
    """
    found = ask(
        db,
        """
        SELECT e.id, e.holder, e.from_us, e.until_us, e.instrument,
               b.product, b.exclusive, b.field, b.territory
        FROM entitlements e JOIN books b ON b.instrument = e.instrument
        WHERE e.state IN ('active', 'suspended', 'expired')
          AND b.product IN (SELECT product FROM books WHERE exclusive = 1)
        ORDER BY b.product, e.id
        """,
    )
    together: list[Any] = []
    for row in found:
        if together and together[0].product != row.product:
            together = []
        for other in together:
            if _excluded(other, row):
                one = ids.encode("entitlement", other.id)
                two = ids.encode("entitlement", row.id)
                yield Violation("B9", f"Rights {one} and {two} exclude each other.")
        together.append(row)


def sold_by_the_vendor_once(db: Connection) -> Iterator[Violation]:
    """B9: an exclusive right is offered by its vendor alone, once at a time."""
    found = ask(
        db,
        """
        SELECT b.instrument, COUNT(*) AS offers, SUM(o.evergreen) AS evergreen,
               SUM(CASE WHEN o.member = b.vendor THEN 0 ELSE 1 END) AS others
        FROM orders o JOIN books b ON b.instrument = o.instrument
        WHERE b.exclusive = 1 AND o.side = 'sell' AND o.state IN ('open', 'partial')
        GROUP BY b.instrument ORDER BY b.instrument
        """,
    )
    for row in found:
        if (row.offers, row.evergreen, row.others) != (1, 0, 0):
            name = ids.encode("instrument", row.instrument)
            yield Violation("B9", f"The exclusive {name} has {row.offers} offers.")


def _excluded(one: Any, other: Any) -> bool:
    """Tell whether two rights of two buyers run at one time, in one place."""
    return (
        one.holder != other.holder
        and bool(one.exclusive or other.exclusive)
        and _within(one.field, other.field)
        and _within(one.territory, other.territory)
        and one.from_us < (other.until_us or ENDLESS)
        and other.from_us < (one.until_us or ENDLESS)
    )


def _within(one: str, other: str) -> bool:
    """Tell whether one of two paths is the other or leads to it."""
    steps = zip(one.split("/"), other.split("/"), strict=False)
    return not (one and other) or all(here == there for here, there in steps)
