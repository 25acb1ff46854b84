"""Admission to the market: what the catalogue decides, the market is then told.

The catalogue's tables are the truth; the books follow them. Whatever lies between (a
crash, a full inbox), the difference of the two is what to tell, so that telling may be
interrupted and repeated.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Row

from listings import admission, catalogue, consents, terms, visibility
from listings.instruments import Instrument
from listings.registration import marks
from listings.registration.deadlines import NOTICE_US
from listings.registration.marks import MARKS
from listings.terms import MarketFacts
from listings.visibility import EVERYBODY, Audience
from marketplace.community import announcements
from marketplace.members.users import User
from marketplace.trading import reads, tender_reads
from marketplace.trading.acceptance import Acceptance
from marketplace.trading.commands import (
    Command,
    DelistInstrument,
    ListInstrument,
    ResumeInstrument,
    SetAudience,
    SuspendInstrument,
)
from marketplace.trading.consents import Consent, SetConsents, restored
from marketplace.trading.scope import Scope
from settlement import statements
from settlement.canonical import canonical
from settlement.clock import DAY_US

if TYPE_CHECKING:  # the services start a follower that needs this module
    from marketplace.services import Services


class Decision(NamedTuple):
    """One step with a product: its event, and the reasons that it asks for."""

    event: str
    reason: str = ""
    remarks: Mapping[str, str] = MappingProxyType(
        {}
    )  # field → what is to be changed there
    notice_us: int = NOTICE_US  # of the publicity that an approval begins


# What a registrar may decide on a product or its listing; see `listings.admission`.
Verb = Callable[[Connection, int, Decision, User], object]


def _mark(event: str) -> Verb:
    """Return the verb that sets or lifts a mark on the registration."""
    return lambda db, product, said, by: marks.decide(
        db, product, event, said.reason, by
    )


STEPS: Mapping[str, Verb] = {
    "approve": lambda db, product, said, by: admission.approve(
        db, product, by, said.notice_us
    ),
    "return": lambda db, product, said, by: admission.return_(
        db, product, said.remarks, by
    ),
    "object": lambda db, product, said, by: admission.object_(
        db, product, said.reason, by
    ),
    "uphold": lambda db, product, said, by: admission.uphold(
        db, product, said.reason, by
    ),
    "dismiss": lambda db, product, said, by: admission.dismiss(
        db, product, said.reason, by
    ),
    "lapse": lambda db, product, _, by: admission.lapse(db, product, by),
    "cancel": lambda db, product, said, by: admission.cancel(
        db, product, said.reason, by
    ),
    "admit": lambda db, product, _, by: admission.admit(db, product, by),
    "admit_added": lambda db, product, _, by: admission.admit_added(db, product, by),
    "return_listing": lambda db, product, said, by: admission.return_listing(
        db, product, said.remarks, by
    ),
    "suspend": lambda db, product, said, by: admission.suspend(
        db, product, said.reason, by
    ),
    "resume": lambda db, product, _, by: admission.resume(db, product, by),
    "delist": lambda db, product, said, by: admission.delist(
        db, product, said.reason, by
    ),
    **{event: _mark(event) for events in MARKS.values() for event in events},
}
# What holders and followers are told of as soon as it happens: event → kind of notice.
TOLD = {"suspend": "suspended", "resume": "resumed", "delist": "delisted"}
# What a vendor may do with its own product; see there too.
VENDOR_STEPS: Mapping[str, Verb] = {
    "submit": lambda db, product, _, by: admission.submit(db, product, by),
    "renew": lambda db, product, _, by: admission.renew(db, product, by),
    "request": lambda db, product, _, by: admission.request(db, product, by),
    "publish": lambda db, product, _, by: admission.publish(db, product, by),
    "delist": STEPS["delist"],
}


def decide(parts: "Services", product: int, said: Decision, by: User) -> None:
    """Take a step with a product, and tell the market what follows from it.

    OwnWork, IllegalMove, Invalid or a gate's refusal, as the catalogue says.
    """
    _take(parts, STEPS[said.event], product, said, by)


def act(
    parts: "Services", product: int, event: str, by: User, reason: str = ""
) -> None:
    """Take a vendor's step with its own product, and tell the market.

    BidStands if a deposit stands on the product.
    """
    if event == "delist":
        with parts.reads.connect() as db:
            check_free(db, product)
    _take(parts, VENDOR_STEPS[event], product, Decision(event, reason), by)


def check_free(db: Connection, product: int) -> None:
    """Refuse with BidStands a vendor's step that would end an opened bid of its own."""
    units = catalogue.instruments_of(db, product)
    tender_reads.check_none_stands(db, [unit.id for unit in units])


def _take(
    parts: "Services", verb: Verb, product: int, said: Decision, by: User
) -> None:
    said = said._replace(notice_us=parts.config.notice_days * DAY_US)
    with parts.writes.begin() as db:
        verb(db, product, said, by)
        if said.event in TOLD:
            announcements.tell_standing(
                db, product, TOLD[said.event], said.reason, by.member
            )
    tell_market(parts, product, by.id)


def tell_market(parts: "Services", product: int, by: int) -> int:
    """Bring the books of a product to what the catalogue says; how many commands.

    *by* is the user whose decision it was.
    """
    with parts.reads.connect() as db:
        commands = list(untold(db, product, by))
    for command in commands:
        parts.gateway.submit(command)
    return len(commands)


def untold(db: Connection, product: int, by: int) -> Iterator[Command]:
    """Yield what the market does not know yet of a product's instruments."""
    units = catalogue.instruments_of(db, product)
    books = reads.books_of(db, [unit.id for unit in units])
    audience = visibility.audience(db, product)
    given = consents.of_product(db, product)
    told = {facts.instrument: facts for facts in terms.of_products(db, [product])}
    known = statements.terms_of(db, {book.terms for book in books.values()})
    for unit in units:
        book = books.get(unit.id)
        if book is not None:
            yield from _moves(unit, book, by)
        facts = told.get(unit.id)
        if facts and (book is None or not _same(facts, book, known[book.terms])):
            yield listing_command(by, facts)
        if (book or facts) and audience != _audience(book):
            yield SetAudience(by, unit.id, *audience)
        agreed = consents.of_unit(unit, given)
        if (book or facts) and frozenset(agreed) != _agreed(book):
            yield SetConsents(by, unit.id, agreed)


def listing_command(by: int, facts: MarketFacts) -> ListInstrument:
    """Return the command that tells the market these facts."""
    return ListInstrument(
        by, *facts[:-2], scope=Scope(*facts.scope),
        acceptance=Acceptance(*facts.acceptance),
    )  # fmt: skip


def _audience(book: Row[Any] | None) -> Audience:
    """Return whom the market lets trade in *book*; a new one is for everybody."""
    if book is None or book.audience is None:
        return EVERYBODY
    return Audience(tuple(map(int, book.audience.split())), bool(book.hidden))


def _agreed(book: Row[Any] | None) -> frozenset[Consent]:
    """Return the consents that the market knows in *book*; a new one has none."""
    return frozenset() if book is None else restored(book.consents)


def _moves(unit: Instrument, book: Row[Any], by: int) -> Iterator[Command]:
    """Yield the step that brings *book* into the state that *unit* has."""
    match unit.state, book.state:
        case "listed", "suspended":
            yield ResumeInstrument(by, unit.id)
        case "suspended", "listed":
            yield SuspendInstrument(by, unit.id)
        case "delisted", "listed" | "suspended":
            yield DelistInstrument(by, unit.id)


def _same(facts: MarketFacts, book: Row[Any], terms_known: dict[str, Any]) -> bool:
    """Tell whether the market has these facts already."""
    return (
        facts.terms == canonical(terms_known)
        and " ".join(facts.purposes) == book.purposes
        and facts.term_us == book.term_us
        and facts.deliveries_max == book.deliveries_max
        and facts.price_max == book.price_max
    )
