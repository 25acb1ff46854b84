"""Cycles, runs and debts, from the records; what a run would come to now.

Amounts are in minor units, moments in microseconds UTC.
"""

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, or_, select

from marketplace.trading.tables import books, proposals
from settlement import ids
from settlement.cycle_tables import (
    credits_,
    cycles,
    fails,
    obligations,
    penalties,
    run_lines,
    runs,
)
from settlement.cycles import PENALTY_BPS, Owed, Position, positions
from settlement.errors import NotFound
from settlement.share_tables import shares
from settlement.sharing import change
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import accounts, trades

RULES = ("SetCycle", "SetCredit", "SetReserve", "SetPenalties", "SetTaxes", "WriteOff")
HOUSE, HELD = 0, 1
VALUE = (trades.c.price * trades.c.quantity).label("value")


class Preview(NamedTuple):
    """What a run of a currency would come to now."""

    currency: int
    trades: int
    gross: int
    net: int
    lines: list[Position]


class Step(NamedTuple):
    """A change of the rules, or a default, that waits for its second person."""

    id: int
    at_us: int
    by_user: int
    kind: str
    values: list[Any]
    reason: str


def preview(db: Connection, now_us: int) -> list[Preview]:
    """Return what a run would come to in each currency in which something is due."""
    query = (
        select(trades.c.id, trades.c.buyer, trades.c.seller, VALUE, trades.c.fee)
        .add_columns(obligations.c.cover, trades.c.currency)
        .join(obligations, obligations.c.trade == trades.c.id)
        .where(obligations.c.state == "due", obligations.c.run.is_(None))
        .where(obligations.c.due_us <= now_us)
        .order_by(trades.c.currency, trades.c.id)
    )
    found: dict[int, list[Any]] = {}
    for row in db.execute(query):
        found.setdefault(row.currency, []).append(row)
    return [_preview(db, currency, rows) for currency, rows in found.items()]


def _preview(db: Connection, currency: int, rows: list[Any]) -> Preview:
    owed = [Owed(r.buyer, r.seller, r.value, r.fee, r.cover) for r in rows]
    lines = positions(owed, _planned(db, {row.id: row for row in rows}))
    net = sum(max(0, -line.net) for line in lines)
    return Preview(currency, len(rows), sum(r.value for r in rows), net, lines)


def _planned(db: Connection, rows: dict[int, Any]) -> list[tuple[int, int, int]]:
    """Return what of the sellers' proceeds is others': seller, party, amount."""
    query = select(shares).where(shares.c.trade.in_(rows))
    stakes: dict[int, list[Any]] = {}
    for stake in db.execute(query.order_by(shares.c.trade, shares.c.place)):
        stakes.setdefault(stake.trade, []).append(stake)
    planned = []
    for number, found in stakes.items():
        row = rows[number]
        weights = [stake.weight for stake in found]
        parts = change(row.value - row.fee, weights, [0] * len(found))
        for stake, part in zip(found, parts, strict=True):
            if part and stake.party != row.seller:
                planned.append((row.seller, stake.party, part))
    return planned


def runs_of(db: Connection, before: int | None = None, limit: int = 50) -> Page:
    """Return a page of the runs, newest first."""
    limit = min(limit, PAGE_MAX)
    query = select(runs)
    if before is not None:
        query = query.where(runs.c.id < before)
    rows = db.execute(query.order_by(runs.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)


def run(db: Connection, number: int) -> Row[Any]:
    """Return one run; NotFound if there is none."""
    found = db.execute(select(runs).where(runs.c.id == number)).first()
    if found is None:
        raise NotFound("run", ids.encode("run", number))
    return found


def _lines() -> Select[Any]:
    net = run_lines.c.gets - run_lines.c.fee + run_lines.c.shares - run_lines.c.pays
    return (
        select(
            run_lines,
            net.label("net"),
            func.coalesce(fails.c.amount, 0).label("short"),
            runs.c.currency,
            runs.c.state,
            runs.c.at_us,
        )
        .join(runs, runs.c.id == run_lines.c.run)
        .outerjoin(
            fails,
            (fails.c.run == run_lines.c.run) & (fails.c.member == run_lines.c.member),
        )
    )


def lines(db: Connection, number: int, after: int = 0) -> tuple[Row[Any], ...]:
    """Return PAGE_MAX of the positions of a run, by member, after one of them."""
    query = _lines().where(run_lines.c.run == number, run_lines.c.member > after)
    return tuple(db.execute(query.order_by(run_lines.c.member).limit(PAGE_MAX)))


def lines_of(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of a member's positions in runs, newest first."""
    limit = min(limit, PAGE_MAX)
    query = _lines().where(run_lines.c.member == member, runs.c.state != "cancelled")
    if before is not None:
        query = query.where(run_lines.c.run < before)
    rows = db.execute(query.order_by(run_lines.c.run.desc()).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], rows[limit - 1].run)


def line_of(db: Connection, number: int, member: int) -> Row[Any]:
    """Return a member's position in a run; NotFound if it has none."""
    query = _lines().where(run_lines.c.run == number, run_lines.c.member == member)
    found = db.execute(query).first()
    if found is None:
        raise NotFound("run", ids.encode("run", number))
    return found


def trades_of(
    db: Connection, number: int, member: int, before: int | None = None
) -> Page:
    """Return a page of the trades behind a member's position, newest first.

    Those that it bought or sold, and those of others that it shares in.
    """
    mine = select(shares.c.trade).where(shares.c.party == member)
    query = (
        select(trades, VALUE, obligations.c.cover, books.c.symbol)
        .add_columns(obligations.c.state.label("obligation"))
        .join(obligations, obligations.c.trade == trades.c.id)
        .join(books, books.c.instrument == trades.c.instrument)
        .where(obligations.c.run == number)
        .where(
            or_(
                trades.c.buyer == member,
                trades.c.seller == member,
                trades.c.id.in_(mine),
            )
        )
    )
    if before is not None:
        query = query.where(trades.c.id < before)
    newest = query.order_by(trades.c.id.desc()).limit(PAGE_MAX + 1)
    return page(db.execute(newest).all(), PAGE_MAX)


def waiting_of(db: Connection, member: int) -> tuple[Row[Any], ...]:
    """Return a member's trades that no run has taken yet, the newest PAGE_MAX."""
    query = (
        select(trades, VALUE, obligations.c.due_us, books.c.symbol)
        .add_columns(obligations.c.cover)
        .join(obligations, obligations.c.trade == trades.c.id)
        .join(books, books.c.instrument == trades.c.instrument)
        .where(obligations.c.state == "due")
        .where(or_(trades.c.buyer == member, trades.c.seller == member))
    )
    newest = query.order_by(trades.c.id.desc()).limit(PAGE_MAX)
    return tuple(db.execute(newest))


def debts(db: Connection, member: int | None = None) -> tuple[Row[Any], ...]:
    """Return the debts, open ones first, or those of one member; PAGE_MAX at most."""
    query = select(fails)
    if member is not None:
        query = query.where(fails.c.member == member)
    newest = query.order_by(fails.c.state != "open", fails.c.id.desc())
    return tuple(db.execute(newest.limit(PAGE_MAX)))


def rules(db: Connection) -> tuple[Row[Any], ...]:
    """Return the cycles by currency and way of trading."""
    query = select(cycles).order_by(cycles.c.currency, cycles.c.origin)
    return tuple(db.execute(query))


def credit_lines(db: Connection) -> tuple[Row[Any], ...]:
    """Return the credit lines that are not nothing, by member; PAGE_MAX at most."""
    query = select(credits_).where(credits_.c.amount > 0)
    newest = query.order_by(credits_.c.member, credits_.c.currency).limit(PAGE_MAX)
    return tuple(db.execute(newest))


def reserves(db: Connection) -> dict[int, int]:
    """Return the house's reserve by currency."""
    query = select(accounts.c.asset, accounts.c.balance).where(
        accounts.c.owner == HOUSE, accounts.c.pocket == HELD, accounts.c.balance > 0
    )
    return {row.asset: row.balance for row in db.execute(query)}


def tables_of_penalties(db: Connection) -> dict[int, list[tuple[int, int]]]:
    """Return the penalties in force by currency: from which day, bps a day."""
    found = {}
    for row in db.execute(select(penalties).order_by(penalties.c.seq)):
        found[row.currency] = [(day, bps) for day, bps in json.loads(row.steps)]
    return found or {0: [(0, PENALTY_BPS)]}


def waiting(db: Connection) -> list[Step]:
    """Return the changes and defaults that wait for a second person, oldest first."""
    query = select(proposals).where(
        proposals.c.state == "open", proposals.c.kind.in_(RULES)
    )
    return [
        Step(row.id, row.at_us, row.by_user, row.kind, json.loads(row.body), row.reason)
        for row in db.execute(query.order_by(proposals.c.id).limit(PAGE_MAX))
    ]
