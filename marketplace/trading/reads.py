"""What may be asked of orders, books and trades: one statement for each question.

Amounts and prices are in minor units, moments in microseconds UTC. Lists come as
`store.Page`, newest first; hand its `before` to the next call for the next page.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    func,
    literal_column,
    select,
    union_all,
)

from marketplace.trading.book import Level
from marketplace.trading.mistakes import BUSTED, standing
from marketplace.trading.tables import books, orders, prints, standings
from settlement import ids, moves
from settlement.errors import NotFound
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import trades

DEPTH_MAX = 100  # price levels of one side

# Written out, not bound: a partial index is used only when its words are repeated.
LIVE: ColumnElement[bool] = literal_column("orders.state IN ('open', 'partial')")

FINITE = func.sum(case((orders.c.evergreen == 0, orders.c.remaining), else_=0))
_VALUE = trades.c.price * trades.c.quantity


class Levels(NamedTuple):
    """Both sides of a book, the best price first."""

    bids: tuple[Level, ...]
    offers: tuple[Level, ...]


class Best(NamedTuple):
    """The best prices of a book; None where nobody waits."""

    bid: int | None
    offer: int | None


class Turnover(NamedTuple):
    """What was traded in one currency."""

    currency: int
    value: int
    trades: int


class Glance(NamedTuple):
    """The market in four numbers."""

    trades: int  # since the moment asked for
    instruments: int  # that may be traded now
    orders: int  # waiting now
    members: int  # verified, so that they may trade


class Busy(NamedTuple):
    """An instrument and what was traded in it since the moment asked for."""

    instrument: int
    symbol: str
    currency: int
    trades: int
    volume: int
    value: int


def levels(db: Connection, instrument: int, depth: int = 10) -> Levels:
    """Return up to *depth* price levels of both sides of a book."""
    depth = min(depth, DEPTH_MAX)
    both = union_all(
        select(_side(instrument, "buy", depth)),
        select(_side(instrument, "sell", depth)),
    )
    bids: list[Level] = []
    offers: list[Level] = []
    for side, *numbers in db.execute(both):
        (bids if side == "buy" else offers).append(Level(*map(int, numbers)))
    bids.sort(key=lambda level: -level.price)
    offers.sort(key=lambda level: level.price)
    return Levels(tuple(bids), tuple(offers))


def _side(instrument: int, side: str, depth: int) -> Any:
    price = orders.c.price
    return (
        select(
            orders.c.side,
            price,
            FINITE.label("quantity"),
            func.count().label("orders"),
            func.sum(orders.c.evergreen).label("evergreen"),
        )
        .where(LIVE, orders.c.instrument == instrument)
        .where(orders.c.side == side, price.is_not(None))
        .group_by(orders.c.side, price)
        .order_by(price.desc() if side == "buy" else price)
        .limit(depth)
        .subquery()
    )


def best(db: Connection, instruments: Collection[int]) -> dict[int, Best]:
    """Return the best bid and offer of each of *instruments* that has any."""
    price, side = orders.c.price, orders.c.side
    query = (
        select(
            orders.c.instrument,
            func.max(case((side == "buy", price))),
            func.min(case((side == "sell", price))),
        )
        .where(LIVE, orders.c.instrument.in_(instruments))
        .group_by(orders.c.instrument)
    )
    return {number: Best(bid, offer) for number, bid, offer in db.execute(query)}


def posted_prices(db: Connection, instruments: Collection[int]) -> dict[int, int]:
    """Return the lowest posted price of each of *instruments* that has one.

    That is an evergreen offer, or the one offer of an exclusive right.
    """
    query = (
        select(orders.c.instrument, func.min(orders.c.price))
        .join(books, books.c.instrument == orders.c.instrument)
        .where(LIVE, orders.c.instrument.in_(instruments), orders.c.side == "sell")
        .where((orders.c.evergreen == 1) | (books.c.exclusive == 1))
        .group_by(orders.c.instrument)
    )
    return {row[0]: row[1] for row in db.execute(query)}


class Quoted(NamedTuple):
    """A posted price, and the order that posts it: what a buyer has seen."""

    id: int
    price: int


def quote(db: Connection, instrument: int) -> Quoted | None:
    """Return the posted price that an order would take now; None: no posted one.

    An order that names its number is served at its price, see `kept`.
    """
    query = (
        select(orders.c.id, orders.c.price, orders.c.evergreen)
        .where(LIVE, orders.c.instrument == instrument, orders.c.side == "sell")
        .order_by(orders.c.price, orders.c.id)
        .limit(1)
    )
    best = db.execute(query).first()
    if best is None or not best.evergreen:
        return None
    return Quoted(best.id, best.price)


def last_prices(db: Connection, instruments: Collection[int]) -> dict[int, int]:
    """Return the price of each of *instruments* that was told last; see `tape`."""
    last = (
        select(prints.c.price)
        .where(prints.c.instrument == books.c.instrument)
        .order_by(prints.c.trade.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(books.c.instrument, last).where(books.c.instrument.in_(instruments))
    return {number: price for number, price in db.execute(query) if price is not None}


def book(db: Connection, instrument: int) -> Row[Any]:
    """Return what the market knows of an instrument (a row of `books`); NotFound."""
    row = db.execute(select(books).where(books.c.instrument == instrument)).first()
    if row is None:
        raise NotFound("instrument", ids.encode("instrument", instrument))
    return row


def books_of(db: Connection, instruments: Collection[int]) -> dict[int, Row[Any]]:
    """Return the rows of `books` of those of *instruments* that have one."""
    query = select(books).where(books.c.instrument.in_(instruments))
    return {row.instrument: row for row in db.execute(query)}


def order(db: Connection, number: int, member: int) -> Row[Any]:
    """Return the member's own order; NotFound if it is not theirs or not there."""
    query = _orders().where(orders.c.id == number, orders.c.member == member)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("order", ids.encode("order", number))
    return row


def orders_of(
    db: Connection,
    member: int,
    before: int | None = None,
    limit: int = 50,
    *,
    live: bool = False,
) -> Page:
    """Return a page of the member's orders, or of those that still wait."""
    query = _orders().where(orders.c.member == member)
    if live:
        query = query.where(LIVE)
    return _page(db, query, orders.c.id, before, limit)


def waiting_in(
    db: Connection, member: int, instrument: int, limit: int = 50
) -> list[Row[Any]]:
    """Return the member's waiting orders in one instrument, newest first."""
    query = _orders().where(LIVE, orders.c.member == member)
    query = query.where(orders.c.instrument == instrument)
    return list(db.execute(query.order_by(orders.c.id.desc()).limit(limit)))


def offers_of(
    db: Connection, vendor: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the member's waiting offers: posted prices and finite ones."""
    query = _orders().where(LIVE, orders.c.member == vendor, orders.c.side == "sell")
    return _page(db, query, orders.c.id, before, limit)


def _orders() -> Select[Any]:
    return select(
        orders,
        books.c.symbol,
        books.c.currency,
        books.c.vendor,
        books.c.state.label("book_state"),
    ).join(books, books.c.instrument == orders.c.instrument)


def trades_of_order(db: Connection, number: int, limit: int = PAGE_MAX) -> Page:
    """Return the last trades that filled an order, newest first."""
    query = select(trades).where(
        (trades.c.buy_order == number) | (trades.c.sell_order == number)
    )
    placed = select(orders.c.instrument).where(orders.c.id == number)
    query = query.where(trades.c.instrument == placed.scalar_subquery())
    return _page(db, query, trades.c.id, None, limit)


def trades_of_instrument(
    db: Connection, instrument: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what the public tape tells of one instrument; see `tape`."""
    query = select(prints).where(prints.c.instrument == instrument)
    return _page(db, query, prints.c.id, before, limit)


def trade(db: Connection, number: int, member: int) -> Row[Any]:
    """Return a trade that the member is a party to, as in `trades_of`; NotFound."""
    mine = (trades.c.buyer == member) | (trades.c.seller == member)
    query = _trades(member).where(trades.c.id == number, mine)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("trade", ids.encode("trade", number))
    return row


def trades_in(
    db: Connection, member: int, instrument: int, limit: int = 10
) -> list[Row[Any]]:
    """Return the member's own last trades in one instrument, newest first."""
    mine = (trades.c.buyer == member) | (trades.c.seller == member)
    query = _trades(member).where(trades.c.instrument == instrument, mine)
    return list(db.execute(query.order_by(trades.c.id.desc()).limit(limit)))


def trades_of(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the member's trades; `side` is the member's own.

    Each side is read by its own index: one OR over both would sort all of them.
    """
    limit = min(limit, PAGE_MAX)
    mine = moves.trades_by_side(member, trades.c.id, before, limit + 1)
    query = _trades(member).where(trades.c.id.in_(select(mine.c.id)))
    return _page(db, query, trades.c.id, before, limit)


def _trades(member: int) -> Select[Any]:
    side = case((trades.c.buyer == member, "buy"), else_="sell")
    value, corrected = _VALUE.label("value"), standing().label("corrected")
    told = select(trades, value, books.c.symbol, side.label("side"), corrected)
    return told.join(books, books.c.instrument == trades.c.instrument)


def today(
    db: Connection, from_us: int, before: int | None = None, limit: int = PAGE_MAX
) -> Page:
    """Return a page of all trades since *from_us*, for the staff."""
    query = (
        select(
            *(trades, _VALUE.label("value"), books.c.symbol),
            standing().label("corrected"),
        )
        .join(books, books.c.instrument == trades.c.instrument)
        .where(_since(from_us))
    )
    return _page(db, query, trades.c.id, before, limit)


def _since(from_us: int) -> ColumnElement[bool]:
    """Return the condition for trades since *from_us*, by key: times grow with it."""
    earlier = (
        select(trades.c.id)
        .where(trades.c.at_us < from_us)
        .order_by(trades.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return trades.c.id > func.coalesce(earlier, -1)


def glance(db: Connection, from_us: int) -> Glance:
    """Return the market at a glance: trades since *from_us*, the rest as of now."""
    counts = (
        select(func.count()).select_from(trades).where(_since(from_us)),
        select(func.count()).select_from(books).where(books.c.state == "listed"),
        select(func.count()).select_from(orders).where(LIVE),
        select(func.count()).select_from(standings).where(standings.c.verified == 1),
    )
    return Glance(*db.execute(select(*(c.scalar_subquery() for c in counts))).one())


def turnover(db: Connection, from_us: int) -> tuple[Turnover, ...]:
    """Return what was traded since *from_us*, one row a currency."""
    query = (
        select(trades.c.currency, func.sum(_VALUE), func.count())
        .where(_since(from_us), trades.c.id.not_in(BUSTED))
        .group_by(trades.c.currency)
        .order_by(trades.c.currency)
    )
    return tuple(Turnover(*map(int, row)) for row in db.execute(query))


def busiest(db: Connection, from_us: int, limit: int = 10) -> tuple[Busy, ...]:
    """Return the instruments with the most public trades since *from_us*.

    Volume and value are lower bounds, as the tape tells them.
    """
    what = (prints.c.instrument, books.c.symbol, prints.c.currency)
    value = func.sum(prints.c.price * prints.c.quantity)
    query = (
        select(*what, func.count(), func.sum(prints.c.quantity), value)
        .join(books, books.c.instrument == prints.c.instrument)
        .where(prints.c.at_us >= from_us, books.c.hidden == 0)
        .group_by(*what)
        .order_by(func.count().desc(), prints.c.instrument)
        .limit(min(limit, PAGE_MAX))
    )
    return tuple(
        Busy(number, symbol, currency, count, int(volume), int(value))
        for number, symbol, currency, count, volume, value in db.execute(query)
    )


def _page(
    db: Connection,
    query: Select[Any],
    key: ColumnElement[int],
    before: int | None,
    limit: int,
) -> Page:
    limit = min(limit, PAGE_MAX)
    if before is not None:
        query = query.where(key < before)
    rows = db.execute(query.order_by(key.desc()).limit(limit + 1)).all()
    return page(rows, limit)
