"""Bank statements taken in: each line once, matched by what it carries, else a break.

A line that names a pay-in confirms it in the name of whoever brought the statement, so
that the rule of two persons holds as it does by hand; one that names a payout says that
it was paid. What matches nothing waits for somebody as a break.
"""

from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, Row, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from marketplace.payments.tables import bank_lines, statements
from marketplace.trading.cashing import ConfirmPayin, PayPayout
from marketplace.trading.gateway import Gateway
from settlement import clock
from settlement.errors import Busy, ExchangeHalted, OutcomeUnknown, Refusal
from settlement.money import BY_CODE
from settlement.payments import bank
from settlement.payments.bank import NotAStatement, Statement
from settlement.payments.tables import provider_lines
from settlement.tables import payins, payouts

SHOWN_MAX = 50
RETURNED = ("RETURN", "RJCT", "REJT", "退汇", "退回")  # how banks say it


class Parts(Protocol):
    """What is needed to take a statement in."""

    @property
    def reads(self) -> Engine:
        """Where the records are read."""

    @property
    def writes(self) -> Engine:
        """Where the lines are kept."""

    @property
    def gateway(self) -> Gateway:
        """The one door."""


class Desk(NamedTuple):
    """Parts without the rest of the services."""

    reads: Engine
    writes: Engine
    gateway: Gateway


class Matched(NamedTuple):
    """What a line is of: a kind and a number; or why it is not known."""

    kind: str  # payin, payout, provider; "" if none
    number: int
    doubt: str  # "" if all fits


def take(parts: Parts, content: bytes, by: int) -> int:
    """Take a statement in and match its lines; its number.

    NotAStatement for a file that is none, is known, or repeats a known line.
    """
    statement = bank.read(content)
    with parts.writes.begin() as db:
        number = _keep(db, statement, sha256(content).hexdigest(), by)
    match(parts, by)
    return number


def _keep(db: Connection, statement: Statement, digest: str, by: int) -> int:
    asset = BY_CODE[statement.currency].asset
    days = [line.day for line in statement.lines]
    try:
        with db.begin_nested():
            number = db.execute(
                insert(statements)
                .values(
                    sha256=digest, name=statement.name[:200], currency=asset,
                    opening=statement.opening, closing=statement.closing,
                    from_day=min(days), to_day=max(days), by_user=by,
                    taken_us=clock.now_us(),
                )
                .returning(statements.c.id)
            ).scalar_one()  # fmt: skip
            db.execute(
                insert(bank_lines),
                [
                    {
                        "statement": number, "reference": line.reference,
                        "currency": asset, "day": line.day, "amount": line.amount,
                        "text": line.text, "party": line.party, "kind": "",
                        "subject": 0, "doubt": "new",
                    }
                    for line in statement.lines
                ],
            )  # fmt: skip
    except IntegrityError:
        raise NotAStatement("known", 0) from None
    return int(number)


def match(parts: Parts, by: int) -> int:
    """Match the lines that are of nothing yet; how many now are."""
    with parts.reads.connect() as db:
        waits = select(bank_lines).where(bank_lines.c.kind == "")
        waiting = list(db.execute(waits.order_by(bank_lines.c.id)))
    done = 0
    for line in waiting:
        with parts.reads.connect() as db:
            found = find(db, line)
        if found.kind and not found.doubt:
            found = _act(parts, line, found, by)
        with parts.writes.begin() as db:
            _note(db, line.id, found)
        done += bool(found.kind and not found.doubt)
    return done


def find(db: Connection, line: Row[Any]) -> Matched:
    """Return what a line is of, by its reference; the amount must fit exactly (P3)."""
    if line.amount > 0:
        number = bank.payin_in(line.text)
        if number is not None:
            return _judge(db, line, "payin", payins, number)
        returned = bank.payout_in(line.text)
        said = line.text.upper()
        if returned is not None and any(word in said for word in RETURNED):
            return Matched("", returned, "returned")
        return _from_provider(db, line)
    number = bank.payout_in(line.text)
    if number is not None:
        return _judge(db, line, "payout", payouts, number)
    return Matched("", 0, "unknown")


def _judge(
    db: Connection, line: Row[Any], kind: str, table: Any, number: int
) -> Matched:
    found = db.execute(select(table).where(table.c.id == number)).first()
    if found is None:
        return Matched("", 0, "unknown")
    if (found.currency, found.amount) != (line.currency, abs(line.amount)):
        return Matched("", number, "amount")
    taken = select(func.count()).where(
        bank_lines.c.kind == kind, bank_lines.c.subject == number
    )
    if db.scalar(taken):
        return Matched("", number, "twice")
    return Matched(kind, number, "")


def _from_provider(db: Connection, line: Row[Any]) -> Matched:
    """Find the provider's payout of the same amount that no line is of yet."""
    p, known = provider_lines.c, bank_lines.c
    query = select(p.id).where(
        p.kind == "payout",
        p.currency == line.currency,
        p.amount == -line.amount,
        p.id.not_in(select(known.subject).where(known.kind == "provider")),
    )
    number = db.scalar(query.order_by(p.id).limit(1))
    return Matched("provider", number, "") if number else Matched("", 0, "unknown")


def _act(parts: Parts, line: Row[Any], found: Matched, by: int) -> Matched:
    """Confirm the pay-in, or record the payout as paid, unless somebody has."""
    table = payins if found.kind == "payin" else payouts
    if found.kind == "provider":
        return found
    with parts.reads.connect() as db:
        state = db.scalar(select(table.c.state).where(table.c.id == found.number))
    waits = {"payin": "created", "payout": "approved"}[found.kind]
    if state in ("failed", "cancelled", "requested"):
        return Matched("", found.number, str(state))
    if state != waits:
        return found
    command = ConfirmPayin if found.kind == "payin" else PayPayout
    try:
        parts.gateway.submit(command(by, found.number), f"bank-{line.id}-{by}")
    except (Busy, ExchangeHalted, OutcomeUnknown):
        return Matched("", found.number, "busy")  # at the next match
    except Refusal as refusal:
        return Matched("", found.number, refusal.code)
    return found


def _note(db: Connection, line: int, found: Matched) -> None:
    db.execute(
        update(bank_lines)
        .where(bank_lines.c.id == line)
        .values(kind=found.kind, subject=found.number, doubt=found.doubt)
    )


def latest(db: Connection) -> list[Row[Any]]:
    """Return the newest statements with how many of their lines are matched."""
    matched = func.sum(case((bank_lines.c.kind != "", 1), else_=0))
    lines = func.count(bank_lines.c.id)
    query = (
        select(statements, lines.label("lines"), matched.label("matched"))
        .join(bank_lines, bank_lines.c.statement == statements.c.id)
        .group_by(*statements.c)
        .order_by(statements.c.id.desc())
    )
    return list(db.execute(query.limit(SHOWN_MAX)))


def unmatched(db: Connection, statement: int) -> int:
    """Return how many lines of a statement are of nothing yet."""
    which = (bank_lines.c.statement == statement) & (bank_lines.c.kind == "")
    query = select(func.count()).select_from(bank_lines).where(which)
    return int(db.scalar(query) or 0)
