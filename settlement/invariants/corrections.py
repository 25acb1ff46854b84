"""Invariants of corrections: one transfer each, by two persons."""

from collections.abc import Iterator

from sqlalchemy import Connection

from settlement.invariants.violation import Violation, ask


def corrected_by_two(db: Connection) -> Iterator[Violation]:
    """A6, S3: each correction was proposed by one person and approved by another."""
    found = ask(
        db,
        """
        SELECT c.id, c.proposed_by, p.by_user, p.decided_by, p.state
        FROM mendings c
        LEFT JOIN proposals p ON p.decided_seq = c.seq AND p.kind = 'Correct'
        ORDER BY c.id
        """,
    )
    for row in found:
        approved = row.state == "approved" and row.by_user == row.proposed_by
        if not approved or row.decided_by == row.by_user:
            yield Violation("A6", f"Correction {row.id} was not approved by a second.")


def corrected_once(db: Connection) -> Iterator[Violation]:
    """M6: each correction moved its amount once, and nothing else is called one."""
    found = ask(
        db,
        """
        SELECT c.id, c.amount, COUNT(t.id) AS moves,
               COALESCE(SUM(t.amount), 0) AS moved,
               COALESCE(MAX(CASE WHEN t.seq <> c.seq OR d.asset <> c.currency
                    OR (d.owner > 0 AND k.owner > 0) THEN 1 END), 0) AS odd
        FROM mendings c
        LEFT JOIN transfers t ON t.reason = 'correction' AND t.subject = c.id
        LEFT JOIN accounts d ON d.id = t.debit LEFT JOIN accounts k ON k.id = t.credit
        GROUP BY c.id, c.amount ORDER BY c.id
        """,
    )
    for row in found:
        if row.moves != 1 or row.moved != row.amount or row.odd:
            yield Violation("M6", f"Correction {row.id} moved {row.moved} otherwise.")
    stray = """
        SELECT id FROM transfers WHERE reason = 'correction'
        AND subject NOT IN (SELECT id FROM mendings) ORDER BY id
    """
    for (number,) in ask(db, stray):
        yield Violation("M6", f"Transfer {number} is a correction of nothing.")
