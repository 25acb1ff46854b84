"""Steps of products and listings: who may take one, moving them, writing it down.

Every decision is a row of ``reviews``, whatever it is about: the product, its listing,
a line of the checklist, an opinion, a mark, or who looks after the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Row, insert, select, update

from listings import products, tables
from listings.changes import touch
from listings.marking import N_
from listings.stages import (
    LISTING,
    PRODUCT,
    ListingEvent,
    ListingState,
    ProductEvent,
    ProductState,
)
from settlement import clock
from settlement.errors import IllegalMove, Invalid, NotFound, OwnWork, Refusal
from settlement.ids import encode
from settlement.store import in_turn, next_numbers

REASON_MAX = 2_000  # characters
REASONS_MAX = 50  # fields
CLAIM_US = 3 * clock.DAY_US  # how long a claim binds others
HOUSE = 0  # the operator's own member; its users are the staff


class By(Protocol):
    """Who acts: a user of a member, as the session knows it."""

    @property
    def id(self) -> int:
        """The user's number."""

    @property
    def member(self) -> int:
        """The number of the member that the user belongs to."""


class Actor(NamedTuple):
    """A user where there is no session."""

    id: int
    member: int


OPERATOR = Actor(0, HOUSE)  # the operator's command line, and the passing of time


def own(db: Connection, product: int, by: By) -> Row[Any]:
    """Return the row of the actor's own product; NotFound for another's."""
    row = products.find(db, product)
    if by.member != row.vendor:
        raise NotFound("product", encode("product", product))
    return row


@dataclass(eq=False)
class Claimed(Refusal):
    """A colleague looks after this product; ask them to give it back first."""

    since_us: int


def others(db: Connection, product: int, by: By) -> Row[Any]:
    """Return a product that *by* may decide on; OwnWork if it is in a way theirs.

    Claimed if another of the staff looks after it.
    """
    row = products.find(db, product)
    own_draft = by.id == row.edited_by and by.id != OPERATOR.id
    if own_draft or by.member == row.vendor != HOUSE:
        raise OwnWork
    if by.member == HOUSE and by.id != OPERATOR.id:
        found = _claim(db, product)
        if found is not None and found.by_user != by.id:
            raise Claimed(found.at_us)
    return row


def owner_of(db: Connection, product: int) -> int | None:
    """Return the user who looks after a product; None: nobody."""
    found = _claim(db, product)
    return None if found is None else int(found.by_user)


def _claim(db: Connection, product: int) -> Row[Any] | None:
    """Return the claim that holds: the newest step, and not too old."""
    r = tables.reviews
    query = (
        select(r.c.event, r.c.by_user, r.c.at_us)
        .where(r.c.product == product, r.c.machine.in_(("product", "listing", "claim")))
        .order_by(r.c.id.desc())
    )
    row: Any = db.execute(query.limit(1)).first()
    if row is None or row.event != "claim":
        return None
    return row if row.at_us > clock.now_us() - CLAIM_US else None


def checked(reasons: Mapping[str, str]) -> dict[str, str]:
    """Return *reasons* without blanks around them; Invalid if one says nothing."""
    kept = {field: text.strip() for field, text in reasons.items()}
    if not all(0 < len(text) <= REASON_MAX for text in kept.values()):
        raise Invalid({"reason": [N_("Give the reason, in at most 2,000 characters.")]})
    return kept


def listing_of(db: Connection, product: int) -> Row[Any] | None:
    """Return the row of a product's listing, if admission was ever asked for."""
    query = select(tables.listings).where(tables.listings.c.product == product)
    return db.execute(query).first()


def registration_of(db: Connection, product: int) -> Row[Any] | None:
    """Return the newest registration of a product, if there is one."""
    r = tables.registrations
    query = select(r).where(r.c.product == product).order_by(r.c.number.desc()).limit(1)
    return db.execute(query).first()


def move(
    db: Connection,
    row: Row[Any],
    event: ProductEvent,
    by: By,
    reasons: Mapping[str, str] | None = None,
    **values: Any,
) -> None:
    """Move a product and record it; IllegalMove, also if somebody was faster."""
    after = PRODUCT.after(ProductState(row.state), event)
    done = db.execute(
        update(tables.products)
        .where(tables.products.c.id == row.id, tables.products.c.state == row.state)
        .values(state=after.value, **values)
    )
    if done.rowcount != 1:
        raise IllegalMove(PRODUCT.name, row.state, event.value)
    record(db, row, "product", event.value, after.value, by, reasons or {})


# Which instruments a listing's event moves, and to what.
_INSTRUMENTS = {
    ListingEvent.ADMIT: (("pending",), "admitted"),
    ListingEvent.PUBLISH: (("admitted",), "listed"),
    ListingEvent.SUSPEND: (("listed",), "suspended"),
    ListingEvent.RESUME: (("suspended",), "listed"),
    ListingEvent.DELIST: (("pending", "admitted", "listed", "suspended"), "delisted"),
}


def move_listing(
    db: Connection,
    row: Row[Any],
    event: ListingEvent,
    by: By,
    reasons: Mapping[str, str] | None = None,
    **values: Any,
) -> list[int]:
    """Move a listing with its instruments and record it; the instruments' numbers."""
    in_turn(db)
    before = listing_of(db, row.id)
    if before is None:
        raise IllegalMove(LISTING.name, "", event.value)
    after = LISTING.after(ListingState(before.state), event)
    values |= {"state": after.value, "changed_us": clock.now_us()}
    values["reason"] = (reasons or {}).get("listing", "")
    mine = tables.listings.c.product == row.id
    db.execute(update(tables.listings).where(mine).values(**values))
    moved = []
    if event in _INSTRUMENTS:
        moved = move_instruments(db, row.id, *_INSTRUMENTS[event])
    record(db, row, "listing", event.value, after.value, by, reasons or {})
    touch(db, [row.id])
    return moved


def move_instruments(
    db: Connection, product: int, before: tuple[str, ...], after: str
) -> list[int]:
    """Move the instruments that are in a state of *before*; return their numbers."""
    i = tables.instruments
    wanted = (i.c.product == product, i.c.state.in_(before))
    moved = [row.id for row in db.execute(select(i.c.id).where(*wanted))]
    db.execute(update(i).where(*wanted).values(state=after))
    return moved


def record(
    db: Connection,
    row: Row[Any],
    machine: str,
    event: str,
    after: str,
    by: By,
    reasons: Mapping[str, str],
) -> None:
    """Write a step down as a row of ``reviews``."""
    (number,) = next_numbers(db, tables.reviews.c.id)
    db.execute(
        insert(tables.reviews).values(
            id=number,
            product=row.id,
            version=row.version,
            at_us=clock.now_us(),
            by_user=by.id,
            machine=machine,
            event=event,
            state=after,
            reasons=products.dump(dict(reasons)),
        )
    )
