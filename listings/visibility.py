"""Who may see and trade a product: the one place that decides it, for every way in.

Public products are for everybody. Of those on request everybody sees the facts, and
the members that the vendor let in trade. Private ones exist for named members only:
for all others there is no such product, in pages, search, counts and exports alike.
Source: features B1, E1, U8 (peers have no state between public and private).
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    insert,
    or_,
    select,
    true,
)

from listings import tables
from listings.changes import touch
from listings.marking import N_
from settlement import clock
from settlement.errors import Invalid, NotFound
from settlement.ids import encode
from settlement.store import in_turn

PUBLIC, REQUEST, PRIVATE = VISIBILITIES = ("public", "request", "private")
NOBODY = -1  # a visitor who is not signed in
HOUSE = 0  # the operator's own member: its staff sees everything
GUESTS_MAX = 1_000  # of one product; what one command to the market carries

_r, _g = tables.restrictions.c, tables.guests.c


class Guest(NamedTuple):
    """A member whom the vendor lets see and trade a restricted product."""

    product: int
    member: int
    until_us: int | None
    added_us: int
    added_by: int


class Audience(NamedTuple):
    """Who may trade a product besides its vendor."""

    members: tuple[int, ...] | None  # ascending; None: anybody
    hidden: bool  # for all others it does not exist


EVERYBODY = Audience(None, hidden=False)


# ── what may be seen ──


def seen_by(member: int) -> ColumnElement[bool]:
    """Return the condition on the table ``products`` that *member* may see a row.

    Every read for visitors carries it: pages, API, search, counts, exports.
    """
    if member == HOUSE:
        return true()
    p = tables.products.c
    hidden = select(_r.product).where(_r.visibility == PRIVATE)
    open_to_all = p.id.not_in(hidden)
    if member < 0:
        return open_to_all
    return or_(open_to_all, p.vendor == member, p.id.in_(_let_in(member)))


def may_see(db: Connection, product: int, member: int) -> bool:
    """Tell whether *member* may know that *product* exists."""
    p = tables.products.c
    query = select(p.id).where(p.id == product, seen_by(member))
    return db.execute(query).first() is not None


def check(db: Connection, product: int, member: int) -> None:
    """Refuse with NotFound, as for what is not there, who may not see *product*."""
    if not may_see(db, product, member):
        raise NotFound("product", encode("product", product))


def check_instrument(db: Connection, instrument: int, member: int) -> None:
    """Refuse with NotFound who may not see the product of *instrument*."""
    p, i = tables.products.c, tables.instruments.c
    query = (
        select(i.id)
        .join(tables.products, p.id == i.product)
        .where(i.id == instrument, seen_by(member))
    )
    if db.execute(query).first() is None:
        raise NotFound("instrument", encode("instrument", instrument))


def hidden_instruments(db: Connection) -> frozenset[int]:
    """Return the instruments of private products, which no public list may name."""
    i = tables.instruments.c
    query = (
        select(i.id)
        .join(tables.restrictions, _r.product == i.product)
        .where(_r.visibility == PRIVATE)
    )
    return frozenset(db.execute(query).scalars())


# ── who may trade ──


def of(db: Connection, product: int) -> str:
    """Return the visibility of a product."""
    query = select(_r.visibility).where(_r.product == product)
    return db.scalar(query) or PUBLIC


def of_products(db: Connection, products: Iterable[int]) -> dict[int, str]:
    """Return the visibility of those of *products* that are not public."""
    query = select(_r.product, _r.visibility).where(_r.product.in_(list(products)))
    return {row.product: row.visibility for row in db.execute(query)}


def audience(db: Connection, product: int) -> Audience:
    """Return who may trade a product, as the market is to be told."""
    visibility = of(db, product)
    if visibility == PUBLIC:
        return EVERYBODY
    found = tuple(sorted(guest.member for guest in guests(db, product)))
    return Audience(found, hidden=visibility == PRIVATE)


def may_trade(db: Connection, product: int, member: int) -> bool:
    """Tell whether *member* may order the instruments of a product."""
    vendor = select(tables.products.c.vendor).where(tables.products.c.id == product)
    members = audience(db, product).members
    return members is None or member in members or member == db.scalar(vendor)


def guests(db: Connection, product: int) -> list[Guest]:
    """Return the members that are let in now, in order of their numbers."""
    query = (
        select(tables.guests)
        .where(_g.product == product, _in_force())
        .order_by(_g.member)
    )
    return [Guest(*row) for row in db.execute(query)]


def invitations(db: Connection, member: int) -> list[int]:
    """Return the products that vendors let *member* into, newest first."""
    query = (
        select(_g.product)
        .where(_g.member == member, _in_force())
        .order_by(_g.added_us.desc(), _g.product.desc())
        .limit(GUESTS_MAX)
    )
    return list(db.execute(query).scalars())


# ── what the vendor decides ──


def restrict(db: Connection, product: int, visibility: str, by: int) -> None:
    """Give a product another visibility; Invalid if it is none."""
    if visibility not in VISIBILITIES:
        raise Invalid({"visibility": [N_("Choose one of the list.")]})
    in_turn(db)
    db.execute(delete(tables.restrictions).where(_r.product == product))
    if visibility != PUBLIC:
        db.execute(
            insert(tables.restrictions).values(
                product=product,
                visibility=visibility,
                changed_us=clock.now_us(),
                changed_by=by,
            )
        )
    touch(db, [product])


def let_in(
    db: Connection, product: int, member: int, until_us: int | None, by: int
) -> None:
    """Let a member see and trade a product until a moment; None: without end."""
    in_turn(db)
    others = [guest for guest in guests(db, product) if guest.member != member]
    if len(others) >= GUESTS_MAX:
        raise Invalid({"member": [N_("A product has at most 1,000 named members.")]})
    _remove(db, product, member)
    db.execute(
        insert(tables.guests).values(
            product=product,
            member=member,
            until_us=until_us,
            added_us=clock.now_us(),
            added_by=by,
        )
    )
    touch(db, [product])


def shut_out(db: Connection, product: int, member: int) -> None:
    """Take a member off the named ones; NotFound if it is not among them."""
    in_turn(db)
    if not _remove(db, product, member):
        raise NotFound("member", encode("member", member))
    touch(db, [product])


def is_over(db: Connection) -> bool:
    """Tell whether the time of a named member is over."""
    over = select(_g.product).where(_g.until_us <= clock.now_us()).limit(1)
    return db.execute(over).first() is not None


def lapse(db: Connection) -> list[Guest]:
    """Take off the members whose time is over, so that the market is told; which."""
    over = _g.until_us <= clock.now_us()
    found = [Guest(*row) for row in db.execute(select(tables.guests).where(over))]
    db.execute(delete(tables.guests).where(over))
    if found:
        touch(db, {guest.product for guest in found})
    return found


def _remove(db: Connection, product: int, member: int) -> int:
    mine = (_g.product == product, _g.member == member)
    return db.execute(delete(tables.guests).where(*mine)).rowcount


def _in_force() -> ColumnElement[bool]:
    return or_(_g.until_us.is_(None), _g.until_us > clock.now_us())


def _let_in(member: int) -> Select[tuple[int]]:
    return select(_g.product).where(_g.member == member, _in_force())
