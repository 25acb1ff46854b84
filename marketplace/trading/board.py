"""What may be asked of phases and calls: one statement for each question."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, case, func, select

from marketplace.trading import timetable
from marketplace.trading.auction import ENDLESS, Indication, Step, determine
from marketplace.trading.control import SetLimits
from marketplace.trading.limits import NONE, Limits, merged
from marketplace.trading.orders import Side
from marketplace.trading.proposals import WHOLE
from marketplace.trading.reads import LIVE, book
from marketplace.trading.stops import OWN
from marketplace.trading.tables import (
    auctions,
    books,
    limits,
    orders,
    phases,
    proposals,
    stops,
)
from marketplace.trading.timetable import Phase, Timetable
from settlement import ids
from settlement.errors import NotFound
from settlement.store import PAGE_MAX, Page, page

CONTROLLED_MAX = 200  # instruments with a phase of their own, in one list


class Board(NamedTuple):
    """What an instrument does with orders now; prices in minor units."""

    state: str  # listed, suspended, delisted
    phase: Phase
    reference: int | None = None
    floor: int | None = None
    ceiling: int | None = None
    timetable: Timetable | None = None
    due_us: int | None = None  # when the timetable next does something
    indicative: Indication | None = None  # while a call collects

    @property
    def collects(self) -> bool:
        """Tell whether orders wait for one price."""
        return self.phase is Phase.CALL


def board(db: Connection, instrument: int) -> Board:
    """Return the phase of an instrument, and what its call would come to; NotFound."""
    known = book(db, instrument)
    return boards(db, {instrument: known})[instrument]


def boards(db: Connection, known: Mapping[int, Row[Any]]) -> dict[int, Board]:
    """Return the phases of instruments, given their rows of `books`, as `board`."""
    found = {
        number: Board(row.state, Phase.CONTINUOUS) for number, row in known.items()
    }
    query = select(phases).where(phases.c.instrument.in_(known))
    for row in db.execute(query).all():
        of = known[row.instrument]
        seen = _of(of.state, row)
        if seen.collects:
            seen = seen._replace(indicative=_indicate(db, row, of.tick))
        found[row.instrument] = seen
    return found


def _of(state: str, row: Row[Any]) -> Board:
    table = None
    if row.timetable is not None:
        table = timetable.decode(json.loads(row.timetable))
    band = row.reference, row.floor, row.ceiling
    return Board(state, Phase(row.phase), *band, table, row.due_us)


def _indicate(db: Connection, row: Row[Any], tick: int) -> Indication:
    """Return at what price the call would end now, from the waiting orders."""
    endless = func.max(orders.c.evergreen) == 1
    quantity = case((endless, ENDLESS), else_=func.sum(orders.c.remaining))
    query = (
        select(orders.c.side, orders.c.price, quantity)
        .where(LIVE, orders.c.instrument == row.instrument)
        .group_by(orders.c.side, orders.c.price)
    )
    sides: dict[str, list[Step]] = {str(side): [] for side in Side}
    for side, price, waiting in db.execute(query):
        sides[side].append(Step(price, int(waiting)))
    band = row.floor, row.ceiling
    return determine(sides["buy"], sides["sell"], row.reference, tick, *band)


def controlled(db: Connection) -> list[tuple[Row[Any], Board]]:
    """Return the instruments whose phase was ever set, with it, by symbol."""
    query = (
        select(phases, books.c.symbol, books.c.state, books.c.currency)
        .join(books, books.c.instrument == phases.c.instrument)
        .order_by(books.c.symbol)
        .limit(CONTROLLED_MAX)
    )
    return [(row, _of(row.state, row)) for row in db.execute(query)]


def auctions_of(
    db: Connection, instrument: int, before: int | None = None, limit: int = PAGE_MAX
) -> Page:
    """Return a page of what the calls of an instrument came to, newest first."""
    query = select(auctions, auctions.c.seq.label("id"))
    query = query.where(auctions.c.instrument == instrument)
    if before is not None:
        query = query.where(auctions.c.seq < before)
    limit = min(limit, PAGE_MAX)
    rows = db.execute(query.order_by(auctions.c.seq.desc()).limit(limit + 1)).all()
    return page(rows, limit)


class Proposed(NamedTuple):
    """Limits that wait for a second person."""

    id: int
    at_us: int
    by_user: int
    kind: str
    instrument: int  # WHOLE: the whole market
    limits: Limits
    reason: str


def limits_of(db: Connection, instrument: int) -> Limits:
    """Return the limits in force in an instrument, or in the WHOLE market."""
    found = {WHOLE: NONE, instrument: NONE}
    for number in sorted(found):
        latest = select(limits).where(limits.c.instrument == number)
        row = db.execute(latest.order_by(limits.c.seq.desc()).limit(1)).first()
        if row is not None:
            found[number] = Limits(*row[2:])
    own = NONE if instrument == WHOLE else found[instrument]
    return merged(own, found[WHOLE]) or NONE


def proposed(db: Connection) -> list[Proposed]:
    """Return the limits that wait for a second person, the oldest first."""
    query = select(proposals).where(proposals.c.state == "open")
    query = query.where(proposals.c.kind == SetLimits.__name__)
    found = []
    for row in db.execute(query.order_by(proposals.c.id).limit(CONTROLLED_MAX)):
        instrument, values = json.loads(row.body)
        one = Proposed(
            row.id, row.at_us, row.by_user, row.kind, instrument, Limits(*values),
            row.reason,
        )  # fmt: skip
        found.append(one)
    return found


def check_kind(db: Connection, number: int, *kinds: str) -> None:
    """NotFound unless a proposal is of one of *kinds*, which some may decide only."""
    query = select(proposals.c.kind).where(proposals.c.id == number)
    if db.scalar(query) not in kinds:
        raise NotFound("proposal", ids.encode("proposal", number))


def halted(db: Connection, instrument: int, currency: int) -> Row[Any] | None:
    """Return what halts an instrument or its whole market, if anything does."""
    query = select(stops).where(stops.c.ended_seq.is_(None), stops.c.member == 0)
    return db.execute(query.where(stops.c.scope.in_((0, instrument, currency)))).first()


def own_stop(db: Connection, member: int) -> Row[Any] | None:
    """Return the stop that a member put on itself, if it stands."""
    query = select(stops).where(stops.c.member == member, stops.c.scope == OWN)
    return db.execute(query.where(stops.c.ended_seq.is_(None))).first()


def stopped(db: Connection) -> list[Row[Any]]:
    """Return the stops that stand (rows of `stops`), the latest first."""
    query = select(stops).where(stops.c.ended_seq.is_(None))
    return list(db.execute(query.order_by(stops.c.seq.desc()).limit(CONTROLLED_MAX)))
