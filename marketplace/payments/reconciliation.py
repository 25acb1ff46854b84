"""Reconciliation, line by line: orders and rights, the ledger, provider and bank.

Each difference is a break with a cause and, where money is to be moved, a journal that
is proposed by one person and approved by another (features N25). What is not a break is
explained; the unexplained difference of a rail is zero (reliability P1, G11).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update

from marketplace.payments.tables import bank_lines, breaks, foreign_lines, statements
from marketplace.trading.timetable import EAST_US
from settlement import clock, ids
from settlement.errors import NotFound
from settlement.invariants import trades as trade_checks
from settlement.ledger import PROVIDER
from settlement.money import BY_ASSET, BY_CODE
from settlement.payments.tables import cards, mendings, provider_lines
from settlement.store import PAGE_MAX
from settlement.tables import OPEN_POCKET, accounts, arrivals, payins, payouts

CUT_OFF_US = clock.DAY_US  # after which both sides must have a thing
CUT_OFF_DAYS = 2  # of a statement's end: banks book later than we do
# Cause → which accounts the proposed journal takes from and gives to, by the sign of
# the amount: what came, what went. None: nothing to book, something to look into.
JOURNALS: dict[str, tuple[tuple[str, str] | None, tuple[str, str] | None]] = {
    "card_mismatch": (("provider", "suspense"), ("costs", "provider")),
    "not_found": (("provider", "suspense"), ("costs", "provider")),
    "unknown_kind": (("provider", "suspense"), ("costs", "provider")),
    "unknown_currency": (None, None),
    "not_at_provider": (None, None),
    "bank_unknown": (("bank", "suspense"), ("costs", "bank")),
    "bank_amount": (("bank", "member"), ("costs", "bank")),
    "bank_twice": (("bank", "member"), ("costs", "bank")),
    "bank_returned": (("bank", "member"), ("costs", "bank")),
    "bank_refused": (("bank", "suspense"), ("costs", "bank")),
    "credit_missing": (("member", "bank"), None),
    "debit_missing": (None, ("bank", "member")),
    "trade": (None, None),
}
MEMBER_UNKNOWN = "suspense"  # where money lies until we know whose it is
_DOUBTS = {"unknown", "amount", "twice", "returned"}


class Found(NamedTuple):
    """A difference as it stands now."""

    cause: str
    subject: str
    rail: str
    currency: str
    amount: int
    member: int
    said: str


class Rail(NamedTuple):
    """A provider's or bank's side against ours, in one currency, minor units."""

    rail: str
    currency: str
    theirs: int
    ours: int
    waiting: int  # of breaks that are open

    @property
    def unexplained(self) -> int:
        """Return what is neither booked nor a break: it must be zero."""
        return self.theirs - self.ours - self.waiting


def run(db: Connection) -> tuple[int, int]:
    """Find what does not agree now; how many breaks are new, and how many ended."""
    _end_corrected(db)
    found = {(one.cause, one.subject): one for one in find(db)}
    known = {(row.cause, row.subject): row for row in db.execute(select(breaks))}
    at_us = clock.now_us()
    new = [one for key, one in found.items() if key not in known]
    if new:
        values = [one._asdict() | {"found_us": at_us, "how": ""} for one in new]
        db.execute(insert(breaks), values)
    cleared = [row.id for key, row in known.items() if not row.how and key not in found]
    again = [
        row.id for key, row in known.items() if row.how == "cleared" and key in found
    ]
    for numbers, how, ended_us in ((cleared, "cleared", at_us), (again, "", None)):
        if numbers:
            which = breaks.c.id.in_(numbers)
            db.execute(update(breaks).where(which).values(how=how, ended_us=ended_us))
    return len(new), len(cleared)


def _end_corrected(db: Connection) -> None:
    mended = select(mendings.c["break"])
    db.execute(
        update(breaks)
        .where(breaks.c.how == "", breaks.c.id.in_(mended))
        .values(how="corrected", ended_us=clock.now_us())
    )


def find(db: Connection) -> Iterator[Found]:
    """Yield every difference there is, corrected ones too."""
    yield from _of_cards(db)
    yield from _of_bank(db)
    yield from _missing(db)
    for check in (trade_checks.settled_once, trade_checks.delivery_against_payment):
        for violation in check(db):
            yield Found("trade", violation.sentence, "trade", "", 0, 0, violation.code)


def _of_cards(db: Connection) -> Iterator[Found]:
    f = foreign_lines.c
    refused = select(foreign_lines).where(f.refused != "")
    for row in db.execute(refused.order_by(f.at_us, f.line)):
        cause = row.refused if row.refused in JOURNALS else "card_mismatch"
        said = f"{row.kind} {row.reference} {row.payin}".strip()
        net = row.amount - row.fee
        yield Found(cause, row.line, "card", row.currency, net, 0, said)
    p = provider_lines.c
    late = p.at_us < clock.now_us() - CUT_OFF_US
    query = select(provider_lines).where(late, p.line.not_in(select(f.line)))
    for row in db.execute(query):
        code = BY_ASSET[row.currency].code
        net = row.amount - row.fee
        yield Found("not_at_provider", row.line, "card", code, -net, 0, row.kind)


def _of_bank(db: Connection) -> Iterator[Found]:
    waits = select(bank_lines).where(bank_lines.c.kind == "")
    for row in db.execute(waits.order_by(bank_lines.c.id)).all():
        cause = f"bank_{row.doubt if row.doubt in _DOUBTS else 'refused'}"
        said = f"{row.day} {row.party} {row.text}".strip()
        member = _member_of(db, row) if JOURNALS[cause][0] == ("bank", "member") else 0
        code = BY_ASSET[row.currency].code
        yield Found(cause, str(row.id), "bank", code, row.amount, member, said)


def _member_of(db: Connection, line: Row[Any]) -> int:
    table = payouts if line.doubt == "returned" or line.amount < 0 else payins
    return db.scalar(select(table.c.member).where(table.c.id == line.subject)) or 0


def _missing(db: Connection) -> Iterator[Found]:
    """Yield what was booked by hand in days that a statement covers, without a line."""
    covered = select(
        statements.c.currency,
        func.min(statements.c.from_day).label("first"),
        func.max(statements.c.to_day).label("last"),
    ).group_by(statements.c.currency)
    for currency, first, last in db.execute(covered).all():
        for kind, table, state in (
            ("payin", payins, "succeeded"),
            ("payout", payouts, "paid"),
        ):
            for row in db.execute(_unlined(kind, table, state, currency)):
                day_us = row.at_us + EAST_US
                day = clock.moment(day_us).date().isoformat()
                done = clock.moment(day_us + CUT_OFF_DAYS * clock.DAY_US)
                if not first <= day or not done.date().isoformat() <= last:
                    continue
                cause = "credit_missing" if kind == "payin" else "debit_missing"
                sign = 1 if kind == "payin" else -1
                yield Found(
                    cause, ids.encode(kind, row.id), "bank", BY_ASSET[currency].code,
                    sign * row.amount, row.member, day,
                )  # fmt: skip


def _unlined(kind: str, table: Any, state: str, currency: int) -> Select[Any]:
    lined = select(bank_lines.c.subject).where(bank_lines.c.kind == kind)
    query = (
        select(table.c.id, table.c.member, table.c.amount, arrivals.c.at_us)
        .join(
            arrivals,
            and_(
                arrivals.c.kind == kind,
                arrivals.c.subject == table.c.id,
                arrivals.c.state == state,
            ),
        )
        .where(table.c.state == state, table.c.currency == currency)
        .where(table.c.id.not_in(lined))
    )
    if kind == "payin":
        query = query.where(table.c.id.not_in(select(cards.c.payin)))
    return query


def rails(db: Connection) -> list[Rail]:
    """Return every rail's two sides, line sums against the ledger."""
    f, b = foreign_lines.c, bank_lines.c
    theirs = select(f.currency, func.sum(f.amount - f.fee)).group_by(f.currency)
    found: dict[tuple[str, str], list[int]] = {}
    for code, amount in db.execute(theirs):
        found.setdefault(("card", code), [0, 0, 0])[0] = int(amount)
    ours = select(accounts.c.asset, -accounts.c.balance).where(
        accounts.c.owner == PROVIDER, accounts.c.pocket == OPEN_POCKET
    )
    for asset, amount in db.execute(ours):
        found.setdefault(("card", BY_ASSET[asset].code), [0, 0, 0])[1] = int(amount)
    lines = select(b.currency, b.kind, func.sum(b.amount)).group_by(b.currency, b.kind)
    for asset, kind, amount in db.execute(lines):
        sides = found.setdefault(("bank", BY_ASSET[asset].code), [0, 0, 0])
        sides[0] += int(amount)
        if kind:
            sides[1] += int(amount)
    _count_breaks(db, found)
    return [Rail(*key, *sides) for key, sides in sorted(found.items())]


def _count_breaks(db: Connection, found: dict[tuple[str, str], list[int]]) -> None:
    lined = or_(breaks.c.rail == "card", breaks.c.cause.like("bank_%"))
    query = (
        select(
            breaks.c.rail, breaks.c.currency, breaks.c.how, func.sum(breaks.c.amount)
        )
        .where(breaks.c.how != "cleared", lined)
        .group_by(breaks.c.rail, breaks.c.currency, breaks.c.how)
    )
    for rail, code, how, amount in db.execute(query):
        sides = found.setdefault((rail, code), [0, 0, 0])
        if how == "":
            sides[2] += int(amount)
        elif rail == "bank":  # a correction has booked it
            sides[1] += int(amount)


def open_breaks(db: Connection, after: int | None = None) -> list[Row[Any]]:
    """Return a page of the open breaks, oldest first."""
    query = select(breaks).where(breaks.c.how == "").order_by(breaks.c.id)
    if after is not None:
        query = query.where(breaks.c.id > after)
    return list(db.execute(query.limit(PAGE_MAX)))


def ended_breaks(db: Connection) -> list[Row[Any]]:
    """Return the breaks that ended last."""
    query = select(breaks).where(breaks.c.how != "").order_by(breaks.c.ended_us.desc())
    return list(db.execute(query.limit(20)))


def get(db: Connection, number: int) -> Row[Any]:
    """Return one break; NotFound if there is none."""
    row = db.execute(select(breaks).where(breaks.c.id == number)).first()
    if row is None:
        raise NotFound("break", ids.encode("break", max(0, number)))
    return row


def journal_of(row: Row[Any]) -> tuple[str, str] | None:
    """Return the accounts of the journal that would mend a break, or None."""
    if row.currency not in BY_CODE or not row.amount:
        return None
    came, went = JOURNALS[row.cause]
    sides = came if row.amount > 0 else went
    if sides is None or row.member:
        return sides
    debit, credit = (MEMBER_UNKNOWN if side == "member" else side for side in sides)
    return debit, credit


def own(db: Connection, number: int, user: int) -> None:
    """Note who takes care of a break."""
    db.execute(update(breaks).where(breaks.c.id == number).values(owner=user))


def note_proposal(db: Connection, number: int, proposal: int | None) -> None:
    """Note which proposal would mend a break."""
    db.execute(update(breaks).where(breaks.c.id == number).values(proposal=proposal))
