"""Months as the close sees them: what each began with, what moved, what it ended with.

Amounts are in minor units. A balance at a moment is what the account has now, less what
was moved since: one statement, so that both are of one moment of the records.
"""

import json
from collections import Counter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, case, func, select, union_all

from marketplace.trading.closing import ClosePeriod, following
from marketplace.trading.proposals import ProposalState
from marketplace.trading.summaries import Span
from marketplace.trading.tables import proposals
from settlement.closing_tables import closings
from settlement.closings import Balance
from settlement.errors import NotFound
from settlement.flows import Place, place
from settlement.ids import encode
from settlement.money import INSTRUMENT_MIN
from settlement.store import PAGE_MAX
from settlement.tables import accounts, journal, transfers

Key = tuple[Place, int]  # kind of account, currency


class Line(NamedTuple):
    """One kind of account in a month and currency."""

    place: Place
    currency: int
    opening: int
    into: int
    out_of: int

    @property
    def closing(self) -> int:
        """Return what it ended with."""
        return self.opening + self.into - self.out_of


def lines(db: Connection, during: Span, kept: Row[Any] | None = None) -> list[Line]:
    """Return every kind of account that had money or moved any, by currency.

    *kept* is the close of the month: what it ended with is told there, so that a month
    of long ago is not reckoned back from all that was moved since.
    """
    ended = _balances(db, during.last) if kept is None else _kept(kept)
    into, out_of = _moved(db, during, transfers.c.credit), _moved(
        db, during, transfers.c.debit
    )  # fmt: skip
    order = list(Place)
    keys = sorted({*ended, *into, *out_of}, key=lambda k: (k[1], order.index(k[0])))
    return [
        Line(*key, ended[key] - into[key] + out_of[key], into[key], out_of[key])
        for key in keys
    ]


def _kept(closed: Row[Any]) -> Counter[Key]:
    return Counter(
        {(Place(one), asset): n for one, asset, n in json.loads(closed.balances)}
    )


def told(found: list[Line]) -> tuple[Balance, ...]:
    """Return what a month ended with, as it is closed: nothing that is zero."""
    return tuple(
        Balance(str(line.place), line.currency, line.closing)
        for line in found
        if line.closing
    )


def _whose() -> Any:
    """Return whose an account is: all members are one."""
    return case((accounts.c.owner > 0, 1), else_=accounts.c.owner)


def _sides(side: Any, amount: Any) -> Select[Any]:
    return (
        select(_whose().label("who"), accounts.c.pocket, accounts.c.asset, amount)
        .join(accounts, accounts.c.id == side)
        .where(accounts.c.asset < INSTRUMENT_MIN)
    )


def _balances(db: Connection, last: int) -> Counter[Key]:
    """Return what all accounts of each kind had after a transfer."""
    moved, since = transfers.c.amount, transfers.c.id > last
    now = select(
        _whose().label("who"), accounts.c.pocket, accounts.c.asset,
        accounts.c.balance.label("amount"),
    ).where(accounts.c.asset < INSTRUMENT_MIN)  # fmt: skip
    every = union_all(
        now,
        _sides(transfers.c.credit, (-moved).label("amount")).where(since),
        _sides(transfers.c.debit, moved.label("amount")).where(since),
    ).subquery()
    return _summed(db, every)


def _moved(db: Connection, during: Span, side: Any) -> Counter[Key]:
    """Return what transfers of a period moved on one side, between kinds or within."""
    within = (transfers.c.id > during.after) & (transfers.c.id <= during.last)
    query = _sides(side, transfers.c.amount.label("amount")).where(within)
    return _summed(db, query.subquery())


def _summed(db: Connection, every: Any) -> Counter[Key]:
    columns = (every.c.who, every.c.pocket, every.c.asset)
    query = select(*columns, func.sum(every.c.amount)).group_by(*columns)
    found: Counter[Key] = Counter()
    for who, pocket, asset, amount in db.execute(query):
        kind = place(who, pocket)
        assert kind is not None, (who, pocket)
        found[kind, asset] += int(amount)
    return found


def closed(db: Connection, before: str = "") -> list[Row[Any]]:
    """Return the closed months, the newest PAGE_MAX before one of them."""
    second = (
        select(proposals.c.decided_by)
        .where(proposals.c.decided_seq == closings.c.seq)
        .scalar_subquery()
    )
    query = select(closings, second.label("approved_by"))
    if before:
        query = query.where(closings.c.month < before)
    return list(db.execute(query.order_by(closings.c.month.desc()).limit(PAGE_MAX)))


def get(db: Connection, month: str) -> Row[Any] | None:
    """Return a closed month, or None."""
    return db.execute(select(closings).where(closings.c.month == month)).first()


def last(db: Connection) -> str:
    """Return the last month that is closed, or nothing."""
    return db.scalar(select(func.max(closings.c.month))) or ""


def first_us(db: Connection) -> int | None:
    """Return the moment of the first record, or None."""
    return db.scalar(select(journal.c.at_us).order_by(journal.c.seq).limit(1))


def after(db: Connection, first: str) -> str:
    """Return the month that is closed next, *first* if none is closed yet."""
    found = last(db)
    return following(found) if found else first


class Waiting(NamedTuple):
    """A close that waits for its second person."""

    id: int
    at_us: int
    by_user: int
    month: str
    reason: str


def waiting(db: Connection) -> list[Waiting]:
    """Return the closes that wait for a second person."""
    query = select(proposals).where(
        proposals.c.state == str(ProposalState.OPEN),
        proposals.c.kind == ClosePeriod.__name__,
    )
    return [
        Waiting(row.id, row.at_us, row.by_user, json.loads(row.body)[0], row.reason)
        for row in db.execute(query.order_by(proposals.c.id).limit(PAGE_MAX))
    ]


def others_waiting(db: Connection, until_us: int) -> int:
    """Return how many proposals from before a moment wait, besides closes."""
    query = select(func.count()).where(
        proposals.c.state == str(ProposalState.OPEN),
        proposals.c.kind != ClosePeriod.__name__,
        proposals.c.at_us < until_us,
    )
    return int(db.scalar(query) or 0)


def proposed(db: Connection, number: int) -> Waiting:
    """Return a close that waits; NotFound for every other proposal."""
    for one in waiting(db):
        if one.id == number:
            return one
    raise NotFound("proposal", encode("proposal", max(0, number)))
