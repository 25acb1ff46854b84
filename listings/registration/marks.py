"""Marks on a registration: pledged, disputed. While one stands nothing is cancelled.

A bank that lent on a certificate must find it in force (domain §10): the staff set and
lift the mark, each with a reason, each a row of ``reviews``.
"""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from listings import tables
from listings.marking import N_
from listings.products import loads
from listings.stages import PRODUCT
from listings.steps import By, checked, others, record, registration_of
from settlement.errors import IllegalMove, Invalid, Refusal

# mark → the events that set and lift it
MARKS = {
    "pledged": ("pledge", "lift_pledge"),
    "disputed": ("dispute", "settle_dispute"),
}
_EVENTS = {event: mark for mark, events in MARKS.items() for event in events}


class Mark(NamedTuple):
    """A mark that stands."""

    mark: str
    reason: str
    at_us: int
    by_user: int


@dataclass(eq=False)
class Marked(Refusal):
    """A pledged or disputed registration is not cancelled: lift the mark first."""

    marks: list[str]


def of_product(db: Connection, product: int) -> dict[str, Mark]:
    """Return the marks that stand on a product's registration."""
    r = tables.reviews
    query = select(r).where(r.c.product == product, r.c.machine == "mark")
    standing: dict[str, Mark] = {}
    for row in db.execute(query.order_by(r.c.id)):
        mark = _EVENTS[row.event]
        standing.pop(mark, None)
        if row.event == MARKS[mark][0]:
            reason = str(loads(row.reasons).get(mark, ""))
            standing[mark] = Mark(mark, reason, row.at_us, row.by_user)
    return standing


def decide(db: Connection, product: int, event: str, reason: str, by: By) -> None:
    """Set or lift a mark; IllegalMove if it stands already, or does not."""
    row = others(db, product, by)
    if event not in _EVENTS:
        raise Invalid({"event": [N_("Choose one of the list.")]})
    mark = _EVENTS[event]
    sets = event == MARKS[mark][0]
    if registration_of(db, product) is None:
        raise IllegalMove(PRODUCT.name, row.state, event)
    if (mark in of_product(db, product)) == sets:
        raise IllegalMove("mark", mark if sets else "", event)
    record(db, row, "mark", event, mark if sets else "", by, checked({mark: reason}))


def require_none(db: Connection, product: int) -> None:
    """Refuse with Marked while a mark stands."""
    if standing := of_product(db, product):
        raise Marked(list(standing))
