"""A member's statement of a period: its balance, what changed it, and why.

Every figure is the sum of the transfers that it opens to, and what a period opens with
is the sum of all transfers before it: so what a period closes with is what the ledger
has, and a statement of a period that is over never changes. Amounts are in minor units.
"""

import json
from collections import Counter
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)

from marketplace.trading.usage_tables import uses
from marketplace.trading.venue import kind_of
from settlement import moves
from settlement.cycle_tables import obligations, run_lines, runs
from settlement.flows import Figure, figure_of, reasons_of
from settlement.money import INSTRUMENT_MIN
from settlement.share_tables import tax_schedules
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import (
    OPEN_POCKET,
    accounts,
    contracts,
    entitlements,
    journal,
    terms,
    trades,
    transfers,
)
from settlement.taxes import FIRST, TaxSchedule, included, rates_of

HOUSE = 0
EVER = (1 << 62) - 1  # later than every record and transfer
OF_TRADES = ("payment", "fee")  # that name their parties by the trade alone
_TAXED = {Figure.SALES, Figure.PURCHASES, Figure.FEES, Figure.REFUNDS}


class Span(NamedTuple):
    """A period as numbers: after the first of each, up to and with the second."""

    after_seq: int
    seq: int
    after: int  # number of a transfer
    last: int


class Line(NamedTuple):
    """One figure: how much it changed the balance, by how many transfers."""

    figure: Figure
    amount: int
    moves: int


class Taxes(NamedTuple):
    """The tax included, after refunds, by the rates that the contracts froze."""

    sales: int
    purchases: int
    fees: int


class Netted(NamedTuple):
    """What the netting runs of a period are the difference of."""

    bought: int
    sold: int
    fee: int
    shares: int


class Summary(NamedTuple):
    """A member's period in one currency."""

    currency: int
    opening: int
    lines: tuple[Line, ...]
    closing: int
    taxes: Taxes
    netted: Netted

    def amount(self, *figures: Figure) -> int:
        """Return the sum of some figures."""
        return sum(line.amount for line in self.lines if line.figure in figures)

    @property
    def net(self) -> int:
        """Return what trading came to: all that changed but money in and out."""
        out = Figure.PAYINS, Figure.PAYOUTS
        return sum(line.amount for line in self.lines if line.figure not in out)


def span(db: Connection, from_us: int, until_us: int) -> Span:
    """Return the records of a period: from a moment on, before another."""
    bounds = [_last(db, journal.c.seq, journal.c.at_us, t) for t in (from_us, until_us)]
    ends = [_last(db, transfers.c.id, transfers.c.seq, seq + 1) for seq in bounds]
    return Span(bounds[0], bounds[1], ends[0], ends[1])


def _last(db: Connection, key: Column[int], column: Column[int], bound: int) -> int:
    """Return the last of the unbroken keys whose *column*, which grows, is below it."""
    low, high = 0, db.scalar(select(func.max(key))) or 0
    while low < high:
        middle = (low + high + 1) // 2
        value = db.scalar(select(column).where(key == middle))
        low, high = (middle, high) if (value or 0) < bound else (low, middle - 1)
    return low


def summaries(db: Connection, owner: int, during: Span) -> tuple[Summary, ...]:
    """Return the statement of a period, one a currency with money or moves in it."""
    opening, changed = _opening(db, owner, during), _changes(db, owner, during)
    lines: dict[int, dict[Figure, Line]] = {}
    for asset, reason, amount, count in changed:
        figure = figure_of(reason, amount)
        assert figure is not None, reason
        known = lines.setdefault(asset, {}).get(figure, Line(figure, 0, 0))
        lines[asset][figure] = Line(figure, known.amount + amount, known.moves + count)
    taxed, netted = _taxes(db, owner, during), _netted(db, owner, during)
    return tuple(
        _summary(asset, opening.get(asset, 0), lines.get(asset, {}), taxed, netted)
        for asset in sorted({*opening, *lines})
    )


def _opening(db: Connection, owner: int, during: Span) -> dict[int, int]:
    """Return what the owner had before a period: what it has now, less all since.

    One statement, so that both are of one moment; it reads nothing from before.
    """
    since = _changed(owner, Span(during.after_seq, EVER, during.after, EVER))
    moved = since.subquery()
    now = select(accounts.c.asset, accounts.c.balance.label("amount")).where(
        _own(accounts, owner)
    )
    every = union_all(now, select(moved.c.asset, -moved.c.change)).subquery()
    summed = func.sum(every.c.amount)
    query = select(every.c.asset, summed).group_by(every.c.asset).having(summed != 0)
    return {asset: int(amount) for asset, amount in db.execute(query)}


def _summary(
    asset: int,
    opening: int,
    lines: dict[Figure, Line],
    taxed: Counter[tuple[int, str]],
    netted: dict[int, Netted],
) -> Summary:
    ordered = tuple(lines[figure] for figure in Figure if figure in lines)
    closing = opening + sum(line.amount for line in ordered)
    taxes = Taxes(*(taxed[asset, kind] for kind in Taxes._fields))
    runs_came_to = netted.get(asset, Netted(0, 0, 0, 0))
    return Summary(asset, opening, ordered, closing, taxes, runs_came_to)


def mine(owner: int, during: Span) -> Select[Any]:
    """Return the numbers of the transfers of a period that may touch *owner*'s money.

    By the indexes that members are found by: as in `moves.transfers_of`.
    """
    within = and_(transfers.c.id > during.after, transfers.c.id <= during.last)
    sides = [
        select(transfers.c.id).where(side == owner, within)
        for side in (transfers.c.payer, transfers.c.payee)
    ]
    for party, reasons in (
        (trades.c.buyer, OF_TRADES[:1]),
        (trades.c.seller, OF_TRADES),
    ):
        settles = and_(
            transfers.c.id.between(trades.c.delivery + 1, trades.c.delivery + 2),
            transfers.c.subject == trades.c.id,
            transfers.c.reason.in_(reasons),
        )
        sides.append(
            select(transfers.c.id)
            .select_from(trades.join(transfers, settles))
            .where(party == owner)
            .where(trades.c.seq > during.after_seq, trades.c.seq <= during.seq)
        )
    return select(union(*sides).subquery().c.id)


def _own(account: Any, owner: int) -> ColumnElement[bool]:
    """Tell whether an account is money that the owner has: what it owes is none."""
    return and_(
        account.c.owner == owner,
        account.c.pocket != OPEN_POCKET,
        account.c.asset < INSTRUMENT_MIN,
    )


def _changed(owner: int, during: Span, *more: ColumnElement[Any]) -> Any:
    """Return the transfers that change what the owner has, with the signed amount."""
    debit, credit = accounts.alias("d"), accounts.alias("c")
    gains, loses = _own(credit, owner), _own(debit, owner)
    amount = transfers.c.amount
    change = case((gains, amount), else_=0) - case((loses, amount), else_=0)
    wanted = (transfers.c.reason, transfers.c.subject)
    return (
        select(transfers.c.id, debit.c.asset, *wanted, change.label("change"), *more)
        .join(debit, debit.c.id == transfers.c.debit)
        .join(credit, credit.c.id == transfers.c.credit)
        .where(transfers.c.id.in_(mine(owner, during)), change != 0)
    )


def _changes(
    db: Connection, owner: int, during: Span
) -> list[tuple[int, str, int, int]]:
    """Return what changed: currency, reason, signed amount, transfers; each sign."""
    one = _changed(owner, during).subquery()
    came = case((one.c.change > 0, 1), else_=0)
    query = select(
        one.c.asset, one.c.reason, func.sum(one.c.change), func.count()
    ).group_by(one.c.asset, one.c.reason, came)
    return [
        (asset, reason, int(amount), count)
        for asset, reason, amount, count in db.execute(query)
    ]


def postings(
    db: Connection,
    owner: int,
    during: Span,
    currency: int,
    figure: Figure,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """Return a page of the transfers behind a figure, newest first, as `moves` has."""
    limit = min(limit, PAGE_MAX)
    one = _changed(owner, during).subquery()
    which = [one.c.asset == currency, one.c.reason.in_(reasons_of(figure))]
    if figure in (Figure.SALES, Figure.PURCHASES):
        which.append(one.c.change > 0 if figure is Figure.SALES else one.c.change < 0)
    if before is not None:
        which.append(one.c.id < before)
    newest = select(one.c.id).where(*which).order_by(one.c.id.desc()).limit(limit + 1)
    query = moves.moves_of(owner).where(
        transfers.c.id.in_(select(newest.subquery().c.id))
    )
    return page(db.execute(query.order_by(transfers.c.id.desc())).all(), limit)


def _taxes(db: Connection, owner: int, during: Span) -> Counter[tuple[int, str]]:
    """Return the tax in what was sold, bought and charged, by currency and kind.

    Each transfer is taxed for itself, as the paper for it is. A use is taxed as the
    trade in which its right was bought; what a run netted, trade by trade.
    """
    rows = [*db.execute(_taxed(owner, during)), *_netted_trades(db, owner, during)]
    rates, kinds = _schedules(db), _kinds(db, {row.terms for row in rows})
    found: Counter[tuple[int, str]] = Counter()
    for row in rows:
        charged = _is_charge(row.reason)
        sold = row.change > 0 if row.reason == "use" else row.seller == owner
        kind = "sales" if owner == HOUSE else "fees"
        if not charged:
            kind = "sales" if sold else "purchases"
        schedule = rates.get(row.tax_schedule, FIRST)
        rate = schedule.rate("fee" if charged else kinds.get(row.terms, ""))
        due = included(abs(row.change), rate) * row.times
        found[row.asset, kind] += due if (row.change > 0) is (kind == "sales") else -due
    return found


def charges(
    db: Connection, owner: int, during: Span
) -> dict[tuple[int, int], tuple[int, int]]:
    """Return what the exchange took of an owner: amount and tax, by currency, rate."""
    rows = [*db.execute(_taxed(owner, during)), *_netted_trades(db, owner, during)]
    rates = _schedules(db)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for row in rows:
        if not _is_charge(row.reason):
            continue
        bps = rates.get(row.tax_schedule, FIRST).rate("fee")
        due = included(abs(row.change), bps) * row.times
        amount, tax = found.get((row.asset, bps), (0, 0))
        found[row.asset, bps] = (
            amount - row.change * row.times,
            tax + (due if row.change < 0 else -due),
        )
    return found


def _is_charge(reason: str) -> bool:
    return reason.endswith("fee") or reason == "fee_back"


def _taxed(owner: int, during: Span) -> Select[Any]:
    """Return the transfers with a tax in them: how often each, under which terms."""
    one = _changed(owner, during).subquery()
    reasons = [reason for figure in _TAXED for reason in reasons_of(figure)]
    used = ("use", "use_fee")
    of_use = select(entitlements.c.trade).where(
        entitlements.c.id == uses.c.entitlement, uses.c.id == one.c.subject
    )
    bought = case(
        (one.c.reason.in_(used), of_use.scalar_subquery()), else_=one.c.subject
    )
    frozen = (contracts.c.terms, contracts.c.tax_schedule, trades.c.seller)
    return (
        select(one.c.asset, one.c.reason, one.c.change, func.count().label("times"))
        .add_columns(*frozen)
        # A right that was granted has no contract: its use is taxed in general.
        .select_from(one.outerjoin(trades, trades.c.id == bought))
        .outerjoin(contracts, contracts.c.trade == trades.c.id)
        .where(one.c.reason.in_(reasons))
        .group_by(one.c.asset, one.c.reason, one.c.change, *frozen)
    )


def _netted_trades(db: Connection, owner: int, during: Span) -> list[Any]:
    """Return the trades that the runs of a period settled, as `_taxed` has them."""
    value, seller = trades.c.price * trades.c.quantity, trades.c.seller
    parts: list[Any] = []
    for reason, amount, party in (
        ("payment", case((seller == owner, value), else_=-value), None),
        ("fee", trades.c.fee if owner == HOUSE else -trades.c.fee, seller),
    ):
        query = (
            select(trades.c.currency.label("asset"), literal(reason).label("reason"))
            .add_columns(amount.label("change"), literal(1).label("times"))
            .add_columns(contracts.c.terms, contracts.c.tax_schedule, seller)
            .select_from(trades.join(obligations, obligations.c.trade == trades.c.id))
            .join(runs, runs.c.id == obligations.c.run)
            .join(contracts, contracts.c.trade == trades.c.id)
            .where(obligations.c.state == "settled", runs.c.state == "executed")
            .where(runs.c.ended_seq > during.after_seq, runs.c.ended_seq <= during.seq)
        )
        if party is None:
            query = query.where(or_(trades.c.buyer == owner, seller == owner))
        elif owner != HOUSE:
            query = query.where(party == owner)
        parts += db.execute(query).all()
    return parts


def _schedules(db: Connection) -> dict[int, TaxSchedule]:
    return {
        row.version: TaxSchedule(row.version, rates_of(json.loads(row.rates)))
        for row in db.execute(select(tax_schedules))
    }


def _kinds(db: Connection, numbers: Collection[int]) -> dict[int, str]:
    """Return the class of what is sold under some terms."""
    query = select(terms.c.id, terms.c.body).where(terms.c.id.in_(numbers))
    return {number: kind_of(body) for number, body in db.execute(query)}


def _netted(db: Connection, owner: int, during: Span) -> dict[int, Netted]:
    lines = run_lines.c
    query = (
        select(runs.c.currency)
        .add_columns(*map(func.sum, (lines.pays, lines.gets, lines.fee, lines.shares)))
        .join(runs, runs.c.id == lines.run)
        .where(lines.member == owner, runs.c.state == "executed")
        .where(runs.c.ended_seq > during.after_seq, runs.c.ended_seq <= during.seq)
        .group_by(runs.c.currency)
    )
    return {row[0]: Netted(*map(int, row[1:])) for row in db.execute(query)}
