"""Audits of all records: run from the command line or the desk, their outcome kept.

The close of a month asks for one that was made after the month was over and found
nothing. The checks read one moment of the records; the exchange may go on meanwhile.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, func, insert, select

from marketplace.transparency import Log
from settlement import clock
from settlement.closing_tables import audits
from settlement.errors import Refusal
from settlement.invariants import (
    CHECKS,
    Progress,
    Violation,
    count_rows,
    snapshot,
    violations,
)
from settlement.tables import journal

ROWS_MAX = 300_000  # that a page has checked while somebody waits for it
SAID_MAX = 20  # violations that are kept as sentences
PUBLISHED = "what was published of the journal"


@dataclass(eq=False)
class TooManyRows(Refusal):
    """These are too many records for a page; the operator runs the audit instead."""

    rows: int
    rows_max: int


class Outcome(NamedTuple):
    """What an audit found: up to which record, over how many rows."""

    at_us: int
    seq: int
    rows: int
    found: list[Violation]


def _tell_nobody(_progress: Progress) -> None:
    """Report to nobody."""


def examine(
    reads: Engine,
    log: Log,
    report: Callable[[Progress], None] = _tell_nobody,
    most: int | None = None,
) -> Outcome:
    """Check everything; TooManyRows if there are more than *most*."""
    with snapshot(reads) as db:
        rows = count_rows(db)
        if most is not None and rows > most:
            raise TooManyRows(rows, most)
        at_us = clock.now_us()
        seq = db.scalar(select(func.max(journal.c.seq))) or 0
        found = list(violations(db, report=report))
        report(Progress(len(CHECKS), len(CHECKS) + 1, PUBLISHED))
        found += [Violation("A2", said) for said in log.breaks(db)]
    return Outcome(at_us, seq, rows, found)


def keep(db: Connection, outcome: Outcome, by: int | None = None) -> None:
    """Keep what an audit found."""
    said = [list(one) for one in outcome.found[:SAID_MAX]]
    db.execute(
        insert(audits).values(
            at_us=outcome.at_us,
            by_user=by,
            seq=outcome.seq,
            rows=outcome.rows,
            violations=len(outcome.found),
            said=json.dumps(said, ensure_ascii=False),
        )
    )


def latest(db: Connection) -> Row[Any] | None:
    """Return the audit that was made last, or None."""
    return db.execute(select(audits).order_by(audits.c.id.desc()).limit(1)).first()
