"""How easily an instrument is bought and sold: spread, depth, turnover ratio.

The spread is what lies between the best bid and the best offer, over their mean; depth
is the money that waits within 5 % of that mean, on both sides; the turnover ratio is
what was traded in 30 days over the units that are outstanding.
"""

from typing import NamedTuple

from sqlalchemy import Connection, and_, case, func, select

from marketplace.trading.reads import LIVE
from marketplace.trading.tables import books, orders, prints
from settlement.money import INSTRUMENT_MIN
from settlement.tables import OPEN_POCKET, accounts

NEAR_BPS = 500  # of the middle: what counts as depth
DAYS = 30
SHOWN_MAX = 50


class Liquidity(NamedTuple):
    """One instrument with a bid and an offer."""

    instrument: int
    symbol: str
    currency: int
    bid: int
    offer: int
    spread_bps: int
    bids: int  # minor units that wait near the middle
    offers: int
    posted: bool  # the offer does not run out: its depth has no bound
    ratio_bps: int | None  # None: nothing is outstanding


def liquid(db: Connection, since_us: int) -> list[Liquidity]:
    """Return the instruments that are bid for and offered, the narrowest first."""
    side, price = orders.c.side, orders.c.price
    top = (
        select(
            orders.c.instrument,
            func.max(case((side == "buy", price))).label("bid"),
            func.min(case((side == "sell", price))).label("offer"),
        )
        .where(LIVE)
        .group_by(orders.c.instrument)
        .subquery()
    )
    near = and_(
        price * 20_000 >= (top.c.bid + top.c.offer) * (10_000 - NEAR_BPS),
        price * 20_000 <= (top.c.bid + top.c.offer) * (10_000 + NEAR_BPS),
    )
    money = price * orders.c.remaining
    query = (
        select(
            *(top.c.instrument, books.c.symbol, books.c.currency),
            *(top.c.bid, top.c.offer),
            func.sum(case((and_(near, side == "buy"), money), else_=0)).label("bids"),
            func.sum(case((and_(near, side == "sell"), money), else_=0)).label(
                "offers"
            ),
            func.max(case((side == "sell", orders.c.evergreen), else_=0)).label(
                "posted"
            ),
        )
        .join(top, top.c.instrument == orders.c.instrument)
        .join(books, books.c.instrument == orders.c.instrument)
        .where(LIVE, top.c.bid > 0, top.c.offer.is_not(None))
        .group_by(top.c.instrument, books.c.symbol, books.c.currency)
        .group_by(top.c.bid, top.c.offer)
    )
    traded = _traded(db, since_us)
    outstanding = _outstanding(db)
    found = [
        Liquidity(
            row.instrument, row.symbol, row.currency, row.bid, row.offer,
            (row.offer - row.bid) * 20_000 // (row.offer + row.bid),
            int(row.bids), int(row.offers), bool(row.posted),
            _ratio(traded.get(row.instrument, 0), outstanding.get(row.instrument, 0)),
        )
        for row in db.execute(query)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.spread_bps, one.symbol))[:SHOWN_MAX]


def _ratio(traded: int, outstanding: int) -> int | None:
    return traded * 10_000 // outstanding if outstanding > 0 else None


def _traded(db: Connection, since_us: int) -> dict[int, int]:
    """Return the units that the public tape told of, by instrument."""
    query = (
        select(prints.c.instrument, func.sum(prints.c.quantity))
        .where(prints.c.at_us >= since_us)
        .group_by(prints.c.instrument)
    )
    return {row[0]: int(row[1]) for row in db.execute(query)}


def _outstanding(db: Connection) -> dict[int, int]:
    """Return the units that members hold, by instrument."""
    query = (
        select(accounts.c.asset, -func.sum(accounts.c.balance))
        .where(accounts.c.pocket == OPEN_POCKET, accounts.c.asset >= INSTRUMENT_MIN)
        .group_by(accounts.c.asset)
    )
    return {row[0]: int(row[1]) for row in db.execute(query)}
