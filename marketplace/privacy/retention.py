"""Retention: which records are kept how long, by which rule, and what is due.

The periods are those of the law and of the exchange's own rules (domain §2). What is
chained, counted or proved is never taken away; of the rest, rows are erased by class
once two persons decided it.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    func,
    select,
    tuple_,
)

from listings.marking import N_
from listings.registration.tables import opinions
from listings.tables import registrations
from marketplace.approvals.tables import approvals
from marketplace.community.tables import looks, notices
from marketplace.members.tables import profile_requests, sessions, verifications
from marketplace.privacy.tables import text_keys
from settlement import clock
from settlement.errors import NotFound, Refusal
from settlement.tables import trades

AT_ONCE = 10_000  # rows that one transaction erases: the market waits meanwhile
YEAR_DAYS = 366  # never a day too early
TEXTS_US = 3 * YEAR_DAYS * clock.DAY_US  # E-commerce Law 31: after the last of them


@dataclass(eq=False)
class NothingErased(Refusal):
    """Of these records nothing is erased: they are kept as they are."""

    kept: str


class Class(NamedTuple):
    """Records of one kind, the period they are kept, and the rule that says so."""

    code: str
    name: str
    what: str
    days: int
    rule: str
    table: Table
    at: ColumnElement[Any]  # from when on the period runs; null: not yet
    erased: bool = False  # whether it is ever taken away

    @property
    def period_us(self) -> int:
        """Return how long it is kept."""
        return self.days * clock.DAY_US


class Due(NamedTuple):
    """How much there is of a class, and how much of it is older than its period."""

    of: Class
    rows: int
    due: int
    oldest_us: int | None
    until_us: int  # what is from before may go


_ended = func.coalesce(sessions.c.revoked_us, sessions.c.expires_us)
_over = func.coalesce(approvals.c.decided_us, approvals.c.expires_us)
CLASSES = (
    Class(
        "trades",
        N_("Trades, contracts and the journal"),
        N_("Never erased: the chain and its proofs rest on every record."),
        30 * YEAR_DAYS,
        N_("Shenzhen rules on registration: evidence 30 years; E-commerce Law 31: 3"),
        trades,
        trades.c.at_us,
    ),
    Class(
        "texts",
        N_("What people wrote into records"),
        N_("Sealed under each person's key, which goes once the person is erased."),
        3 * YEAR_DAYS,
        N_("E-commerce Law 31: 3 years; Personal Information Protection Law 47"),
        text_keys,
        text_keys.c.used_us,
    ),
    Class(
        "registrations",
        N_("Registrations and their certificates"),
        N_("Never erased: a certificate can be verified as long as anybody has it."),
        30 * YEAR_DAYS,
        N_("Shenzhen rules on registration: 30 years"),
        registrations,
        registrations.c.registered_us,
    ),
    Class(
        "opinions",
        N_("Valuations and other opinions"),
        N_("Never erased: they are part of the registration."),
        30 * YEAR_DAYS,
        N_("Asset Appraisal Law 29: 15 years, statutory valuations 30"),
        opinions,
        opinions.c.at_us,
    ),
    Class(
        "verification",
        N_("Verification of members"),
        N_("Never erased: who was verified when decides which trades were lawful."),
        10 * YEAR_DAYS,
        N_("Data Security Law 33: review and trade records are kept"),
        verifications,
        verifications.c.at_us,
    ),
    Class(
        "profiles",
        N_("Requests to change a member's facts"),
        N_("Erased: what was asked, and by whom."),
        10 * YEAR_DAYS,
        N_("The exchange's rule: 10 years after the decision"),
        profile_requests,
        profile_requests.c.decided_us,
        erased=True,
    ),
    Class(
        "approvals",
        N_("Approvals inside a member"),
        N_("Erased: what a user asked a colleague for."),
        3 * YEAR_DAYS,
        N_("E-commerce Law 31: 3 years"),
        approvals,
        _over,
        erased=True,
    ),
    Class(
        "notices",
        N_("Notices"),
        N_("Erased once they have been read."),
        2 * YEAR_DAYS,
        N_("The exchange's rule: 2 years after it was read"),
        notices,
        notices.c.read_us,
        erased=True,
    ),
    Class(
        "looks",
        N_("Which listings a member looked at"),
        N_("Erased: what it saw then."),
        YEAR_DAYS,
        N_("The exchange's rule: 1 year after the last look"),
        looks,
        looks.c.at_us,
        erased=True,
    ),
    Class(
        "sessions",
        N_("Sessions of browsers"),
        N_("Erased: which browser, since when."),
        30,
        N_("The exchange's rule: 30 days after the end"),
        sessions,
        _ended,
        erased=True,
    ),
)
BY_CODE = {each.code: each for each in CLASSES}


def due(db: Connection, now_us: int) -> list[Due]:
    """Return how much of each class there is, and is due."""
    return [due_of(db, each, now_us) for each in CLASSES]


def due_of(db: Connection, each: Class, now_us: int) -> Due:
    """Return how much of one class there is, and is due."""
    until_us = max(1, now_us - each.period_us)
    ended = func.count().filter(each.at < until_us)
    query = select(func.count(), ended, func.min(each.at)).select_from(each.table)
    rows, old, oldest_us = db.execute(query).one()
    return Due(each, rows, old, oldest_us, until_us)


def erasable(code: str) -> Class:
    """Return the class; NotFound, or NothingErased if it is never taken away."""
    found = BY_CODE.get(code)
    if found is None:
        raise NotFound("class", code[:30])
    if not found.erased:
        raise NothingErased(code)
    return found


def erase(db: Connection, code: str, until_us: int) -> int:
    """Take away what a class has from before a moment; return how many rows.

    AT_ONCE at most: fewer, and nothing is left.
    """
    each = erasable(code)
    names = tuple(each.table.primary_key)
    old = select(*names).where(each.at < until_us).limit(AT_ONCE)
    gone = delete(each.table).where(tuple_(*names).in_(old))
    return int(db.execute(gone).rowcount)
