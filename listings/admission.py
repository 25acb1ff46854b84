"""The states of products and listings, and the verbs that move them.

Every step is a row of ``reviews``. Nobody decides on a product of their own member.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Row, insert, select, update

from listings import catalogue, products, releases, tables, terms
from listings.changes import touch
from listings.numbers import in_turn, next_numbers
from listings.products import Facts
from listings.quality import declared
from listings.stages import (
    LISTING,
    PRODUCT,
    ListingEvent,
    ListingState,
    ProductEvent,
    ProductState,
)
from listings.terms import MarketFacts
from listings.vocabulary import N_
from settlement import clock
from settlement.errors import IllegalMove, Invalid, NotFound, OwnWork
from settlement.ids import encode

__all__ = [  # of listings.stages, for those who import them from here
    "LISTING",
    "PRODUCT",
    "ListingEvent",
    "ListingState",
    "ProductEvent",
    "ProductState",
]

REASON_MAX = 2_000  # characters
REASONS_MAX = 50  # fields


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


HOUSE = 0  # the operator's own member; its users are the staff
OPERATOR = Actor(0, HOUSE)  # the operator's command line


# ── the vendor's verbs ──


def submit(db: Connection, product: int, by: By) -> None:
    """Hand a draft in for review; Invalid shows every problem at once, by field."""
    row = _own(db, product, by)
    PRODUCT.after(ProductState(row.state), ProductEvent.SUBMIT)
    products.refuse(problems(db, row))
    _move(db, row, ProductEvent.SUBMIT, by)


def change(db: Connection, product: int, facts: Facts, version: int, by: By) -> int:
    """Hand in other facts of a registered product; return the next version.

    The registered facts stay in force until the new ones are registered.
    """
    row = _own(db, product, by)
    PRODUCT.after(ProductState(row.state), ProductEvent.CHANGE)
    found = products.missing(facts)
    products.refuse(found | products.wrong(facts))
    following = products.put(db, row, facts, version, by.id)
    _move(db, products.find(db, product), ProductEvent.CHANGE, by)
    return following


def problems(db: Connection, row: Row[Any]) -> dict[str, list[str]]:
    """Return all that keeps a product from a review, by field."""
    facts = products.facts_of(row)
    found = products.missing(facts)
    for field, texts in products.wrong(facts).items():
        found.setdefault(field, []).extend(texts)
    if not catalogue.instruments_of(db, row.id):
        found["instruments"] = [N_("Say what is sold: add an instrument.")]
    if releases.newest(db, row.id) is None and not facts.source_url:
        found["releases"] = [
            N_("Finalise a release with a file, or give the address of the data.")
        ]
    for field, texts in declared.contradictions(db, row.id, facts).items():
        found.setdefault(field, []).extend(texts)
    return found


# ── the registrar's verbs on products ──


def return_(db: Connection, product: int, reasons: Mapping[str, str], by: By) -> None:
    """Give a product back to its vendor with the reason for each field."""
    row = _others(db, product, by)
    if not reasons or len(reasons) > REASONS_MAX:
        raise Invalid({"reasons": [N_("Say what is to be changed.")]})
    _move(db, row, ProductEvent.RETURN, by, _checked(reasons))


def approve(db: Connection, product: int, by: By) -> None:
    """Accept a product; its facts are now public for objections."""
    _move(db, _others(db, product, by), ProductEvent.APPROVE, by)


def object_(db: Connection, product: int, reason: str, by: By) -> None:
    """Record an objection that was raised during publicity."""
    row = _others(db, product, by)
    _move(db, row, ProductEvent.OBJECT, by, _checked({"objection": reason}))


def uphold(db: Connection, product: int, reason: str, by: By) -> None:
    """Find an objection right: the product goes back to its vendor."""
    row = _others(db, product, by)
    _move(db, row, ProductEvent.UPHOLD, by, _checked({"objection": reason}))


def dismiss(db: Connection, product: int, reason: str, by: By) -> None:
    """Find an objection wrong: the publicity goes on."""
    row = _others(db, product, by)
    _move(db, row, ProductEvent.DISMISS, by, _checked({"objection": reason}))


def lapse(db: Connection, product: int, by: By) -> int:
    """End the publicity: the product is registered; return its certificate's number.

    The first registration also asks for admission to the market.
    """
    row = _others(db, product, by)
    _move(db, row, ProductEvent.LAPSE, by)
    facts = {"proposed": None} | products.columns(products.facts_of(row))
    mine = tables.products.c.id == product
    db.execute(update(tables.products).where(mine).values(**facts))
    (number,) = next_numbers(db, tables.registrations.c.number)
    now_us = clock.now_us()
    db.execute(
        insert(tables.registrations).values(
            number=number,
            product=product,
            version=row.version,
            registered_us=now_us,
            registered_by=by.id,
        )
    )
    asked = select(tables.listings.c.product).where(
        tables.listings.c.product == product
    )
    if db.execute(asked).first() is None:
        db.execute(
            insert(tables.listings).values(
                product=product,
                state=ListingState.PENDING.value,
                requested_us=now_us,
                changed_us=now_us,
                reason="",
            )
        )
    touch(db, [product])
    return number


def cancel(db: Connection, product: int, reason: str, by: By) -> None:
    """End a registration before its time; delist the product first."""
    row = _others(db, product, by)
    reasons = _checked({"registration": reason})
    listing = _listing_state(db, product)
    if listing in {ListingState.LISTED, ListingState.SUSPENDED}:
        raise IllegalMove(LISTING.name, listing.value, ProductEvent.CANCEL.value)
    _move(db, row, ProductEvent.CANCEL, by, reasons)


# ── the registrar's verbs on listings ──


def admit(db: Connection, product: int, by: By) -> list[MarketFacts]:
    """Admit a registered product to the market; return what the market is to be told.

    IllegalMove if its facts are not registered or it is not waiting for admission.
    """
    row = _others(db, product, by)
    if row.state != ProductState.REGISTERED:
        raise IllegalMove(PRODUCT.name, row.state, ListingEvent.ADMIT.value)
    _move_listing(db, row, ListingEvent.ADMIT, by)
    return terms.of_products(db, [product])


def suspend(db: Connection, product: int, reason: str, by: By) -> list[int]:
    """Suspend a listing; return the numbers of its instruments."""
    row = _others(db, product, by)
    return _move_listing(
        db, row, ListingEvent.SUSPEND, by, _checked({"listing": reason})
    )


def resume(db: Connection, product: int, by: By) -> list[int]:
    """Let a suspended listing trade again; return the numbers of its instruments."""
    return _move_listing(db, _others(db, product, by), ListingEvent.RESUME, by)


def delist(db: Connection, product: int, reason: str, by: By) -> list[int]:
    """Take a listing off the market for good; return its instruments' numbers.

    The registrar may, and so may the vendor of its own product. Rights stay.
    """
    row = products.find(db, product)
    if by.member not in {row.vendor, HOUSE}:
        raise NotFound("product", encode("product", product))
    return _move_listing(
        db, row, ListingEvent.DELIST, by, _checked({"listing": reason})
    )


def admit_added(db: Connection, product: int, by: By) -> list[MarketFacts]:
    """Admit the instruments that a vendor added to a listed product."""
    row = _others(db, product, by)
    state = _listing_state(db, product)
    if state is not ListingState.LISTED:
        raise IllegalMove(LISTING.name, state or "", ListingEvent.ADMIT.value)
    _move_instruments(db, product, ListingEvent.ADMIT)
    _record(db, row, "listing", ListingEvent.ADMIT, state, by, {})
    touch(db, [product])
    return terms.of_products(db, [product])


# ── what every step does ──

# Which instruments a listing's event moves, and to what.
_INSTRUMENTS = {
    ListingEvent.ADMIT: (("pending",), "listed"),
    ListingEvent.SUSPEND: (("listed",), "suspended"),
    ListingEvent.RESUME: (("suspended",), "listed"),
    ListingEvent.DELIST: (("pending", "listed", "suspended"), "delisted"),
}


def _own(db: Connection, product: int, by: By) -> Row[Any]:
    row = products.find(db, product)
    if by.member != row.vendor:
        raise NotFound("product", encode("product", product))
    return row


def _others(db: Connection, product: int, by: By) -> Row[Any]:
    """Return a product that *by* may decide on; OwnWork if it is in a way theirs."""
    row = products.find(db, product)
    own_draft = by.id == row.edited_by and by.id != OPERATOR.id
    if own_draft or by.member == row.vendor != HOUSE:
        raise OwnWork
    return row


def _checked(reasons: Mapping[str, str]) -> dict[str, str]:
    kept = {field: text.strip() for field, text in reasons.items()}
    if not all(0 < len(text) <= REASON_MAX for text in kept.values()):
        raise Invalid({"reason": [N_("Give the reason, in at most 2,000 characters.")]})
    return kept


def _listing_state(db: Connection, product: int) -> ListingState | None:
    query = select(tables.listings.c.state).where(tables.listings.c.product == product)
    state = db.scalar(query)
    return None if state is None else ListingState(state)


def _move(
    db: Connection,
    row: Row[Any],
    event: ProductEvent,
    by: By,
    reasons: Mapping[str, str] | None = None,
) -> None:
    """Move a product and record it; IllegalMove, also if somebody was faster."""
    after = PRODUCT.after(ProductState(row.state), event)
    done = db.execute(
        update(tables.products)
        .where(tables.products.c.id == row.id, tables.products.c.state == row.state)
        .values(state=after.value)
    )
    if done.rowcount != 1:
        raise IllegalMove(PRODUCT.name, row.state, event.value)
    _record(db, row, "product", event, after, by, reasons or {})


def _move_listing(
    db: Connection,
    row: Row[Any],
    event: ListingEvent,
    by: By,
    reasons: Mapping[str, str] | None = None,
) -> list[int]:
    """Move a listing with its instruments and record it; the instruments' numbers."""
    in_turn(db)
    before = _listing_state(db, row.id)
    if before is None:
        raise IllegalMove(LISTING.name, "", event.value)
    after = LISTING.after(before, event)
    now_us = clock.now_us()
    values = {"state": after.value, "changed_us": now_us}
    values["reason"] = (reasons or {}).get("listing", "")
    if event is ListingEvent.ADMIT:
        values |= {"admitted_us": now_us, "admitted_by": by.id}
    mine = tables.listings.c.product == row.id
    db.execute(update(tables.listings).where(mine).values(**values))
    moved = _move_instruments(db, row.id, event)
    _record(db, row, "listing", event, after, by, reasons or {})
    touch(db, [row.id])
    return moved


def _move_instruments(db: Connection, product: int, event: ListingEvent) -> list[int]:
    before, after = _INSTRUMENTS[event]
    i = tables.instruments
    wanted = (i.c.product == product, i.c.state.in_(before))
    moved = [row.id for row in db.execute(select(i.c.id).where(*wanted))]
    db.execute(update(i).where(*wanted).values(state=after))
    return moved


def _record(
    db: Connection,
    row: Row[Any],
    machine: str,
    event: StrEnum,
    after: StrEnum,
    by: By,
    reasons: Mapping[str, str],
) -> None:
    (number,) = next_numbers(db, tables.reviews.c.id)
    db.execute(
        insert(tables.reviews).values(
            id=number,
            product=row.id,
            version=row.version,
            at_us=clock.now_us(),
            by_user=by.id,
            machine=machine,
            event=event.value,
            state=after.value,
            reasons=products.dump(dict(reasons)),
        )
    )
