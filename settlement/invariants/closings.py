"""Invariants of the close: in turn, by two, as the transfers make it, and final."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import Connection

from settlement.invariants.violation import Violation, ask

SHANGHAI = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Told here once more, apart from `settlement.flows`: owner and pocket of each kind.
HOUSES = {
    (0, 3): "bank", (-2, 3): "provider", (-3, 3): "costs", (-4, 0): "suspense",
    (0, 0): "income", (0, 2): "clearing", (0, 1): "reserve",
}  # fmt: skip
MEMBERS = ("free", "held", "escrow", "owed")


def closed_by_two(db: Connection) -> Iterator[Violation]:
    """A6: each month was closed as one person proposed it and another approved it."""
    found = ask(
        db,
        """
        SELECT c.month, c.by_user, c.balances, p.by_user AS proposer, p.body,
               p.decided_by, p.state
        FROM closings c
        LEFT JOIN proposals p ON p.decided_seq = c.seq AND p.kind = 'ClosePeriod'
        ORDER BY c.month
        """,
    )
    for row in found:
        approved = row.state == "approved" and row.proposer == row.by_user
        if not approved or row.decided_by == row.proposer:
            yield _wrong(row.month, "A6", "was not approved by a second person")
            continue
        if json.loads(row.body)[:2] != [row.month, json.loads(row.balances)]:
            yield _wrong(row.month, "A6", "was closed otherwise than proposed")


def closed_in_turn(db: Connection) -> Iterator[Violation]:
    """P8: months are closed one after the other, each when it is over."""
    before = ""
    found = ask(
        db,
        """
        SELECT month, at_us, until_us, balances, checks, sha256
        FROM closings ORDER BY until_us
        """,
    )
    for month, at_us, until_us, balances, checks, sha256 in found:
        year, number = map(int, month.split("-"))
        after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=SHANGHAI)
        if (after - EPOCH) // timedelta(microseconds=1) != until_us:
            yield _wrong(month, "P8", "ends at another moment")
        if at_us < until_us:
            yield _wrong(month, "P8", "was closed before it was over")
        last = f"{year - (number == 1)}-{(number + 10) % 12 + 1:02}"
        if before and before != last:
            yield _wrong(month, "P8", f"was closed after {before}")
        before = month
        if hashlib.sha256(balances.encode()).hexdigest() != sha256:
            yield _wrong(month, "P8", "has another digest")
        if any(count for _, count in json.loads(checks)):
            yield _wrong(month, "P8", "was closed with something open")


def carried_as_transferred(db: Connection) -> Iterator[Violation]:
    """M3: what a month ended with is the sum of all transfers until then."""
    balances: Counter[tuple[str, int]] = Counter()
    last = 0
    closed = "SELECT month, until_us, balances FROM closings ORDER BY until_us"
    for month, until_us, told in ask(db, closed):
        (row,) = ask(
            db, "SELECT MAX(seq) AS seq FROM journal WHERE at_us < :t", t=until_us
        )
        moved = ask(db, _MOVED, after=last, last=row.seq or 0)
        for who, pocket, asset, amount in moved:
            place = MEMBERS[pocket] if who > 0 else HOUSES.get((who, pocket), "?")
            balances[place, asset] += amount
        last = row.seq or 0
        said = {(place, asset): amount for place, asset, amount in json.loads(told)}
        for key in sorted({*said, *balances}):
            if said.get(key, 0) != balances[key]:
                yield _wrong(
                    month, "M3",
                    f"ended with {said.get(key, 0)} {key[0]}; transfers make"
                    f" {balances[key]}",
                )  # fmt: skip


_MOVED = """
    SELECT CASE WHEN a.owner > 0 THEN 1 ELSE a.owner END AS who, a.pocket, a.asset,
           SUM(CASE WHEN t.credit = a.id THEN t.amount ELSE -t.amount END) AS amount
    FROM transfers t JOIN accounts a ON a.id = t.credit OR a.id = t.debit
    WHERE t.seq > :after AND t.seq <= :last AND a.asset < 1000
    GROUP BY 1, a.pocket, a.asset
"""


def nothing_after_the_close(db: Connection) -> Iterator[Violation]:
    """P8: no record that came after a close is dated before it."""
    found = ask(
        db,
        """
        SELECT c.month, j.seq FROM closings c
        JOIN journal j ON j.seq > c.seq AND j.at_us < c.until_us
        ORDER BY c.month, j.seq
        """,
    )
    for month, seq in found:
        yield _wrong(month, "P8", f"was closed before record {seq} of it")


def reversed_with_a_code(db: Connection) -> Iterator[Violation]:
    """P8: a correction has a reversal code just if the month it is of was closed."""
    found = ask(
        db,
        """
        SELECT m.id, m.month, m.code,
               (SELECT MAX(c.month) FROM closings c WHERE c.seq < m.seq) AS closed
        FROM mendings m ORDER BY m.id
        """,
    )
    for number, month, code, closed in found:
        if bool(month) != bool(code) or (month and (not closed or month > closed)):
            yield Violation(
                "P8", f"Correction {number} has code {code!r} of month {month!r}."
            )


def _wrong(month: str, code: str, what: str) -> Violation:
    return Violation(code, f"The month {month} {what}.")
