"""What the staff may do with what members write in public: hide it, with the reason."""

from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from listings import products
from listings.marking import N_
from marketplace.community.notices import notify
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Invalid, NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX

REASON_MAX = 2_000  # characters


def hide(
    db: Connection, table: Table, kind: str, number: int, reason: str, by: User
) -> None:
    """Hide a text from the public, on record; its writer is told the reason."""
    said = checked(reason, REASON_MAX, "reason")
    row = row_of(db, table, kind, number)
    mine = (table.c.id == number, table.c.hidden_us.is_(None))
    done = db.execute(
        update(table)
        .where(*mine)
        .values(hidden_us=clock.now_us(), hidden_by=by.id, hidden_reason=said)
    )
    if done.rowcount:
        cause = f"hidden {kind} {number}"
        notify(db, [row.member], "text_hidden", cause, row.product, {"reason": said})


def row_of(db: Connection, table: Table, kind: str, number: int) -> Any:
    """Return a row by its number; NotFound if there is none."""
    row = db.execute(select(table).where(table.c.id == number)).first()
    if row is None:
        raise NotFound(kind, encode(kind, number))
    return row


def written(
    table: Table,
    db: Connection,
    product: int,
    before: int | None = None,
    limit: int = PAGE_MAX,
    *which: Any,
    hidden: bool = False,
) -> list[Row[Any]]:
    """Return what was written about a product, newest first; *hidden* for staff.

    Only that of which the conditions *which* hold.
    """
    query = select(table).where(table.c.product == product, *which)
    if before is not None:
        query = query.where(table.c.id < before)
    if not hidden:
        query = query.where(table.c.hidden_us.is_(None))
    return list(db.execute(query.order_by(table.c.id.desc()).limit(limit)))


def checked(text: str, most: int, field: str, *, needed: bool = True) -> str:
    """Return *text* stripped; Invalid if it is empty, too long or no text."""
    said = text.strip()
    if needed and not said:
        raise Invalid({field: [N_("This is needed.")]})
    if len(said) > most or products.CONTROL.search(said):
        raise Invalid({field: [N_("This text is too long.")]})
    return said
