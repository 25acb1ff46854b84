"""Invariants of invoices: numbers without gaps, and never more than was paid."""

import json
from collections import Counter
from collections.abc import Iterator

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
