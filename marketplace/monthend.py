"""The end of a month at the settlement desk: what is open, its figures, its close."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, String, and_, cast, func, or_, select

from marketplace import auditing
from marketplace.members.users import User
from marketplace.payments.tables import bank_lines, breaks, foreign_lines
from marketplace.services import Services
from marketplace.trading import closings, feebills, summaries
from marketplace.trading.billing import InvoiceFees
from marketplace.trading.closing import ClosePeriod, bounds
from marketplace.trading.closings import Line, Waiting
from marketplace.trading.control import Decide, Propose
from marketplace.trading.timetable import EAST_US
from settlement import clock
from settlement.closings import CHECKLIST, CloseProposed, NotInTurn, NotReady
from settlement.cycle_tables import obligations


class MonthEnd(NamedTuple):
    """A month: its figures, whether it is closed, and what of it is open if not."""

    month: str
    from_us: int
    until_us: int
    closed: Row[Any] | None
    next: str  # the month that is closed next; "" before the first record
    lines: list[Line]
    checks: tuple[tuple[str, int], ...]  # of CHECKLIST; () once it is closed
    audit: Row[Any] | None
    waiting: list[Waiting]
    invoiced: int  # invoices for the fees of the month, and how many lack
    uninvoiced: int

    @property
    def is_over(self) -> bool:
        """Tell whether the month has ended."""
        return self.until_us <= clock.now_us()

    @property
    def may_close(self) -> bool:
        """Tell whether its close may be proposed now."""
        return (
            self.is_over
            and self.month == self.next
            and not self.waiting
            and not any(count for _, count in self.checks)
        )


def named(at_us: int) -> str:
    """Return the month of the exchange's calendar of a moment, as ``2026-11``."""
    return f"{clock.moment(at_us + EAST_US):%Y-%m}"


def following(db: Connection) -> str:
    """Return the month that is closed next; none before the first record."""
    first = closings.first_us(db)
    return "" if first is None else closings.after(db, named(first))


def of_month(db: Connection, month: str) -> MonthEnd:
    """Return a month as the desk sees it; WrongOrder for what is no month."""
    from_us, until_us = bounds(month)
    closed = closings.get(db, month)
    during = summaries.span(db, from_us, until_us)
    lacking = len(feebills.due(db, month, during)) if closed else 0
    return MonthEnd(
        month, from_us, until_us, closed, following(db),
        closings.lines(db, during, closed),
        () if closed else checklist(db, month), auditing.latest(db),
        closings.waiting(db), feebills.count(db, month), lacking,
    )  # fmt: skip


def checklist(db: Connection, month: str) -> tuple[tuple[str, int], ...]:
    """Return how much of each item is open, in the order of CHECKLIST."""
    _, until_us = bounds(month)
    last_day = f"{clock.moment(until_us + EAST_US - clock.DAY_US):%Y-%m-%d}"
    audit = auditing.latest(db)
    made = audit is not None and audit.at_us >= until_us
    found = {
        "unsettled": _count(
            db, obligations, obligations.c.state == "due",
            obligations.c.due_us < until_us,
        ),
        "proposals": closings.others_waiting(db, until_us),
        "breaks": _count(db, breaks, breaks.c.how == "", _of_before(until_us)),
        "bank_lines": _unmatched(db, last_day),
        "audit": audit.violations if audit is not None and made else 1,
    }  # fmt: skip
    return tuple((item, found[item]) for item in CHECKLIST)


def _of_before(until_us: int) -> Any:
    """Tell whether a break was found, or is of a line, from before a moment."""
    lines = select(foreign_lines.c.line).where(foreign_lines.c.at_us < until_us)
    return or_(breaks.c.found_us < until_us, breaks.c.subject.in_(lines))


def _unmatched(db: Connection, last_day: str) -> int:
    """Return how many bank lines up to a day are of nothing, and not corrected."""
    mended = select(breaks.c.subject).where(
        breaks.c.cause.like("bank_%"), breaks.c.how == "corrected"
    )
    return _count(
        db, bank_lines,
        and_(bank_lines.c.kind == "", bank_lines.c.day <= last_day),
        cast(bank_lines.c.id, String).not_in(mended),
    )  # fmt: skip


def _count(db: Connection, table: Any, *which: Any) -> int:
    query = select(func.count()).select_from(table).where(*which)
    return int(db.scalar(query) or 0)


def examine(parts: Services, who: User) -> None:
    """Audit everything for the close; TooManyRows if that would take too long."""
    outcome = auditing.examine(parts.reads, parts.log, most=auditing.ROWS_MAX)
    with parts.writes.begin() as db:
        auditing.keep(db, outcome, who.id)


def propose(
    parts: Services, month: str, reason: str, who: User, key: str | None = None
) -> int:
    """Propose the close of a month; the proposal's number.

    NotReady if something of it is open, CloseProposed if a close waits already,
    NotInTurn unless it is the next: the first is that of the first record.
    """
    with parts.reads.connect() as db:
        found = of_month(db, month)
    if found.closed is not None or found.waiting:
        raise CloseProposed(month)
    if month != found.next:
        raise NotInTurn(month)
    _check_ready(found.checks)
    values = month, closings.told(found.lines), found.checks
    made = parts.gateway.submit(
        Propose(who.id, ClosePeriod.__name__, values, reason), key
    )
    return int(made.result)


def invoice(parts: Services, month: str, who: User, key: str | None = None) -> int:
    """Issue the next invoices for the fees of a closed month; how many."""
    with parts.reads.connect() as db:
        during = summaries.span(db, *bounds(month))
        bills = feebills.bills(db, month, during)
    if not bills:
        return 0
    return int(parts.gateway.submit(InvoiceFees(who.id, month, bills), key).result)


def decide(parts: Services, number: int, *, approve: bool, who: User) -> str:
    """Close the month that somebody else proposed, or turn that down; the month."""
    with parts.reads.connect() as db:
        one = closings.proposed(db, number)
        checks = checklist(db, one.month) if approve else ()
    _check_ready(checks)
    parts.gateway.submit(Decide(who.id, number, approve))
    return one.month


def _check_ready(checks: tuple[tuple[str, int], ...]) -> None:
    for item, count in checks:
        if count:
            raise NotReady(item, count)
