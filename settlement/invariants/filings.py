"""Invariants of filed deals: confirmed by the other side, decided by a third hand."""

from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask


def filed_by_two_sides(db: Connection) -> Iterator[Violation]:
    """K6: a deal on record is confirmed by the other side and checked by a third."""
    found = ask(
        db,
        """
        SELECT id, state, by_user, confirmed_by, decided_by, seller, buyer, filer
        FROM filings ORDER BY id
        """,
    )
    for row in found:
        name = ids.encode("filing", row.id)
        answered = row.state in ("confirmed", "contested", "registered", "refused")
        decided = row.state in ("registered", "refused")
        if (row.confirmed_by is not None) != answered:
            yield Violation("K6", f"Filing {name} is {row.state} without an answer.")
        if (row.decided_by is not None) != decided:
            yield Violation("K6", f"Filing {name} is {row.state} without a decision.")
        if decided and row.decided_by in (row.by_user, row.confirmed_by):
            yield Violation("K6", f"Filing {name} was decided by one of its hands.")
        if row.filer not in (row.seller, row.buyer) or row.seller == row.buyer:
            yield Violation("K6", f"Filing {name} is not between two members.")
