"""What may be asked of contests: those under way, one room, who bid what.

Bids are shown without names. Those of a sealed contest are shown to nobody but the
bidder itself while it is open: not to the vendor, not to the staff, not even how many.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from listings.visibility import hidden_instruments
from marketplace.trading.tables import books, contest_bidders, contest_bids, contests
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX, Page, page

BIDS_SHOWN = 50
UNITS_MAX = 500  # instruments to choose from
_c = contests.c


class Bid(NamedTuple):
    """One bid without its bidder's name."""

    at_us: int
    bidder: int  # 1 for who bid first, and so on
    price: int
    mine: bool


class Room(NamedTuple):
    """One contest as a visitor may see it."""

    contest: Row[Any]
    bids: list[Bid]  # best first, at most BIDS_SHOWN
    bidders: int | None  # None: not told before the close
    best: int | None  # the highest bid
    least: int  # that the next bid must have
    reserve: int | None  # the vendor is told
    reserve_met: bool | None
    mine: Row[Any] | None  # what the visitor bid last, and its deposit
    leads: bool
    winner: int | None  # the vendor and the winner are told


def _contests() -> Select[Any]:
    return select(contests, books.c.symbol, books.c.currency, books.c.purposes).join(
        books, books.c.instrument == _c.instrument
    )


def under_way(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the contests that take bids now, newest first."""
    hidden = hidden_instruments(db)
    seen = _c.instrument.not_in(hidden) | (_c.vendor == member)
    return _page(db, _contests().where(_c.state == "open", seen), before, limit)


def ended(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the contests that take bids no more, newest first."""
    hidden = hidden_instruments(db)
    seen = _c.instrument.not_in(hidden) | (_c.vendor == member)
    return _page(db, _contests().where(_c.state != "open", seen), before, limit)


def of_vendor(
    db: Connection, vendor: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of a vendor's contests, newest first."""
    return _page(db, _contests().where(_c.vendor == vendor), before, limit)


def of_bidder(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the contests that a member bid in, newest first.

    `bid` is what the member bid last and `bidder_state` what became of its deposit.
    """
    query = (
        _contests()
        .add_columns(
            contest_bidders.c.price.label("bid"),
            contest_bidders.c.state.label("bidder_state"),
        )
        .join(contest_bidders, contest_bidders.c.contest == _c.id)
        .where(contest_bidders.c.member == member)
    )
    return _page(db, query, before, limit)


def of_instruments(db: Connection, instruments: list[int]) -> list[Row[Any]]:
    """Return the contests of these instruments that take bids, soonest close first."""
    query = _contests().where(_c.instrument.in_(instruments), _c.state == "open")
    return list(db.execute(query.order_by(_c.closes_us, _c.id).limit(PAGE_MAX)))


def may_be_sold(db: Connection, vendor: int) -> list[Row[Any]]:
    """Return the vendor's instruments that an auction can be opened for, by symbol."""
    query = select(books).where(
        books.c.vendor == vendor, books.c.state == "listed", books.c.trial_of.is_(None)
    )
    return list(db.execute(query.order_by(books.c.symbol).limit(UNITS_MAX)))


def room(db: Connection, number: int, member: int) -> Room:
    """Return a contest as *member* may see it; NotFound if there is none."""
    found = db.execute(_contests().where(_c.id == number)).one_or_none()
    if found is None:
        raise NotFound("contest", encode("contest", number))
    own = select(contest_bidders).where(
        contest_bidders.c.contest == number, contest_bidders.c.member == member
    )
    mine = db.execute(own).one_or_none()
    told = found.kind == "ascending" or found.state != "open"
    order = _order(db, number) if told else {}
    bids = _bids(db, number, order, member) if told else []
    best = max((b.price for b in bids), default=None) if told else None
    least = found.start
    if found.kind == "ascending" and best is not None:
        least = best + found.increment
    tells = member in (found.vendor, found.winner)
    return Room(
        found,
        bids,
        len(order) if told else None,
        best,
        least,
        found.reserve if member == found.vendor else None,
        (best is not None and best >= found.reserve) if told else None,
        mine,
        found.kind == "ascending" and mine is not None and mine.price == best,
        found.winner if tells else None,
    )


def _order(db: Connection, number: int) -> dict[int, int]:
    """Return the bidders, numbered in the order of their first bids."""
    first = (
        select(contest_bids.c.member)
        .where(contest_bids.c.contest == number)
        .group_by(contest_bids.c.member)
        .order_by(func.min(contest_bids.c.id))
    )
    members = db.execute(first).scalars()
    return {member: place for place, member in enumerate(members, start=1)}


def _bids(db: Connection, number: int, order: dict[int, int], member: int) -> list[Bid]:
    query = (
        select(contest_bids)
        .where(contest_bids.c.contest == number)
        .order_by(contest_bids.c.price.desc(), contest_bids.c.id)
        .limit(BIDS_SHOWN)
    )
    return [
        Bid(row.at_us, order[row.member], row.price, row.member == member)
        for row in db.execute(query)
    ]


def _page(db: Connection, query: Any, before: int | None, limit: int) -> Page:
    limit = min(limit, PAGE_MAX)
    if before is not None:
        query = query.where(_c.id < before)
    rows = db.execute(query.order_by(_c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)
