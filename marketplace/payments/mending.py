"""Mending a break: a journal that one person proposes and another decides."""

import json
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from marketplace.members.users import User
from marketplace.payments import reconciliation
from marketplace.payments.tables import bank_lines, foreign_lines
from marketplace.services import Services
from marketplace.trading import closings
from marketplace.trading.control import Decide, Propose
from marketplace.trading.tables import proposals as proposals_table
from marketplace.trading.timetable import EAST_US
from settlement import clock
from settlement.corrections import LIMITS, MEMBER, may
from settlement.errors import Forbidden, IllegalMove, NotFound
from settlement.ids import encode
from settlement.money import BY_CODE
from settlement.payments.tables import provider_lines


def propose(
    parts: Services,
    number: int,
    journal: tuple[str, str],
    reason: str,
    who: User,
    code: str = "",
) -> int:
    """Propose a journal for a break; the proposal's number.

    *code* says why, one of `corrections.REVERSALS`, where the break is of a month that
    is closed: WrongOrder if it lacks one, or has one without need.

    Forbidden above the limit of the person's roles, IllegalMove if one waits already.
    """
    with parts.reads.connect() as db:
        row = reconciliation.get(db, number)
        month = closed_month(db, row)
    if row.how or row.proposal is not None or row.currency not in BY_CODE:
        raise IllegalMove("break", row.how or "proposed", "propose")
    _check_limit(row, who)
    member = row.member if MEMBER in journal else 0
    asset = BY_CODE[row.currency].asset
    values: tuple[Any, ...] = (number, *journal, member, asset, abs(row.amount))
    if month or code:
        values = (*values, month, code)
    made = parts.gateway.submit(Propose(who.id, "Correct", values, reason)).result
    with parts.writes.begin() as db:
        reconciliation.note_proposal(db, number, made)
        reconciliation.own(db, number, who.id)
    return int(made)


def decide(parts: Services, number: int, *, approve: bool, who: User) -> None:
    """Carry out, or turn down, what was proposed for a break; OwnWork, Forbidden."""
    with parts.reads.connect() as db:
        row = reconciliation.get(db, number)
    if row.proposal is None or row.how:
        raise NotFound("proposal", encode("proposal", 0))
    if approve:
        _check_limit(row, who)
    parts.gateway.submit(Decide(who.id, row.proposal, approve))
    with parts.writes.begin() as db:
        if not approve:
            reconciliation.note_proposal(db, number, None)
        reconciliation.run(db)


def _check_limit(row: Row[Any], who: User) -> None:
    exponent = BY_CODE[row.currency].exponent
    if not may(who.roles, abs(row.amount), exponent):
        raise Forbidden(" / ".join(LIMITS))


def closed_month(db: Connection, row: Row[Any]) -> str:
    """Return the closed month that a break is of; nothing if it is of an open one."""
    day = _day_of(db, row)
    closed = closings.last(db)
    return day[:7] if closed and day[:7] <= closed else ""


def _day_of(db: Connection, row: Row[Any]) -> str:
    """Return the day of what does not agree; of the break itself where none is told."""
    if row.cause.startswith("bank_"):
        query = select(bank_lines.c.day).where(bank_lines.c.id == int(row.subject))
        return str(db.scalar(query) or "")
    if row.cause in ("credit_missing", "debit_missing"):
        return str(row.said)
    at_us = row.found_us
    for table in (foreign_lines, provider_lines):
        query = select(table.c.at_us).where(table.c.line == row.subject)
        at_us = db.scalar(query) or at_us
    return f"{clock.moment(at_us + EAST_US):%Y-%m-%d}"


class Waiting(NamedTuple):
    """A proposed journal: by whom, why, which accounts."""

    by_user: int
    reason: str
    debit: str
    credit: str


def proposals(db: Connection, numbers: Collection[int]) -> dict[int, Waiting]:
    """Return the proposed journals by the proposal's number."""
    which = proposals_table.c.id.in_(numbers)
    found = db.execute(select(proposals_table).where(which))
    return {
        row.id: Waiting(row.by_user, row.reason, *json.loads(row.body)[1:3])
        for row in found
    }
