"""Invariants of invoices: numbers without gaps, and never more than was paid."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask


def numbered_without_gaps(db: Connection) -> Iterator[Violation]:
    """M8: each series of a year is numbered from one, in the order of issue."""
    last: Counter[tuple[str, int]] = Counter()
    found = ask(
        db,
        """
        SELECT id, series, year, serial, ended_us FROM invoices
        WHERE serial IS NOT NULL ORDER BY series, year, serial
        """,
    )
    before_us = 0
    for number, series, year, serial, ended_us in found:
        key = series, year
        if serial != last[key] + 1:
            yield _wrong(number, f"is {serial} of {year}, after {last[key]}")
        if last[key] and ended_us < before_us:
            yield _wrong(number, "was issued before the number in front of it")
        last[key], before_us = serial, ended_us


def invoiced_as_paid(db: Connection) -> Iterator[Violation]:
    """M8: what is invoiced of a trade, less what is credited, is what was paid."""
    invoiced: Counter[int] = Counter()
    taxed: Counter[int] = Counter()
    for number, series, state, lines, amount, tax in ask(
        db, "SELECT id, series, state, lines, amount, tax FROM invoices ORDER BY id"
    ):
        said = json.loads(lines)
        if (sum(x[1] for x in said), sum(x[3] for x in said)) != (amount, tax):
            yield _wrong(number, "is not the sum of its lines")
        if state == "refused":
            continue
        sign = 1 if series == "invoice" else -1
        for trade, value, _, part in said:
            if not trade:
                continue  # fees of a month: see below
            invoiced[trade] += sign * value
            taxed[trade] += sign * part
    paid = dict(_paid(db)) if invoiced else {}
    for trade, amount in sorted(invoiced.items()):
        name = ids.encode("trade", trade)
        if amount != paid.get(trade, 0):
            yield Violation(
                "M8",
                f"Trade {name} is invoiced at {amount}; {paid.get(trade, 0)} paid.",
            )
        if not 0 <= taxed[trade] <= amount:
            yield Violation("M8", f"The tax of trade {name} is {taxed[trade]}.")


def fees_as_taken(db: Connection) -> Iterator[Violation]:
    """M8: what the house invoices of a month is what it took, less what it gave."""
    bounds: dict[str, tuple[int, int]] = {}
    before = 0
    closed = "SELECT month, until_us FROM closings ORDER BY until_us"
    for month, until_us in ask(db, closed):
        (row,) = ask(
            db, "SELECT MAX(seq) AS seq FROM journal WHERE at_us < :t", t=until_us
        )
        bounds[month], before = (before, row.seq or 0), row.seq or 0
    told: dict[str, list[Any]] = {}
    for row in ask(db, "SELECT * FROM invoices WHERE period <> '' ORDER BY id"):
        told.setdefault(row.period, []).append(row)
    for month, rows in sorted(told.items()):
        if month not in bounds:
            yield Violation("M8", f"Fees of {month} are invoiced; it is not closed.")
            continue
        taken = _taken(db, *bounds[month])
        for row in rows:
            sign = 1 if row.series == "invoice" else -1
            sums = taken[row.buyer, row.currency]
            if sums != sign * row.amount:
                yield _wrong(row.id, f"is of {sign * row.amount}; {sums} was taken")
            if row.outside or row.seller or any(x[0] for x in json.loads(row.lines)):
                yield _wrong(row.id, "of fees is of something else")


def _taken(db: Connection, after: int, last: int) -> Counter[tuple[int, int]]:
    """Return the fees of a month by member and currency: moved, and netted by runs."""
    found: Counter[tuple[int, int]] = Counter()
    for sql in (_MOVED, _NETTED):
        for member, currency, amount in ask(db, sql, after=after, last=last):
            found[member, currency] += int(amount)
    return found


_MOVED = """
    SELECT CASE WHEN d.owner > 0 THEN d.owner ELSE c.owner END AS member, d.asset,
           SUM(CASE WHEN d.owner > 0 THEN t.amount ELSE -t.amount END) AS amount
    FROM transfers t
    JOIN accounts d ON d.id = t.debit JOIN accounts c ON c.id = t.credit
    WHERE t.seq > :after AND t.seq <= :last AND t.reason IN
          ('fee', 'accepted_fee', 'use_fee', 'fee_back', 'bust_fee', 'adjust_fee')
    GROUP BY 1, d.asset
"""
_NETTED = """
    SELECT l.member, r.currency, SUM(l.fee) AS amount
    FROM run_lines l JOIN runs r ON r.id = l.run
    WHERE r.state = 'executed' AND r.ended_seq > :after AND r.ended_seq <= :last
    GROUP BY l.member, r.currency
"""


def each_paper_once(db: Connection) -> Iterator[Violation]:
    """M8: no two invoices have the same tax paper; each trade is listed as invoiced."""
    papers = """
        SELECT outside, COUNT(*) AS many FROM invoices WHERE outside <> ''
        GROUP BY outside HAVING COUNT(*) > 1 ORDER BY outside
    """
    for outside, many in ask(db, papers):
        yield Violation("M8", f"Tax paper {outside} serves {many} invoices.")
    on: dict[int, int] = {}
    first = """
        SELECT id, state, lines FROM invoices
        WHERE corrects IS NULL AND period = '' ORDER BY id
    """
    for number, state, lines in ask(db, first):
        for trade, *_ in json.loads(lines):
            if state != "refused":
                on[trade] = number
    listed = {
        trade: number
        for trade, number in ask(db, "SELECT trade, invoice FROM invoiced")
        if number
    }
    for trade in sorted(on.keys() | listed.keys()):
        if on.get(trade) != listed.get(trade):
            name = ids.encode("trade", trade)
            yield Violation("M8", f"Trade {name} is listed on another invoice.")


def _paid(db: Connection) -> Iterator[tuple[int, int]]:
    """Yield what each settled trade cost its buyer in the end."""
    yield from ask(
        db,
        """
        SELECT t.id, COALESCE(e.released, t.price * t.quantity)
                   - COALESCE((SELECT SUM(r.amount) FROM refunds r
                               WHERE r.trade = t.id), 0)
                   - COALESCE((SELECT SUM(b.amount) FROM busts b
                               WHERE b.trade = t.id), 0)
        FROM trades t LEFT JOIN escrows e ON e.trade = t.id
        """,
    )


def _wrong(number: int, what: str) -> Violation:
    return Violation("M8", f"Invoice {ids.encode('invoice', number)} {what}.")
