"""Agreements on shares, what each party got of which trade, and the taxes in prices.

Amounts are in minor units, moments in microseconds UTC. Lists come newest first.
"""

import json
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from marketplace.trading.splits import Part
from marketplace.trading.tables import books
from marketplace.trading.usage_tables import tabs, uses
from marketplace.trading.venue import kind_of
from settlement import ids
from settlement.errors import NotFound
from settlement.share_tables import shares, split_parties, splits, tax_schedules
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import contracts, entitlements, terms, trades, transfers
from settlement.taxes import FIRST, TaxSchedule, included, rates_of


class Agreement(NamedTuple):
    """One agreement, with the members whose consent it needs and who gave it."""

    id: int
    at_us: int
    vendor: int
    product: int
    parts: tuple[Part, ...]
    state: str
    consents: dict[int, bool]

    @property
    def rest_bps(self) -> int:
        """Return what is left to the vendor, in basis points."""
        return 10_000 - sum(part.bps for part in self.parts)


class TaxLines(NamedTuple):
    """The tax that a trade's price and fee include, as its contract froze the rates."""

    bps: int
    amount: int
    fee_bps: int
    fee_amount: int


def agreements_of(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the agreements that the member proposed or is a party to."""
    limit = min(limit, PAGE_MAX)
    query = select(splits).where(_concerns(member))
    if before is not None:
        query = query.where(splits.c.id < before)
    rows = db.execute(query.order_by(splits.c.id.desc()).limit(limit + 1)).all()
    found = page(rows, limit)
    agreed: Any = _agreements(db, found.rows)
    return found._replace(rows=agreed)


def agreement(db: Connection, number: int, member: int) -> Agreement:
    """Return one agreement; NotFound unless the member proposed it or is a party."""
    query = select(splits).where(splits.c.id == number, _concerns(member))
    rows = db.execute(query).all()
    if not rows:
        raise NotFound("split", ids.encode("split", number))
    return _agreements(db, rows)[0]


def _concerns(member: int) -> ColumnElement[bool]:
    named = select(split_parties.c.split).where(split_parties.c.member == member)
    return or_(splits.c.vendor == member, splits.c.id.in_(named))


def _agreements(db: Connection, rows: Any) -> list[Agreement]:
    consents: dict[int, dict[int, bool]] = {row.id: {} for row in rows}
    query = select(split_parties).where(split_parties.c.split.in_(consents))
    for row in db.execute(query.order_by(split_parties.c.member)):
        consents[row.split][row.member] = row.agreed_seq is not None
    return [
        Agreement(
            row.id, row.at_us, row.vendor, row.product,
            tuple(Part(*part) for part in json.loads(row.parts)), row.state,
            consents[row.id],
        )
        for row in rows
    ]  # fmt: skip


def _lines() -> Select[Any]:
    every = shares.alias("every")
    whole = (
        select(func.sum(every.c.weight))
        .where(every.c.trade == shares.c.trade)
        .scalar_subquery()
    )
    return (
        select(
            *(shares.c[name] for name in ("trade", "party", "role", "amount")),
            *(shares.c.weight, whole.label("whole"), trades.c.at_us),
            *(trades.c.instrument, trades.c.currency, trades.c.seller, trades.c.state),
            books.c.symbol,
        )
        .join(trades, trades.c.id == shares.c.trade)
        .join(books, books.c.instrument == trades.c.instrument)
    )


def lines_of(
    db: Connection,
    party: int,
    from_us: int,
    until_us: int,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """Return a page of a party's shares in the trades of a period.

    A page ends with whole trades: *before* is the number of one.
    """
    limit = min(limit, PAGE_MAX)
    query = _lines().where(shares.c.party == party)
    query = query.where(trades.c.at_us >= from_us, trades.c.at_us < until_us)
    if before is not None:
        query = query.where(shares.c.trade < before)
    newest = query.order_by(shares.c.trade.desc(), shares.c.place).limit(limit + 1)
    rows = db.execute(newest).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1].trade
    cut = [row for row in rows if row.trade > last] or rows
    return Page(cut, cut[-1].trade)


def totals_of(
    db: Connection, party: int, from_us: int, until_us: int
) -> tuple[Row[Any], ...]:
    """Return what a party got in the trades of a period: by currency and role."""
    query = (
        select(
            trades.c.currency,
            shares.c.role,
            func.count().label("trades"),
            func.sum(shares.c.amount).label("amount"),
        )
        .join(trades, trades.c.id == shares.c.trade)
        .where(shares.c.party == party)
        .where(trades.c.at_us >= from_us, trades.c.at_us < until_us)
        .group_by(trades.c.currency, shares.c.role)
        .order_by(trades.c.currency, shares.c.role)
    )
    return tuple(db.execute(query))


def uses_of(
    db: Connection, party: int, from_us: int, until_us: int
) -> tuple[Row[Any], ...]:
    """Return what a party got of others' metered use in a period, by right and period.

    The newest rights first, at most PAGE_MAX rows.
    """
    amount = func.sum(transfers.c.amount)
    query = (
        select(
            uses.c.entitlement, uses.c.period, tabs.c.instrument, tabs.c.currency,
            tabs.c.vendor, books.c.symbol, func.count().label("moves"),
            amount.label("amount"), func.max(uses.c.at_us).label("at_us"),
        )
        .select_from(transfers)
        .join(uses, uses.c.id == transfers.c.subject)
        .join(tabs, tabs.c.entitlement == uses.c.entitlement)
        .join(books, books.c.instrument == tabs.c.instrument)
        .where(transfers.c.payee == party, transfers.c.reason == "use_share")
        .where(uses.c.at_us >= from_us, uses.c.at_us < until_us)
        .group_by(
            uses.c.entitlement, uses.c.period, tabs.c.instrument, tabs.c.currency,
            tabs.c.vendor, books.c.symbol,
        )
        .order_by(uses.c.entitlement.desc(), uses.c.period.desc())
        .limit(PAGE_MAX)
    )  # fmt: skip
    return tuple(db.execute(query))


def tax_of_use(db: Connection, entitlement: int, period: int) -> tuple[int, int]:
    """Return the rate and the tax within what a period of metered use cost so far.

    Each payment is taxed for itself, at the rate that the right's contract froze.
    """
    frozen = (
        select(terms.c.body, tax_schedules.c.version, tax_schedules.c.rates)
        .select_from(tabs)
        .join(terms, terms.c.id == tabs.c.terms)
        .outerjoin(entitlements, entitlements.c.id == tabs.c.entitlement)
        .outerjoin(contracts, contracts.c.trade == entitlements.c.trade)
        .outerjoin(tax_schedules, tax_schedules.c.version == contracts.c.tax_schedule)
        .where(tabs.c.entitlement == entitlement)
    )
    row = db.execute(frozen).first()
    if row is None:
        return FIRST.rate(""), 0
    schedule = FIRST
    if row.version is not None:
        schedule = TaxSchedule(row.version, rates_of(json.loads(row.rates)))
    bps = schedule.rate(kind_of(row.body))
    paid = select(uses.c.amount, func.count()).where(
        uses.c.entitlement == entitlement, uses.c.period == period, uses.c.amount > 0
    )
    found = db.execute(paid.group_by(uses.c.amount))
    return bps, sum(included(amount, bps) * count for amount, count in found)


def of_trade(db: Connection, trade: int, member: int) -> tuple[Row[Any], ...]:
    """Return the shares of a trade; nothing unless the member has one of them."""
    query = _lines().where(shares.c.trade == trade).order_by(shares.c.place)
    found = tuple(db.execute(query))
    return found if any(row.party == member for row in found) else ()


def taxes(db: Connection) -> TaxSchedule:
    """Return the rates of tax in force."""
    query = select(tax_schedules).order_by(tax_schedules.c.version.desc()).limit(1)
    row = db.execute(query).first()
    return _schedule(row) if row else FIRST


def _schedule(row: Row[Any]) -> TaxSchedule:
    return TaxSchedule(row.version, rates_of(json.loads(row.rates)))


def tax_lines(db: Connection, trade: int) -> TaxLines:
    """Return the tax within the price and the fee of a trade."""
    value = (trades.c.price * trades.c.quantity).label("value")
    query = (
        select(value, trades.c.fee, terms.c.body, tax_schedules)
        .join(contracts, contracts.c.trade == trades.c.id)
        .join(terms, terms.c.id == contracts.c.terms)
        .join(tax_schedules, tax_schedules.c.version == contracts.c.tax_schedule)
        .where(trades.c.id == trade)
    )
    row = db.execute(query).first()
    if row is None:
        raise NotFound("trade", ids.encode("trade", trade))
    schedule = _schedule(row)
    bps, fee_bps = schedule.rate(kind_of(row.body)), schedule.rate("fee")
    return TaxLines(bps, included(row.value, bps), fee_bps, included(row.fee, fee_bps))
