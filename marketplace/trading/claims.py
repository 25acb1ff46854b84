"""Disputes, refunds and the decisions on them, from the records.

Amounts are in minor units, moments in microseconds UTC.
"""

import json
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from marketplace.trading.objecting import RefundSale, ResolveDispute
from marketplace.trading.tables import books, proposals
from settlement import ids
from settlement.claim_tables import disputes, refunds
from settlement.disputes import LIVE
from settlement.errors import NotFound
from settlement.refunds import Sale
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import contracts, entitlements, escrows, receipts, trades

KINDS = (ResolveDispute.__name__, RefundSale.__name__)
_LIVE = disputes.c.state.in_([str(state) for state in LIVE])


class Decision(NamedTuple):
    """A decision that waits for its second person."""

    id: int
    at_us: int
    by_user: int
    kind: str
    dispute: int | None
    trade: int
    currency: int
    amount: int
    reason: str


def _query() -> Select[Any]:
    return (
        select(
            disputes,
            trades.c.buyer,
            trades.c.seller,
            trades.c.currency,
            trades.c.instrument,
            (trades.c.price * trades.c.quantity).label("value"),
            books.c.symbol,
        )
        .join(trades, trades.c.id == disputes.c.trade)
        .join(books, books.c.instrument == trades.c.instrument)
    )


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the disputes that the member is a party to, newest first."""
    limit = min(limit, PAGE_MAX)
    query = _query().where(or_(trades.c.buyer == member, trades.c.seller == member))
    if before is not None:
        query = query.where(disputes.c.id < before)
    found = db.execute(query.order_by(disputes.c.id.desc()).limit(limit + 1)).all()
    return page(found, limit)


def dispute(db: Connection, number: int, member: int | None = None) -> Row[Any]:
    """Return one dispute; NotFound if it is not there, or *member* is no party."""
    query = _query().where(disputes.c.id == number)
    if member is not None:
        query = query.where(or_(trades.c.buyer == member, trades.c.seller == member))
    found = db.execute(query).first()
    if found is None:
        raise NotFound("dispute", ids.encode("dispute", number))
    return found


def of_trade(db: Connection, trade: int) -> Row[Any] | None:
    """Return the dispute of a trade, if there was one."""
    return db.execute(_query().where(disputes.c.trade == trade)).first()


def queue(db: Connection, limit: int = PAGE_MAX) -> tuple[Row[Any], ...]:
    """Return the disputes under way, what is to be decided first on top."""
    query = _query().where(_LIVE).order_by(disputes.c.decide_by_us, disputes.c.id)
    return tuple(db.execute(query.limit(min(limit, PAGE_MAX))))


def deliveries(db: Connection, trade: int) -> tuple[Row[Any], ...]:
    """Return what was downloaded under the right of a trade: evidence of itself."""
    query = (
        select(receipts.c.id, receipts.c.at_us, receipts.c.sha256, receipts.c.bytes)
        .join(entitlements, entitlements.c.id == receipts.c.entitlement)
        .where(entitlements.c.trade == trade)
        .order_by(receipts.c.id.desc())
        .limit(PAGE_MAX)
    )
    return tuple(db.execute(query))


def decisions(db: Connection, dispute: int | None = None) -> list[Decision]:
    """Return the decisions that wait for a second person, or those on one dispute."""
    query = select(proposals).where(
        proposals.c.state == "open", proposals.c.kind.in_(KINDS)
    )
    found = []
    for row in db.execute(query.order_by(proposals.c.id).limit(PAGE_MAX)).all():
        about, amount, *_ = json.loads(row.body)
        if row.kind == ResolveDispute.__name__:
            on, of = about, _query().where(disputes.c.id == about)
        else:
            on, of = None, select(trades).where(trades.c.id == Sale(*about).trade)
        if dispute not in (None, on):
            continue
        facts = db.execute(of).one()
        trade = facts.trade if on else facts.id
        shown = (row.id, row.at_us, row.by_user, row.kind, on, trade)
        found.append(Decision(*shown, facts.currency, amount, row.reason))
    return found


def reason_of(db: Connection, ended_seq: int | None) -> str | None:
    """Return why two persons decided as they did in record *ended_seq*, if they did."""
    query = select(proposals.c.reason).where(
        proposals.c.decided_seq == ended_seq, proposals.c.kind.in_(KINDS)
    )
    return db.scalar(query)


def sale(db: Connection, trade: int, seller: int) -> Sale:
    """Return a settled sale of the member, as refunds need it; else NotFound."""
    paid = func.coalesce(escrows.c.released, trades.c.price * trades.c.quantity)
    query = (
        select(
            *(trades.c[name] for name in ("id", "buyer", "seller", "instrument")),
            *(trades.c.currency, paid, contracts.c.fee_schedule, entitlements.c.id),
            contracts.c.fee_rule,
        )
        .join(contracts, contracts.c.trade == trades.c.id)
        .join(entitlements, entitlements.c.trade == trades.c.id)
        .outerjoin(escrows, escrows.c.trade == trades.c.id)
        .where(trades.c.id == trade, trades.c.seller == seller, _settled())
    )
    found = db.execute(query).first()
    if found is None:
        raise NotFound("trade", ids.encode("trade", trade))
    return Sale._make(found)


def _settled() -> ColumnElement[bool]:
    return trades.c.state == "settled"


def refunds_of(db: Connection, trade: int) -> tuple[Row[Any], ...]:
    """Return the refunds of a trade, the first first."""
    query = select(refunds).where(refunds.c.trade == trade)
    return tuple(db.execute(query.order_by(refunds.c.id)))
