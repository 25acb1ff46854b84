"""How long a designated vendor kept prices on both sides: measured, not declared.

A designation says what its vendor owes the book: a bid and an offer of a size, at most
a spread apart, for a share of the time. What was there is read from the records alone:
when each order of the vendor was placed, what traded of it, what its holds gave back,
and the journal for posted prices, which hold nothing. Source: features N23; issue 4.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, or_, select

from marketplace.surveillance.tables import designations
from marketplace.trading.tables import orders
from settlement.journal import read
from settlement.ledger import HOUSE
from settlement.tables import journal, trades, transfers

BPS = 10_000
ENDLESS = 1 << 62  # units of a posted price
ENDING = ("CancelOrder", "CancelAll", "DelistInstrument", "StopTrading", "SetStanding")
ORDERS_MAX = 20_000  # of one vendor in one instrument


class Step(NamedTuple):
    """At a moment, so many units more or fewer wait at a price on one side."""

    at_us: int
    side: str
    price: int
    units: int


class Owed(NamedTuple):
    """What is owed: the widest spread, the least size, the share of the time."""

    spread_bps: int  # of the middle between bid and offer
    size: int  # units on each side
    present_bps: int  # of the time


class Kept(NamedTuple):
    """How long it was kept, of how long; microseconds."""

    kept_us: int
    whole_us: int

    @property
    def bps(self) -> int:
        """Return the share in basis points, rounded down."""
        return self.kept_us * BPS // self.whole_us if self.whole_us else 0


def measure(steps: Iterable[Step], owed: Owed, from_us: int, until_us: int) -> Kept:
    """Return how long between two moments both sides were there as owed."""
    books: dict[str, dict[int, int]] = {"buy": {}, "sell": {}}
    kept, since_us = 0, from_us
    for step in sorted(steps):
        now_us = min(max(step.at_us, from_us), until_us)
        if now_us > since_us and _is_kept(books, owed):
            kept += now_us - since_us
        since_us = max(since_us, now_us)
        side = books[step.side]
        side[step.price] = side.get(step.price, 0) + step.units
        if side[step.price] <= 0:
            del side[step.price]
    if until_us > since_us and _is_kept(books, owed):
        kept += until_us - since_us
    return Kept(kept, max(0, until_us - from_us))


def _is_kept(books: dict[str, dict[int, int]], owed: Owed) -> bool:
    """Tell whether the size is there on both sides within the spread."""
    bid = _reached(sorted(books["buy"].items(), reverse=True), owed.size)
    offer = _reached(sorted(books["sell"].items()), owed.size)
    if bid is None or offer is None:
        return False
    return 2 * (offer - bid) * BPS <= owed.spread_bps * (offer + bid)


def _reached(levels: Sequence[tuple[int, int]], size: int) -> int | None:
    """Return the price down to which *size* units wait; None if they do not."""
    waiting = 0
    for price, units in levels:
        waiting += units
        if waiting >= size:
            return price
    return None


def of_designation(db: Connection, row: Row[Any], from_us: int, until_us: int) -> Kept:
    """Return what a designation's vendor kept between two moments of its term."""
    begins = max(from_us, row.from_us)
    ends = until_us if row.until_us is None else min(until_us, row.until_us)
    owed = Owed(row.spread_bps, row.size, row.present_bps)
    return measure(_steps(db, row.vendor, row.instrument), owed, begins, ends)


def _steps(db: Connection, vendor: int, instrument: int) -> list[Step]:
    """Return how the vendor's waiting orders in an instrument came and went."""
    query = select(orders).where(
        orders.c.member == vendor,
        orders.c.instrument == instrument,
        orders.c.price.is_not(None),
    )
    rows = db.execute(query.order_by(orders.c.id.desc()).limit(ORDERS_MAX)).all()
    finite = {row.id: row for row in rows if not row.evergreen}
    filled = _filled(db, vendor, instrument, finite)
    steps = [
        Step(at_us, finite[number].side, finite[number].price, -units)
        for (number, _), (at_us, units) in filled.items()
    ]
    steps += _held(db, finite, set(filled))
    posted = [row for row in rows if row.evergreen]
    return steps + _posted(db, posted, vendor, instrument)


def _filled(
    db: Connection, vendor: int, instrument: int, known: dict[int, Row[Any]]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Return what traded of orders that waited: (order, record) → moment, units."""
    query = select(trades).where(
        trades.c.instrument == instrument,
        or_(trades.c.buyer == vendor, trades.c.seller == vendor),
    )
    query = query.where(trades.c.seq > min((r.seq for r in known.values()), default=0))
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for row in db.execute(query) if known else ():
        number = row.buy_order if row.buyer == vendor else row.sell_order
        if number in known and row.seq > known[number].seq:
            _, units = found.get((number, row.seq), (0, 0))
            found[number, row.seq] = row.at_us, units + row.quantity
    return found


def _held(
    db: Connection, known: dict[int, Row[Any]], filled: set[tuple[int, int]]
) -> list[Step]:
    """Return what orders held as they began to wait, and gave back as they ended.

    What a call gives back of a bid that it filled for less is no end of it.
    """
    moves = ("hold", "release")
    query = (
        select(transfers, journal.c.at_us)
        .join(journal, journal.c.seq == transfers.c.seq)
        .where(transfers.c.reason.in_(moves), transfers.c.subject.in_(known))
    )
    found = []
    for row in db.execute(query):
        order = known[row.subject]
        if (order.id, row.seq) in filled or (order.side == "buy" and not order.price):
            continue
        units = row.amount // (order.price if order.side == "buy" else 1)
        sign = 1 if row.reason == "hold" else -1
        found.append(Step(row.at_us, order.side, order.price, sign * units))
    return found


def _posted(
    db: Connection, rows: list[Row[Any]], vendor: int, instrument: int
) -> list[Step]:
    """Return when posted prices were there; the journal says when they ended."""
    ended = sorted(row.id for row in rows if row.state not in ("open", "partial"))
    since = min((row.seq for row in rows), default=0)
    ends = _endings(db, vendor, instrument, since) if ended else []
    found = []
    for row in rows:
        found.append(Step(row.at_us, row.side, row.price, ENDLESS))
        if row.id in ended:
            at = [us for us, order in ends if us >= row.at_us and order in (0, row.id)]
            over_us = min([*at, *([row.expires_us] if row.expires_us else [])],
                          default=row.at_us)  # fmt: skip
            found.append(Step(over_us, row.side, row.price, -ENDLESS))
    return found


def _endings(
    db: Connection, vendor: int, instrument: int, since: int
) -> list[tuple[int, int]]:
    """Return when orders of the vendor here were ended: the moment, which; 0: all.

    Looked for among what the vendor and the house commanded after record *since*.
    """
    query = select(journal.c.body).where(
        journal.c.seq > since,
        journal.c.principal.in_((vendor, HOUSE)),
        or_(*(journal.c.body.like(f'%"{kind}"%') for kind in ENDING)),
    )
    found: list[tuple[int, int]] = []
    for body in db.execute(query.order_by(journal.c.seq)).scalars():
        entry = read(body)
        said = entry.command
        if entry.applied and _ends(entry.kind, said, vendor, instrument):
            order = said[2] if entry.kind == "CancelOrder" else 0
            insort(found, (entry.at_us, order))
    return found


def _ends(kind: str, said: list[Any], vendor: int, instrument: int) -> bool:
    """Tell whether a command ended orders of the vendor in the instrument."""
    match kind:
        case "CancelOrder":
            return bool(said[1] == vendor)
        case "CancelAll":
            return said[1] == vendor and said[2] in (None, instrument)
        case "DelistInstrument":
            return bool(said[1] == instrument)
        case "StopTrading":
            return said[1] in (0, vendor) and bool(said[2])
        case "SetStanding":
            return said[1] == vendor and not said[2]
    return False


def designate(
    db: Connection, instrument: int, vendor: int, owed: Owed, from_us: int, by: int
) -> int:
    """Put a vendor under obligations in an instrument; the designation's number.

    One that runs there for the vendor already ends as the new one begins.
    """
    running = (designations.c.instrument == instrument) & (
        designations.c.vendor == vendor
    )
    end(db, from_us, running)
    last = select(designations.c.id).order_by(designations.c.id.desc()).limit(1)
    number = (db.scalar(last) or 0) + 1
    row = {"id": number, "instrument": instrument, "vendor": vendor, "by_user": by}
    db.execute(
        designations.insert().values(
            **row, **owed._asdict(), from_us=from_us, until_us=None
        )
    )
    return number


def end(db: Connection, at_us: int, which: Any) -> int:
    """End the designations that still run of *which*; how many."""
    runs = designations.c.until_us.is_(None)
    # One that begins and ends in the same moment was never owed: a microsecond of it.
    ended = designations.update().where(runs, which, designations.c.from_us < at_us)
    return db.execute(ended.values(until_us=at_us)).rowcount


def designated(db: Connection, vendor: int | None = None) -> list[Row[Any]]:
    """Return the designations of a vendor, or all, those that run first."""
    query = select(designations)
    if vendor is not None:
        query = query.where(designations.c.vendor == vendor)
    order = designations.c.until_us.is_not(None), designations.c.id.desc()
    return list(db.execute(query.order_by(*order).limit(200)))
