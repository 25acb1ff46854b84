"""Demands: what members look for, on the board or put to some vendors alone.

A demand is an ordinary post without money in it; it ends by itself at its deadline. One
for an instrument, or put to chosen vendors, is a request for quotes; quotes answer
either (see `pricing.quotes`). Source: features C4 (scope, budget, deadline, preferred
licence), D5 and §5.4 (requests for quotes), U8 (a search that finds nothing keeps its
words).

Who asks may stay unnamed (§5.4): every read here leaves the member of such a demand out
but to itself, to the house, and to the vendor whose offer in it was taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    exists,
    func,
    insert,
    select,
    update,
)

from listings.licences import PURPOSES
from listings.marking import N_
from listings.vocabulary import SECTORS
from marketplace.community import inquiries
from marketplace.community.tables import demand_vendors, demands
from marketplace.members import organisations
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.tables import books, offers
from settlement import clock
from settlement.errors import IllegalMove, Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.ledger import HOUSE
from settlement.money import AMOUNT_MAX
from settlement.store import PAGE_MAX

TITLE_MAX = 120  # characters
DESCRIPTION_MAX = 4_000
QUERY_MAX = 200
OPEN_MAX = 50  # demands of one member at a time
DEADLINE_MAX_US = 366 * clock.DAY_US

UNNAMED = ("一位未具名的会员", "A member that is not named")  # as names of members
CLEAR_TITLE = N_("Say in one line what you look for.")
TOO_LONG = N_("This is too long.")
KNOWN_BUYERS = N_("Only members whom its vendor knows may buy this: ask by name.")


@dataclass(eq=False)
class TooManyDemands(Refusal):
    """The member has as many open demands as it may have; close one first."""

    maximum: int


class Wanted(NamedTuple):
    """What a member asks for; *budget* in minor units of CNY, None: open."""

    title: str
    description: str
    until_us: int
    query: str = ""  # the search that found nothing
    sector: str = ""
    purpose: str = ""  # what it would be used for: the licence must allow it
    budget: int | None = None
    instrument: int | None = None  # that is asked for; None: what is described
    quantity: int | None = None
    audience: str = inquiries.PUBLIC
    vendors: tuple[int, ...] = ()  # who is asked, if they are chosen
    anonymous: bool = False  # vendors are not told who asks


class Demand(NamedTuple):
    """A posted demand; *state* is open, closed, or ended when its time is over."""

    id: int
    member: int | None  # None: who asks is not named to whoever reads it
    title: str
    description: str
    until_us: int
    query: str
    sector: str
    purpose: str
    budget: int | None
    instrument: int | None
    quantity: int | None
    audience: str
    anonymous: bool
    state: str
    at_us: int
    closed_us: int | None


def post(db: Connection, member: int, user: int, wanted: Wanted) -> int:
    """Post a demand of *member* and tell who is asked; return its number.

    Invalid names every problem at once; TooManyDemands above OPEN_MAX.
    """
    now_us = clock.now_us()
    asked, wrong = inquiries.asked(db, member, wanted)
    if wanted.anonymous and is_restricted(db, wanted.instrument or 0):
        wrong = {**wrong, "anonymous": [KNOWN_BUYERS]}
    if problems := {**_problems(wanted, now_us), **wrong}:
        raise Invalid(problems)
    mine = select(func.count()).where(demands.c.member == member, _is_open(now_us))
    if (db.scalar(mine) or 0) >= OPEN_MAX:
        raise TooManyDemands(OPEN_MAX)
    values = wanted._asdict() | {
        "title": wanted.title.strip(),
        "member": member,
        "by_user": user,
        "at_us": now_us,
        "anonymous": int(wanted.anonymous),
    }
    del values["vendors"]
    made = db.execute(insert(demands).values(values).returning(demands.c.id))
    number = int(made.scalar_one())
    asker = UNNAMED
    if not wanted.anonymous:
        asker = organisations.names(db, [member])[member]
    inquiries.tell(db, number, asker, values["title"], asked)
    return number


def _problems(wanted: Wanted, now_us: int) -> dict[str, list[str]]:
    wrong = {
        "title": None
        if 0 < len(wanted.title.strip()) <= TITLE_MAX and wanted.title.isprintable()
        else CLEAR_TITLE,
        "description": None if len(wanted.description) <= DESCRIPTION_MAX else TOO_LONG,
        "query": None if len(wanted.query) <= QUERY_MAX else TOO_LONG,
        "until": None
        if now_us < wanted.until_us <= now_us + DEADLINE_MAX_US
        else N_("Choose a day within the next year."),
        "sector": None
        if wanted.sector in {"", *SECTORS}
        else N_("Choose one of the list."),
        "purpose": None
        if wanted.purpose in {"", *PURPOSES}
        else N_("Choose one of the list."),
        "budget": None
        if wanted.budget is None or 0 < wanted.budget <= AMOUNT_MAX
        else N_("Give an amount above zero, or none."),
        "quantity": None
        if wanted.quantity is None or 0 < wanted.quantity <= QUANTITY_MAX
        else N_("Give a whole number above zero, or none."),
    }
    return {name: [text] for name, text in wrong.items() if text is not None}


def board(
    db: Connection,
    viewer: int,
    sector: str = "",
    before: int | None = None,
    limit: int = PAGE_MAX,
) -> list[Demand]:
    """Return open demands of the board, of a *sector* or all, newest first."""
    query = select(demands).where(_is_open(clock.now_us()))
    query = query.where(demands.c.audience == inquiries.PUBLIC)
    if sector:
        query = query.where(demands.c.sector == sector)
    return _page(db, query, viewer, before, limit)


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = PAGE_MAX
) -> list[Demand]:
    """Return the demands of a member in any state, newest first."""
    query = select(demands).where(demands.c.member == member)
    return _page(db, query, member, before, limit)


def put_to(
    db: Connection, vendor: int, before: int | None = None, limit: int = PAGE_MAX
) -> list[Demand]:
    """Return the demands that a vendor was asked to answer, newest first."""
    query = select(demands).join(
        demand_vendors, demand_vendors.c.demand == demands.c.id
    )
    query = query.where(demand_vendors.c.vendor == vendor)
    return _page(db, query, vendor, before, limit)


def get(db: Connection, number: int, viewer: int = 0) -> Demand:
    """Return a demand in any state; NotFound if *viewer* may not read it."""
    row = _readable(db, number, viewer)
    return _demands(db, [row], viewer)[0]


def asker(db: Connection, number: int) -> int:
    """Return whose a demand is, named or not: to act on it, not to show it."""
    found = db.scalar(select(demands.c.member).where(demands.c.id == number))
    if found is None:
        raise NotFound("demand", encode("demand", number))
    return int(found)


def unnamed(demand: Any, vendor: Any) -> ColumnElement[bool]:
    """Return the condition that *vendor* is not told whose *demand* is; columns."""
    taken = offers.alias("taken_offers")
    accepted = exists().where(
        taken.c.demand == demand, taken.c.vendor == vendor, taken.c.state == "taken"
    )
    hidden = demands.alias("hidden_demands")  # *demand* may be of the table itself
    asked = exists().where(hidden.c.id == demand, hidden.c.anonymous == 1)
    return and_(asked, ~accepted)


def is_restricted(db: Connection, instrument: int) -> bool:
    """Tell whether the market lets named members alone buy an instrument."""
    query = select(books.c.audience).where(books.c.instrument == instrument)
    return db.scalar(query) is not None


def is_unnamed(db: Connection, demand: int, vendor: int) -> bool:
    """Tell whether *vendor* is not told whose a demand is."""
    if demand <= 0:
        return False
    query = select(demands.c.id).where(demands.c.id == demand)
    return db.scalar(query.where(unnamed(demands.c.id, vendor))) is not None


def _readable(db: Connection, number: int, viewer: int) -> Row[Any]:
    row = db.execute(select(demands).where(demands.c.id == number)).first()
    if row is None or not _may_read(db, row, viewer):
        raise NotFound("demand", encode("demand", number))
    return row


def _may_read(db: Connection, row: Row[Any], viewer: int) -> bool:
    if row.audience == inquiries.PUBLIC or viewer == row.member:
        return True
    return viewer in inquiries.vendors_of(db, row.id)


def check_answer(db: Connection, number: int, vendor: int, buyer: int) -> Demand:
    """Return the demand of *buyer* that *vendor* may answer now.

    NotFound if there is none, IllegalMove if it is over.
    """
    row = _readable(db, number, vendor)
    if row.member != buyer:
        raise NotFound("demand", encode("demand", number))
    found = _demand(row, row.member)
    if found.state != "open":
        raise IllegalMove("demand", found.state, "answer")
    return found


def close(db: Connection, number: int, member: int) -> None:
    """Close a demand of *member*; NotFound if it is not theirs, IllegalMove if over."""
    found = get(db, number, member)
    if found.member != member:
        raise NotFound("demand", encode("demand", number))
    closing = update(demands).where(demands.c.id == number, _is_open(clock.now_us()))
    if not db.execute(closing.values(closed_us=clock.now_us())).rowcount:
        raise IllegalMove("demand", found.state, "close")


def _is_open(now_us: int) -> Any:
    return demands.c.closed_us.is_(None) & (demands.c.until_us > now_us)


def _page(
    db: Connection, query: Any, viewer: int, before: int | None, limit: int
) -> list[Demand]:
    if before is not None:
        query = query.where(demands.c.id < before)
    rows = db.execute(query.order_by(demands.c.id.desc()).limit(limit)).all()
    return _demands(db, rows, viewer)


def _demands(db: Connection, rows: Iterable[Row[Any]], viewer: int) -> list[Demand]:
    """Return demands as *viewer* may see them: some without who asks."""
    rows = list(rows)
    asking = [row.id for row in rows if row.anonymous and row.member != viewer]
    hidden = set[int]()
    if asking and viewer != HOUSE:
        query = select(demands.c.id).where(demands.c.id.in_(asking))
        hidden = set(db.execute(query.where(unnamed(demands.c.id, viewer))).scalars())
    return [_demand(row, None if row.id in hidden else row.member) for row in rows]


def _demand(row: Row[Any], member: int | None) -> Demand:
    state = "open" if row.until_us > clock.now_us() else "ended"
    return Demand(
        *(row.id, member, row.title, row.description, row.until_us, row.query),
        *(row.sector, row.purpose, row.budget, row.instrument, row.quantity),
        *(row.audience, bool(row.anonymous)),
        "closed" if row.closed_us is not None else state,
        *(row.at_us, row.closed_us),
    )
