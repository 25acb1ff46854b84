"""A member's records: balances, transfers, rights, receipts, payins and payouts.

One statement for each question. Amounts are in minor units (money) or units (rights),
moments in microseconds UTC. Lists come as `store.Page`, newest first unless said.
"""

import json
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    case,
    func,
    select,
)

from settlement import ids
from settlement.claim_tables import busts, refunds
from settlement.errors import NotFound
from settlement.fees import FIRST, FeeSchedule, rules_of
from settlement.money import INSTRUMENT_MIN
from settlement.payments.tables import cards
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import (
    OPEN_POCKET,
    accounts,
    arrivals,
    contracts,
    entitlements,
    escrows,
    fee_schedules,
    journal,
    measures,
    payins,
    payouts,
    receipts,
    trades,
)
from settlement.tables import terms as terms_table

HOUSE = 0
FREE, HELD, ESCROW = 0, 1, 2
_COUNTED = ("settled",)  # trades that are income


class Balance(NamedTuple):
    """What an owner has of one asset."""

    asset: int
    free: int
    held: int
    escrow: int

    @property
    def total(self) -> int:
        """Return all of it, whichever pocket it is in."""
        return self.free + self.held + self.escrow


class Total(NamedTuple):
    """One line of the trial balance: who has how much of an asset; *total* is 0."""

    asset: int
    free: int  # of the members
    held: int
    escrow: int
    house: int  # the operator's own
    open: int  # the other side: the outside world, or rights issued
    total: int


class Income(NamedTuple):
    """What a vendor sold of one instrument."""

    instrument: int
    currency: int
    trades: int
    units: int
    gross: int
    fee: int
    net: int


def balances(db: Connection, owner: int) -> tuple[Balance, ...]:
    """Return what *owner* has of every asset, money first, then rights."""
    return _balances(db, accounts.c.owner == owner)


def cash(db: Connection, owner: int) -> tuple[Balance, ...]:
    """Return what *owner* has of every currency that it ever had."""
    return _balances(
        db, and_(accounts.c.owner == owner, accounts.c.asset < INSTRUMENT_MIN)
    )


def _balances(db: Connection, which: ColumnElement[bool]) -> tuple[Balance, ...]:
    query = (
        select(accounts.c.asset, *(_in(pocket) for pocket in (FREE, HELD, ESCROW)))
        .where(which, accounts.c.pocket != OPEN_POCKET)
        .group_by(accounts.c.asset)
        .order_by(accounts.c.asset)
    )
    return tuple(Balance(*map(int, row)) for row in db.execute(query))


def _in(pocket: int, *more: ColumnElement[bool]) -> ColumnElement[int]:
    mine = and_(accounts.c.pocket == pocket, *more)
    return func.sum(case((mine, accounts.c.balance), else_=0))


def trial_balance(db: Connection, *, rights: bool = False) -> tuple[Total, ...]:
    """Return one line for each currency, with *rights* for each instrument too."""
    member, balance = accounts.c.owner != HOUSE, accounts.c.balance
    house = and_(accounts.c.owner == HOUSE, accounts.c.pocket != OPEN_POCKET)
    query = (
        select(
            accounts.c.asset,
            *(_in(pocket, member) for pocket in (FREE, HELD, ESCROW)),
            func.sum(case((house, balance), else_=0)),
            _in(OPEN_POCKET),
            func.sum(balance),
        )
        .group_by(accounts.c.asset)
        .order_by(accounts.c.asset)
    )
    if not rights:
        query = query.where(accounts.c.asset < INSTRUMENT_MIN)
    return tuple(Total(*map(int, row)) for row in db.execute(query))


def entitlements_of(
    db: Connection, holder: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the holder's rights, ended ones too."""
    query = select(entitlements).where(entitlements.c.holder == holder)
    return _page(db, query, entitlements.c.id, before, limit)


def entitlement(db: Connection, number: int, holder: int | None = None) -> Row[Any]:
    """Return one right; NotFound if it is not there, or not of *holder* if given."""
    query = select(entitlements).where(entitlements.c.id == number)
    if holder is not None:
        query = query.where(entitlements.c.holder == holder)
    return _one(db, query, "entitlement", number)


def measures_of(
    db: Connection,
    right: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """Return a page of what supervision did with one right, or with all; its key."""
    query = select(measures.c.seq.label("id"), measures)
    if right is not None:
        query = query.where(measures.c.entitlement == right)
    return _page(db, query, measures.c.seq, before, limit)


def terms(db: Connection, number: int) -> dict[str, Any]:
    """Return what is sold under terms *number*: product, release, licence; NotFound."""
    return dict(json.loads(frozen(db, number).body))


def frozen(db: Connection, number: int) -> Row[Any]:
    """Return the terms *number* as they are kept, with their hash; NotFound."""
    query = select(terms_table).where(terms_table.c.id == number)
    for row in db.execute(query):
        return row
    raise NotFound("terms", str(number))


def terms_of(db: Connection, numbers: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the terms of each of *numbers* that exists."""
    query = select(terms_table.c.id, terms_table.c.body).where(
        terms_table.c.id.in_(numbers)
    )
    return {number: json.loads(body) for number, body in db.execute(query)}


def contract(db: Connection, trade: int) -> Row[Any]:
    """Return what was agreed in a trade: the trade, its terms, purpose and fees."""
    query = (
        select(
            trades,
            contracts.c.terms,
            contracts.c.purpose,
            contracts.c.fee_schedule,
            terms_table.c.sha256.label("terms_sha256"),
            terms_table.c.body.label("terms_body"),
        )
        .join(contracts, contracts.c.trade == trades.c.id)
        .join(terms_table, terms_table.c.id == contracts.c.terms)
        .where(trades.c.id == trade)
    )
    return _one(db, query, "contract", trade)


def receipts_of(
    db: Connection,
    holder: int,
    before: int | None = None,
    limit: int = 50,
    *,
    under: int | None = None,
) -> Page:
    """Return a page of the holder's receipts, or of those *under* one right."""
    query = select(receipts).where(receipts.c.holder == holder)
    if under is not None:
        query = query.where(receipts.c.entitlement == under)
    return _page(db, query, receipts.c.id, before, limit)


def payins_of(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the member's payins."""
    query = select(payins).where(payins.c.member == member)
    return _page(db, query, payins.c.id, before, limit)


def payouts_of(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the member's payouts."""
    query = select(payouts).where(payouts.c.member == member)
    return _page(db, query, payouts.c.id, before, limit)


def payins_in(
    db: Connection, state: str, after: int | None = None, limit: int = 50
) -> Page:
    """Return the payins in a state, the oldest first: the staff's queue."""
    return _queue(db, payins, state, after, limit)


def payouts_in(
    db: Connection, state: str, after: int | None = None, limit: int = 50
) -> Page:
    """Return the payouts in a state, the oldest first: the staff's queue."""
    return _queue(db, payouts, state, after, limit)


def payin(db: Connection, number: int, member: int | None = None) -> Row[Any]:
    """Return one payin; NotFound if it is not there, or not of *member* if given."""
    return _of_member(db, payins, "payin", number, member)


def card(db: Connection, number: int) -> Row[Any] | None:
    """Return what the provider's lines say of a pay-in by card; None if it is none."""
    return db.execute(select(cards).where(cards.c.payin == number)).first()


def owed(db: Connection, owner: int) -> tuple[tuple[int, int], ...]:
    """Return what *owner* owes the exchange: (currency, minor units) where it does."""
    query = select(accounts.c.asset, -accounts.c.balance).where(
        accounts.c.owner == owner,
        accounts.c.asset < INSTRUMENT_MIN,
        accounts.c.pocket == OPEN_POCKET,
        accounts.c.balance < 0,
    )
    return tuple((asset, amount) for asset, amount in db.execute(query))


def payout(db: Connection, number: int, member: int | None = None) -> Row[Any]:
    """Return one payout; NotFound if it is not there, or not of *member* if given."""
    return _of_member(db, payouts, "payout", number, member)


def arrivals_of(db: Connection, kind: str, subject: int) -> tuple[Row[Any], ...]:
    """Return the states that a payin or payout (*kind*) reached, in order."""
    query = (
        select(arrivals)
        .where(arrivals.c.kind == kind, arrivals.c.subject == subject)
        .order_by(arrivals.c.seq)
    )
    return tuple(db.execute(query))


def fees(db: Connection) -> FeeSchedule:
    """Return the fee schedule in force."""
    query = select(fee_schedules).order_by(fee_schedules.c.version.desc()).limit(1)
    row = db.execute(query).first()
    if row is None:
        return FIRST
    return FeeSchedule(row.version, row.trade_bps, rules_of(json.loads(row.rules)))


def fee_history(db: Connection) -> tuple[Row[Any], ...]:
    """Return all fee schedules, newest first, with their records (None: the first)."""
    query = select(fee_schedules, journal.c.at_us, journal.c.body).outerjoin(
        journal, journal.c.seq == fee_schedules.c.seq
    )
    return tuple(db.execute(query.order_by(fee_schedules.c.version.desc())))


def income_of(db: Connection, vendor: int) -> tuple[Income, ...]:
    """Return what *vendor* sold and what the fee took, one line an instrument.

    Of trades in escrow what was paid counts, once they are settled; what was
    refunded afterwards, or moved by a bust, with its fee, does not.
    """
    value = trades.c.price * trades.c.quantity
    back = (
        select(
            refunds.c.trade,
            func.sum(refunds.c.amount).label("amount"),
            func.sum(refunds.c.fee).label("fee"),
        )
        .group_by(refunds.c.trade)
        .subquery()
    )
    wrong = (
        select(
            busts.c.trade,
            func.sum(busts.c.amount).label("amount"),
            func.sum(busts.c.fee).label("fee"),
            func.min(case((busts.c.price.is_(None), 0), else_=1)).label("stands"),
        )
        .group_by(busts.c.trade)
        .subquery()
    )
    stands = func.coalesce(wrong.c.stands, 1)

    def kept(paid: ColumnElement[int], name: str) -> ColumnElement[int]:
        gone = func.coalesce(back.c[name], 0) + func.coalesce(wrong.c[name], 0)
        return func.sum(paid - gone)

    gross = kept(func.coalesce(escrows.c.released, value), "amount")
    fee = kept(func.coalesce(escrows.c.fee, trades.c.fee), "fee")
    units = stands * (trades.c.quantity - func.coalesce(escrows.c.returned, 0))
    query = (
        select(
            trades.c.instrument,
            trades.c.currency,
            func.sum(stands),
            func.sum(units),
            gross,
            fee,
            gross - fee,
        )
        .outerjoin(escrows, escrows.c.trade == trades.c.id)
        .outerjoin(back, back.c.trade == trades.c.id)
        .outerjoin(wrong, wrong.c.trade == trades.c.id)
        .where(trades.c.seller == vendor, trades.c.state.in_(_COUNTED))
        .group_by(trades.c.instrument, trades.c.currency)
        .order_by(gross.desc(), trades.c.instrument)
    )
    return tuple(Income(*map(int, row)) for row in db.execute(query))


def _of_member(
    db: Connection, which: Table, kind: str, number: int, member: int | None
) -> Row[Any]:
    query = select(which).where(which.c.id == number)
    if member is not None:
        query = query.where(which.c.member == member)
    return _one(db, query, kind, number)


def _one(db: Connection, query: Select[Any], kind: str, number: int) -> Row[Any]:
    row = db.execute(query).first()
    if row is None:
        raise NotFound(kind, ids.encode(kind, number))
    return row


def _queue(
    db: Connection, which: Table, state: str, after: int | None, limit: int
) -> Page:
    limit = min(limit, PAGE_MAX)
    query = select(which).where(which.c.state == state)
    if which is payins and state == "created":  # the provider acts on the others
        query = query.where(which.c.id.not_in(select(cards.c.payin)))
    if after is not None:
        query = query.where(which.c.id > after)
    return page(db.execute(query.order_by(which.c.id).limit(limit + 1)).all(), limit)


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
    return page(db.execute(query.order_by(key.desc()).limit(limit + 1)).all(), limit)
