"""What the house has to invoice of its fees of a closed month, and to whom.

Amounts are in minor units, tax included. Each transfer is taxed for itself, at the rate
that its contract froze, as a member's statement of the month has it.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, func, select, union_all

from marketplace.trading import summaries
from marketplace.trading.invoice_tables import invoices
from marketplace.trading.invoices import BILLS_MAX, is_paper
from marketplace.trading.summaries import Span
from settlement.cycle_tables import run_lines, runs
from settlement.flows import Figure, reasons_of
from settlement.tables import accounts, transfers

Bill = tuple[int, int, tuple[tuple[int, int, int], ...]]


class Fees(NamedTuple):
    """What a member's month came to in one currency, less what was given back."""

    member: int
    currency: int
    amount: int


def due(db: Connection, month: str, during: Span) -> list[Fees]:
    """Return the fees of a month that no invoice is of, by member and currency."""
    debit, credit = accounts.alias("d"), accounts.alias("c")
    taken = debit.c.owner > 0
    amount = transfers.c.amount
    moved = (
        select(
            case((taken, debit.c.owner), else_=credit.c.owner).label("member"),
            debit.c.asset.label("currency"),
            case((taken, amount), else_=-amount).label("amount"),
        )
        .join(debit, debit.c.id == transfers.c.debit)
        .join(credit, credit.c.id == transfers.c.credit)
        .where(transfers.c.reason.in_(reasons_of(Figure.FEES)))
        .where(transfers.c.id > during.after, transfers.c.id <= during.last)
    )
    every: Any = union_all(moved, _netted(during)).subquery()
    billed = and_(
        invoices.c.buyer == every.c.member,
        invoices.c.currency == every.c.currency,
        invoices.c.period == month,
    )
    summed = func.sum(every.c.amount)
    query = (
        select(every.c.member, every.c.currency, summed)
        .outerjoin(invoices, billed)
        .where(invoices.c.id.is_(None))
        .group_by(every.c.member, every.c.currency)
        .having(summed != 0)
        .order_by(every.c.member, every.c.currency)
    )
    return [Fees(row[0], row[1], int(row[2])) for row in db.execute(query)]


def _netted(during: Span) -> Any:
    return (
        select(run_lines.c.member, runs.c.currency, run_lines.c.fee.label("amount"))
        .join(runs, runs.c.id == run_lines.c.run)
        .where(runs.c.state == "executed")
        .where(runs.c.ended_seq > during.after_seq, runs.c.ended_seq <= during.seq)
    )


def bills(db: Connection, month: str, during: Span) -> tuple[Bill, ...]:
    """Return the next bills of a month, as the writer is told them; BILLS_MAX.

    What makes no paper of its own is left out, so that it holds nobody else up.
    """
    found: list[Bill] = []
    for one in due(db, month, during):
        if len(found) == BILLS_MAX:
            break
        charged = summaries.charges(db, one.member, during)
        lines = tuple(
            (bps, amount, tax)
            for (currency, bps), (amount, tax) in sorted(charged.items())
            if currency == one.currency
        )
        if is_paper(lines):
            found.append((one.member, one.currency, lines))
    return tuple(found)


def count(db: Connection, month: str) -> int:
    """Return how many invoices of the fees of a month there are."""
    query = select(func.count()).where(invoices.c.period == month)
    return int(db.scalar(query) or 0)
