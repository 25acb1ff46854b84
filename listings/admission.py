"""The verbs that move products and listings, and the gates that nobody can skip.

Every step is a row of ``reviews``. Nobody decides on a product of their own member.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from listings import catalogue, products, publicdata, releases, tables, terms
from listings.changes import touch
from listings.marking import N_
from listings.products import Facts
from listings.quality import declared
from listings.registration import attachments, checklist, marks, opinions
from listings.registration.deadlines import NOTICE_US, TERM_US, NoticeRuns, Renewal
from listings.stages import (
    LISTING,
    PRODUCT,
    ListingEvent,
    ListingState,
    ProductEvent,
    ProductState,
)
from listings.steps import (
    HOUSE,
    OPERATOR,
    REASON_MAX,
    REASONS_MAX,
    Actor,
    By,
    checked,
    listing_of,
    move,
    move_instruments,
    move_listing,
    others,
    own,
    record,
    registration_of,
)
from listings.terms import MarketFacts
from settlement import clock
from settlement.errors import IllegalMove, Invalid, NotFound
from settlement.ids import encode
from settlement.store import next_numbers

__all__ = [  # for those who import them from here
    "HOUSE",
    "LISTING",
    "OPERATOR",
    "PRODUCT",
    "REASONS_MAX",
    "REASON_MAX",
    "Actor",
    "By",
    "ListingEvent",
    "ListingState",
    "ProductEvent",
    "ProductState",
    "listing_of",
    "registration_of",
]


# ── the vendor's verbs ──


def submit(db: Connection, product: int, by: By) -> None:
    """Hand a draft in for review; Invalid shows every problem at once, by field."""
    row = own(db, product, by)
    PRODUCT.after(ProductState(row.state), ProductEvent.SUBMIT)
    products.refuse(problems(db, row))
    move(db, row, ProductEvent.SUBMIT, by)


def change(db: Connection, product: int, facts: Facts, version: int, by: By) -> int:
    """Hand in other facts of a registered product; return the next version.

    The registered facts stay in force until the new ones are registered.
    """
    row = own(db, product, by)
    PRODUCT.after(ProductState(row.state), ProductEvent.CHANGE)
    products.refuse(products.wrong(facts) or problems(db, row, facts))
    following = products.put(db, row, facts, version, by.id)
    move(db, products.find(db, product), ProductEvent.CHANGE, by)
    return following


def revise(db: Connection, product: int, facts: Facts, version: int, by: By) -> int:
    """Give a draft other facts, or hand in those of a registered product; its version.

    Refused as `products.edit` or `change` is.
    """
    row = products.find(db, product)
    if row.state == ProductState.REGISTERED:
        return change(db, product, facts, version, by)
    return products.edit(db, product, facts, version, by.id)


def renew(db: Connection, product: int, by: By) -> int:
    """Ask for three more years of the same facts; return the next version.

    RenewalTooEarly before the last 60 days.
    """
    row = own(db, product, by)
    PRODUCT.after(ProductState(row.state), ProductEvent.RENEW)
    Renewal(registration_of(db, product)).require_due(clock.now_us())
    products.refuse(problems(db, row))
    following = products.put(db, row, products.facts_of(row), row.version, by.id)
    move(db, products.find(db, product), ProductEvent.RENEW, by)
    return following


def publish(db: Connection, product: int, by: By) -> list[MarketFacts]:
    """Bring an admitted product to the market; return what the market is to be told.

    Approved is not published: the vendor chooses the moment. The gates of admission
    hold at that moment too.
    """
    row = own(db, product, by)
    _require_tradable(db, row, ListingEvent.PUBLISH)
    move_listing(db, row, ListingEvent.PUBLISH, by, admitted_us=clock.now_us())
    return terms.of_products(db, [product])


def request(db: Connection, product: int, by: By) -> None:
    """Ask again for the admission of a listing that was returned."""
    move_listing(db, own(db, product, by), ListingEvent.REQUEST, by)


def problems(
    db: Connection, row: Row[Any], facts: Facts | None = None
) -> dict[str, list[str]]:
    """Return all that keeps a product from a review, by field.

    *facts* are those to be handed in where they are not the newest stored ones.
    """
    facts = facts or products.facts_of(row)
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
    for kind, text in _unproved(db, row.id, facts):
        found.setdefault(f"attachment_{kind}", []).append(text)
    return found


def _unproved(db: Connection, product: int, facts: Facts) -> list[tuple[str, str]]:
    """Return which evidence is missing: of the source, the commitment, of consent."""
    there = {one.kind for one in attachments.of_product(db, product)}
    needed = [("commitment", N_("Attach the signed legal commitment."))]
    if facts.source_route is not None:
        needed.append((facts.source_route, N_("Attach evidence of the source.")))
    if facts.personal == "personal":
        needed.append(
            ("consent", N_("Personal information needs evidence of consent."))
        )
    return [(kind, text) for kind, text in needed if kind not in there]


# ── the registrar's verbs on products ──


def return_(db: Connection, product: int, reasons: Mapping[str, str], by: By) -> None:
    """Give a product back to its vendor with the reason for each field."""
    row = others(db, product, by)
    move(db, row, ProductEvent.RETURN, by, _remarks(reasons))


def approve(db: Connection, product: int, by: By, notice_us: int = NOTICE_US) -> None:
    """Accept a product; its facts are public for objections for *notice_us*.

    ChecklistOpen unless each line of the checklist was reviewed and passed; Invalid if
    evidence was lost or a rule came since it was handed in.
    """
    row = others(db, product, by)
    PRODUCT.after(ProductState(row.state), ProductEvent.APPROVE)
    products.refuse(problems(db, row))
    checklist.require(db, product, row.version)
    until_us = clock.now_us() + notice_us
    move(db, row, ProductEvent.APPROVE, by, notice_until_us=until_us)


def object_(db: Connection, product: int, reason: str, by: By) -> None:
    """Raise an objection during publicity: any member but the vendor, or the staff."""
    row = others(db, product, by)
    move(db, row, ProductEvent.OBJECT, by, checked({"objection": reason}))


def uphold(db: Connection, product: int, reason: str, by: By) -> None:
    """Find an objection right: the product goes back to its vendor."""
    row = others(db, product, by)
    move(db, row, ProductEvent.UPHOLD, by, checked({"objection": reason}))


def dismiss(db: Connection, product: int, reason: str, by: By) -> None:
    """Find an objection wrong: the publicity goes on."""
    row = others(db, product, by)
    move(db, row, ProductEvent.DISMISS, by, checked({"objection": reason}))


def lapse(db: Connection, product: int, by: By) -> int:
    """End the publicity: the product is registered; return its certificate's number.

    NoticeRuns before its time is over. The first registration also asks for admission
    to the market; later facts wait until the listing is reviewed with them.
    """
    row = others(db, product, by)
    PRODUCT.after(ProductState(row.state), ProductEvent.LAPSE)
    now_us = clock.now_us()
    if now_us < row.notice_until_us:
        raise NoticeRuns(row.notice_until_us)
    before = registration_of(db, product)
    move(db, row, ProductEvent.LAPSE, by)
    facts = products.facts_of(row)
    (number,) = next_numbers(db, tables.registrations.c.number)
    db.execute(
        insert(tables.registrations).values(
            number=number,
            product=product,
            version=row.version,
            registered_us=now_us,
            registered_by=by.id,
            expires_us=Renewal(before).expiry(now_us, TERM_US),
            facts=products.dump(facts._asdict()),
        )
    )
    listing = listing_of(db, product)
    if listing is None or listing.state in {"pending", "refused"}:
        _put_in_force(db, product)
    elif facts == products.listed_facts(row):  # renewed: nothing to look at again
        _put_in_force(db, product)
        mine = tables.listings.c.product == product
        db.execute(update(tables.listings).where(mine).values(registration=number))
    if listing is None:
        db.execute(
            insert(tables.listings).values(
                product=product,
                state=ListingState.PENDING.value,
                version=0,
                requested_us=now_us,
                changed_us=now_us,
                reason="",
            )
        )
    touch(db, [product])
    return number


def _put_in_force(db: Connection, product: int) -> int:
    """Let the market see the newest registered facts; return their registration."""
    newest = registration_of(db, product)
    assert newest is not None, product
    facts = products.facts_from(products.loads(newest.facts))
    db.execute(
        update(tables.products)
        .where(tables.products.c.id == product)
        .values(proposed=None, **products.columns(facts))
    )
    return int(newest.number)


def cancel(db: Connection, product: int, reason: str, by: By) -> None:
    """End a registration before its time; delist first, lift every mark first."""
    row = others(db, product, by)
    reasons = checked({"registration": reason})
    marks.require_none(db, product)
    listing = listing_of(db, product)
    if listing is not None and listing.state in {"listed", "suspended"}:
        raise IllegalMove(LISTING.name, listing.state, ProductEvent.CANCEL.value)
    move(db, row, ProductEvent.CANCEL, by, reasons)


# ── the registrar's verbs on listings ──


def admit(db: Connection, product: int, by: By) -> None:
    """Approve a listing; its vendor may publish it then.

    IllegalMove if its facts are not registered or it is not waiting for admission;
    ComplianceLacking without a compliance opinion in force.
    """
    row = others(db, product, by)
    _require_tradable(db, row, ListingEvent.ADMIT)
    listing = listing_of(db, product)
    number = _put_in_force(db, product)
    move_listing(
        *(db, row, ListingEvent.ADMIT, by),
        version=(listing.version if listing else 0) + 1,
        registration=number,
        admitted_us=clock.now_us(),
        admitted_by=by.id,
    )


def return_listing(
    db: Connection, product: int, reasons: Mapping[str, str], by: By
) -> None:
    """Give a listing back to its vendor with the reason for each field."""
    row = others(db, product, by)
    move_listing(db, row, ListingEvent.RETURN, by, _remarks(reasons))


def suspend(db: Connection, product: int, reason: str, by: By) -> list[int]:
    """Suspend a listing; return the numbers of its instruments."""
    row = others(db, product, by)
    return move_listing(db, row, ListingEvent.SUSPEND, by, checked({"listing": reason}))


def resume(db: Connection, product: int, by: By) -> list[int]:
    """Let a suspended listing trade again; return the numbers of its instruments.

    The gates of admission hold again: an expired registration does not trade.
    """
    row = others(db, product, by)
    _require_tradable(db, row, ListingEvent.RESUME)
    return move_listing(db, row, ListingEvent.RESUME, by)


def delist(db: Connection, product: int, reason: str, by: By) -> list[int]:
    """Take a listing off the market for good; return its instruments' numbers.

    The registrar may, and so may the vendor of its own product. Rights stay.
    """
    row = products.find(db, product)
    if by.member not in {row.vendor, HOUSE}:
        raise NotFound("product", encode("product", product))
    return move_listing(db, row, ListingEvent.DELIST, by, checked({"listing": reason}))


def admit_added(db: Connection, product: int, by: By) -> list[MarketFacts]:
    """Admit what a vendor changed of a listed product: instruments, registered facts.

    What was sold before keeps its contract; the listing gets a new version.
    """
    row = others(db, product, by)
    listing = listing_of(db, product)
    if listing is None or listing.state != ListingState.LISTED:
        state = listing.state if listing else ""
        raise IllegalMove(LISTING.name, state, ListingEvent.ADMIT.value)
    _require_tradable(db, row, ListingEvent.ADMIT)
    number = _put_in_force(db, product)
    move_instruments(db, product, ("pending",), "listed")
    now = {"version": listing.version + 1, "registration": number}
    mine = tables.listings.c.product == product
    db.execute(update(tables.listings).where(mine).values(**now))
    record(db, row, "listing", ListingEvent.ADMIT.value, listing.state, by, {})
    touch(db, [product])
    return terms.of_products(db, [product])


def _require_tradable(db: Connection, row: Row[Any], event: ListingEvent) -> None:
    """Refuse unless registered and authorised today, and compliance is assessed.

    无登记不交易、无合规不上架: no trade without registration, no listing without
    compliance. What the operator imported as listed and nobody edited has no assessor:
    it is only described, see `importing`.
    """
    newest = registration_of(db, row.id)
    if row.state != ProductState.REGISTERED or newest is None:
        raise IllegalMove(PRODUCT.name, row.state, event.value)
    Renewal(newest).require_valid(clock.now_us())
    publicdata.require_running(db, row.id)
    if row.edited_by != OPERATOR.id or not _came_listed(db, row.id):
        opinions.require_compliance(db, row.id)


def _came_listed(db: Connection, product: int) -> bool:
    """Tell whether the operator's import listed it, not merely drafted it."""
    r = tables.reviews
    query = select(r.c.id).where(
        r.c.product == product,
        r.c.machine == LISTING.name,
        r.c.event == ListingEvent.ADMIT.value,
        r.c.by_user == OPERATOR.id,
    )
    return db.scalar(query.limit(1)) is not None


def _remarks(reasons: Mapping[str, str]) -> dict[str, str]:
    if not reasons or len(reasons) > REASONS_MAX:
        raise Invalid({"reasons": [N_("Say what is to be changed.")]})
    return checked(reasons)
