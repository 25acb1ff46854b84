"""The public tape: price and size of a trade, late, and only among enough parties.

In a thin market an exact print at once tells a competitor who bought what. So a trade
is told after a delay, without names, to the minute, with a lower bound of its size,
and only once enough members have traded in the instrument in the same week; a large
one later still. Parties see their own trades at once.
"""

from bisect import bisect_right
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, case, func, select, union_all

from marketplace.trading.mistakes import BUSTED, price_now
from marketplace.trading.tables import prints
from settlement import clock
from settlement.statistics.corrections import EXCLUDE
from settlement.statistics.tables import corrections
from settlement.store import insert
from settlement.tables import trades

# What is told of a quantity is the greatest of these that it reaches.
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)
WEEK_US = 7 * clock.DAY_US
MONDAY_US = 4 * clock.DAY_US  # the first after 1970 began, UTC
PRINTS_MAX = 5_000  # told in one step

# A price agreed with one member, or filed, is no price of the market.
PUBLIC = trades.c.origin.in_(("book", "pinned", "auction", "contest", "group"))


class Rule(NamedTuple):
    """When a trade is told; amounts in minor units of any currency."""

    delay_us: int
    parties: int  # members, on both sides, in the instrument in the week
    large_value: int
    large_delay_us: int


def size(quantity: int) -> int:
    """Return what is told of a quantity: it is at least so much."""
    return SIZES[bisect_right(SIZES, quantity) - 1]


def due(rule: Rule, now_us: int, after: int) -> Select[Any]:
    """Return the query of the trades after number *after* that may be told by now.

    The week begins on Monday, UTC. What its first parties traded waits until there are
    enough of them; if they never are, it is never told.
    """
    week = ((trades.c.at_us - MONDAY_US) // WEEK_US).label("week")
    told = [column for column in trades.c if column.name != "price"]
    price = func.coalesce(price_now(), trades.c.price).label("price")
    recent = select(*told, price, week).where(PUBLIC, trades.c.id > after).cte("recent")
    where = recent.c.instrument, recent.c.week
    excluded = select(corrections.c.trade).where(corrections.c.event == EXCLUDE)
    seen = union_all(
        *(
            select(
                *where, party.label("party"), func.min(recent.c.at_us).label("at")
            ).group_by(*where, party)
            for party in (recent.c.buyer, recent.c.seller)
        )
    ).cte("seen")
    key = seen.c.instrument, seen.c.week
    came = select(*key, func.min(seen.c.at).label("at")).group_by(*key, seen.c.party)
    first = came.cte("first")
    place = func.row_number().over(
        partition_by=(first.c.instrument, first.c.week), order_by=first.c.at
    )
    ranked = select(first, place.label("place")).cte("ranked")
    enough = case((ranked.c.at > recent.c.at_us, ranked.c.at), else_=recent.c.at_us)
    large = recent.c.price * recent.c.quantity >= rule.large_value
    delay = case((large, rule.large_delay_us), else_=rule.delay_us)
    due_us = (enough + delay).label("due_us")
    return (
        select(recent, due_us)
        .join(
            ranked,
            (ranked.c.instrument == recent.c.instrument)
            & (ranked.c.week == recent.c.week)
            & (ranked.c.place == rule.parties),
        )
        .where(due_us <= now_us, recent.c.id.not_in(select(prints.c.trade)))
        .where(recent.c.id.not_in(excluded), recent.c.id.not_in(BUSTED))
        .order_by(due_us, recent.c.id)
        .limit(PRINTS_MAX)
    )


class Tape:
    """Tells trades when they may be told; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, writes: Engine, rule: Rule) -> None:
        """Read the records with *reads*; write what is told with *writes*."""
        self._reads = reads
        self._writes = writes
        self._rule = rule
        self._after: int | None = None

    def step(self, now_us: int | None = None) -> int:
        """Tell what may be told by now; return how many trades."""
        now_us = clock.now_us() if now_us is None else now_us
        with self._reads.connect() as db:
            after = self._after or 0
            rows = db.execute(due(self._rule, now_us, after)).all()
            last = db.scalar(select(func.max(prints.c.id))) or 0
            if len(rows) < PRINTS_MAX:
                after = self._closed(db, now_us)
        if rows:
            lines = [_line(last + n, row) for n, row in enumerate(rows, start=1)]
            with self._writes.begin() as db:
                insert(db, prints, lines)
        self._after = after
        return len(rows)

    def _closed(self, db: Connection, now_us: int) -> int:
        """Return the last trade of the weeks of which nothing more will be told."""
        wait_us = max(self._rule.delay_us, self._rule.large_delay_us)
        past_us = now_us - wait_us - MONDAY_US
        begins_us = past_us - past_us % WEEK_US + MONDAY_US
        query = select(func.max(trades.c.id)).where(trades.c.at_us < begins_us)
        return db.scalar(query) or 0


def _line(number: int, row: Any) -> tuple[object, ...]:
    at_us = row.at_us - row.at_us % clock.MINUTE_US
    told = row.price, size(row.quantity), row.currency, row.taker
    return (number, row.id, row.instrument, at_us, row.due_us, *told)
