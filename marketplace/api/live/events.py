"""What webhooks tell, in the shapes of the API: from the journal, and from notices."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias

from flask import Flask
from sqlalchemy import Column, Connection, Row, Table, and_, or_, select

from listings.tables import instruments, products
from marketplace.api.cash import PayinSchema, PayoutSchema
from marketplace.api.disputes import DisputeSchema, RefundSchema
from marketplace.api.entitlements import EntitlementSchema, ReceiptSchema
from marketplace.api.live.accounts import told as told_of_trade
from marketplace.api.notices import NoticeSchema
from marketplace.community import notices
from marketplace.community.holders import LIVE
from marketplace.community.sentences import said
from marketplace.delivery.files import included
from marketplace.trading import claims, watching
from marketplace.webhooks.queue import Event, Teller
from settlement import statements
from settlement.claim_tables import busts, disputes, refunds
from settlement.ids import encode
from settlement.payments.payins import PayinState
from settlement.payments.payouts import PayoutState
from settlement.tables import (
    arrivals,
    entitlements,
    journal,
    measures,
    payins,
    payouts,
    receipts,
    trades,
)

PATH = "/api/v1"  # below which nothing but Accept-Language says the language
# Kinds of notices that are events of their own → the event; of a release with files.
RENEWAL = {"renewal": "right.ending"}
RELEASES = {
    "new_release": "release.new",
    "schema_change": "release.schema_change",
    "schema_live": "release.schema_live",
    "revocation": "release.revoked",
}
MEASURED = {"suspend": "suspended", "restore": "restored", "revoke": "revoked"}
RIGHTS_MAX = 20  # of one product that a new release is told with
NOTICE, DISPUTE, REFUND = NoticeSchema(), DisputeSchema(), RefundSchema()
RECEIPT, RIGHT = ReceiptSchema(), EntitlementSchema()
PAYMENTS = (
    ("payin", payins, PayinSchema(), list(PayinState)),
    ("payout", payouts, PayoutSchema(), list(PayoutState)),
)
Members: TypeAlias = Collection[int]


def teller(app: Flask) -> Teller:
    """Return what tells webhooks of the records and notices in between."""

    def tell(
        db: Connection,
        rows: Sequence[Row[Any]],
        after: int,
        to: int,
        notice: int,
        until: int,
    ) -> dict[int, list[Event]]:
        members = {row.member for row in rows}
        happened = of_journal(db, after, to, members) if to > after else []
        fresh = [
            one
            for one in notices.after(db, notice, max(until - notice, 1))
            if one.member in members and one.id <= until
        ]
        found = {}
        for row in rows:
            wanted = row.families.split()
            mine = [event for event in happened if event.member == row.member]
            own = [one for one in fresh if one.member == row.member]
            if own:
                spoken = {"Accept-Language": row.language}
                with app.test_request_context(PATH, headers=spoken):
                    mine += of_notices(db, own, row.member)
            found[row.id] = [e for e in mine if e.type.partition(".")[0] in wanted]
        return found

    return tell


def of_journal(db: Connection, after: int, to: int, members: Members) -> list[Event]:
    """Return what happened to *members* in the records after *after*, up to *to*."""
    return sorted(
        (event for source in SOURCES for event in source(db, after, to, members)),
        key=lambda event: event.position,
    )


def of_notices(
    db: Connection, found: Sequence[notices.Notice], member: int
) -> Iterator[Event]:
    """Yield what a member was told, in the language of the request."""
    for one, shown in zip(found, said(db, found, member), strict=True):
        data = NOTICE.dump(shown) | {"product": None}
        if one.product is not None:
            data["product"] = encode("product", one.product)
        kind = RELEASES.get(one.kind)
        if kind is not None and one.product is not None:
            data["label"] = one.facts.get("label", "")
            data["rights"] = list(_rights(db, one.product, member))
        named = encode("notice", one.id)
        kind = kind or RENEWAL.get(one.kind, f"notice.{one.kind}")
        yield Event(member, kind, named, 0, one.at_us, data)


def _rights(db: Connection, product: int, member: int) -> Iterator[dict[str, Any]]:
    """Yield the member's rights in a product with the files that they open now."""
    query = (
        select(entitlements)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .where(instruments.c.product == product, entitlements.c.holder == member)
        .where(entitlements.c.state.in_(LIVE))
    )
    query = query.order_by(entitlements.c.id.desc()).limit(RIGHTS_MAX)
    for right in db.execute(query):
        files = included(db, statements.terms(db, right.terms))
        names = ("id", "name", "size", "sha256", "release")
        shown = [{name: file[name] for name in names} for file in files]
        yield {"entitlement": encode("entitlement", right.id), "files": shown}


# ── the journal ──


def _trades(db: Connection, after: int, to: int, members: Members) -> Iterator[Event]:
    for row in watching.trades_between(db, after, to, members):
        for member in sorted({row.buyer, row.seller} & set(members)):
            subject, data = encode("trade", row.id), told_of_trade(member, row)
            yield Event(member, "trade.made", subject, row.seq, row.at_us, data)


def _corrections(
    db: Connection, after: int, to: int, members: Members
) -> Iterator[Event]:
    for row in _of_trades(db, busts, after, to, members):
        data = {
            "trade": encode("trade", row.trade),
            "price": row.price,
            "amount": row.amount,
        }
        kind = "trade.busted" if row.price is None else "trade.adjusted"
        yield from _both(row, kind, encode("bust", row.id), data, members)
    for row in _of_trades(db, refunds, after, to, members):
        data = REFUND.dump(row) | {"trade": encode("trade", row.trade)}
        subject = encode("refund", row.id)
        yield from _both(row, "trade.refunded", subject, data, members)


def _disputes(db: Connection, after: int, to: int, members: Members) -> Iterator[Event]:
    for when, kind in (("seq", "dispute.opened"), ("ended_seq", "dispute.ended")):
        for row in _of_trades(db, disputes, after, to, members, disputes.c[when]):
            data = DISPUTE.dump(claims.dispute(db, row.id))
            subject, seq = encode("dispute", row.id), getattr(row, when)
            at_us = row.at_us if when == "seq" else _moment(db, seq)
            for member in sorted({row.buyer, row.seller} & set(members)):
                yield Event(member, kind, subject, seq, at_us, data)


def _deliveries(
    db: Connection, after: int, to: int, members: Members
) -> Iterator[Event]:
    query = (
        select(receipts, products.c.vendor)
        .join(entitlements, entitlements.c.id == receipts.c.entitlement)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .join(products, products.c.id == instruments.c.product)
        .where(receipts.c.seq > after, receipts.c.seq <= to)
        .where(or_(receipts.c.holder.in_(members), products.c.vendor.in_(members)))
    )
    for row in db.execute(query.order_by(receipts.c.seq, receipts.c.id)):
        subject, data = encode("receipt", row.id), RECEIPT.dump(row)
        data["holder"] = encode("member", row.holder)
        for member in sorted({row.holder, row.vendor} & set(members)):
            yield Event(member, "delivery.made", subject, row.seq, row.at_us, data)


def _measures(db: Connection, after: int, to: int, members: Members) -> Iterator[Event]:
    query = (
        select(measures.c.seq, measures.c.event, measures.c.reason)
        .add_columns(measures.c.at_us, measures.c.entitlement)
        .join(entitlements, entitlements.c.id == measures.c.entitlement)
        .where(measures.c.seq > after, measures.c.seq <= to)
        .where(entitlements.c.holder.in_(members))
    )
    for row in db.execute(query.order_by(measures.c.seq)):
        right = statements.entitlement(db, row.entitlement)
        data = RIGHT.dump(right) | {"reason": row.reason}
        subject, kind = encode("entitlement", right.id), f"right.{MEASURED[row.event]}"
        yield Event(right.holder, kind, subject, row.seq, row.at_us, data)


def _payments(db: Connection, after: int, to: int, members: Members) -> Iterator[Event]:
    for kind, table, schema, states in PAYMENTS:
        query = (
            select(table, arrivals.c.seq, arrivals.c.state.label("reached"))
            .add_columns(arrivals.c.at_us.label("reached_us"))
            .join(arrivals, and_(arrivals.c.subject == table.c.id))
            .where(arrivals.c.kind == kind, table.c.member.in_(members))
            .where(arrivals.c.seq > after, arrivals.c.seq <= to)
        )
        found = db.execute(query).all()
        for row in sorted(found, key=lambda r: (r.seq, r.id, states.index(r.reached))):
            subject, what = encode(kind, row.id), f"{kind}.{row.reached}"
            at_us, data = row.reached_us, schema.dump(row)
            yield Event(row.member, what, subject, row.seq, at_us, data)


def _moment(db: Connection, seq: int) -> int:
    return db.scalar(select(journal.c.at_us).where(journal.c.seq == seq)) or 0


Source: TypeAlias = Callable[[Connection, int, int, Members], Iterator[Event]]
SOURCES: tuple[Source, ...] = (
    _trades,
    _corrections,
    _disputes,
    _deliveries,
    _measures,
    _payments,
)


def _of_trades(
    db: Connection,
    table: Table,
    after: int,
    to: int,
    members: Members,
    when: Column[Any] | None = None,
) -> Sequence[Row[Any]]:
    """Return rows of *table* in between that are of trades of *members*."""
    seq = table.c.seq if when is None else when
    query = (
        select(table, trades.c.buyer, trades.c.seller)
        .join(trades, trades.c.id == table.c.trade)
        .where(seq > after, seq <= to)
        .where(or_(trades.c.buyer.in_(members), trades.c.seller.in_(members)))
    )
    return db.execute(query.order_by(seq, table.c.id)).all()


def _both(
    row: Row[Any], kind: str, subject: str, data: Any, members: Members
) -> Iterator[Event]:
    for member in sorted({row.buyer, row.seller} & set(members)):
        yield Event(member, kind, subject, row.seq, row.at_us, data)
