"""The clean room under a right: what may be asked, one question, what was asked.

The right is looked at before the question is run, while it runs, and by the writer
when the answer is counted; only then is the answer given. Every question is in the
log before it runs and counts for the limits of a minute and a day; what is refused,
for whatever reason, stays there, and costs nothing.
"""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, update

from listings import releases
from listings.cleanroom import asking, settings
from listings.cleanroom.asking import Answer, QueryLimit
from listings.cleanroom.expressions import NotAllowed
from listings.cleanroom.groupings import Grouped, grouped
from listings.cleanroom.settings import Settings
from listings.cleanroom.statement import TEXT_MAX
from listings.plans import Usage, charge, counted
from marketplace.delivery import files, shares
from marketplace.delivery.shares import Version
from marketplace.delivery.tables import queries
from marketplace.members.tables import members
from marketplace.members.users import User
from marketplace.members.verification import OPERATOR
from marketplace.metering import spending, standing
from marketplace.metering.standing import (
    BudgetUsedUp,
    CalledTooFast,
    PeriodUsedUp,
    UseUnpaid,
)
from marketplace.services import Services
from marketplace.trading import mandate_reads
from marketplace.trading import usage_tables as u
from marketplace.trading.commands import Deliver
from marketplace.trading.usage import charged
from marketplace.trading.using import CountUse
from settlement import clock, ids, statements, store
from settlement.entitlements import QuotaUsedUp
from settlement.errors import NotFound, Refusal
from settlement.store import Page, next_numbers
from settlement.tables import entitlements

MINUTE_MAX = 20  # questions under one right, the refused ones too
DAY_MAX = 500
UNANSWERED = "unanswered"  # why there is no answer (yet)


Named = tuple[str, Version]  # a table and what it is called


class Room(NamedTuple):
    """A right that opens a clean room, and what that shows."""

    right: Row[Any]
    terms: dict[str, Any]
    shows: Settings
    tables: tuple[Named, ...]  # of the release it was bought with

    @property
    def product(self) -> int:
        """Return the number of the product."""
        return ids.decode("product", self.terms["product"])


class Asked(NamedTuple):
    """A question that was answered: its number in the log, the answer."""

    number: int
    answer: Answer
    receipt: int | None  # None: a meter counted it


def room(db: Connection, right: Row[Any]) -> Room:
    """Return the clean room that *right* opens; NotFound if it opens none.

    Revoked if its release was.
    """
    terms = statements.terms(db, right.terms)
    if "cleanroom" not in terms or not terms.get("release"):
        raise NotFound("cleanroom", ids.encode("entitlement", right.id))
    release = releases.get(db, ids.decode("release", terms["release"]["id"]))
    if release.revoked_us is not None:
        raise releases.Revoked(release.label, release.revoked_reason or "")
    tables = tuple(shares.tables_in(db, release))
    return Room(right, terms, settings.load(terms["cleanroom"]), tables)


def groups_of(parts: Services, found: Room) -> list[Grouped]:
    """Return the room's tables as groups, made now if they never were.

    NotGrouped, NotTabular if one cannot be; Busy while others are made.
    """
    made = [group(parts, each, found.shows) for each in found.tables]
    return [each for each in made if each is not None]


def group(parts: Services, table: Named, shows: Settings) -> Grouped | None:
    """Return a table as groups; None if the room does not show it."""
    name, version = table
    shown = shows.of(name)
    if shown is None:
        return None
    prepared = version.prepared(parts)
    named = shown._replace(table=name)
    return grouped(
        *(parts.reads, parts.writes, parts.files, prepared, named, shows.least)
    )


def ask(
    parts: Services, user: User, entitlement: int, sql: str, key: str | None = None
) -> Asked:
    """Answer one question under a right of the user's member, and count it.

    NotAllowed, QueryLimit if the room does not answer it; what `files.permit` refuses;
    CalledTooFast, QuotaUsedUp, BudgetUsedUp if there may be no more of them now.
    """
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement, user.member)
        found = room(db, right)
        files.permit(db, user, right)
    begun = clock.now_us()
    number = _begin(parts, user, found, begun, sql)
    try:
        with parts.reads.connect() as db:
            _check_quota(right)
            if _afford(db, found, rows=1) is not None:
                mandate_reads.check_unbounded(db, user.id)  # it costs the member
        tables = groups_of(parts, found)
        answer = asking.ask(parts.files, tables, sql, _watch(parts, user, right))
        receipt, body = _count(parts, user, found, answer, key), answer.body()
    except Refusal as refusal:
        why = refusal.code
        if isinstance(refusal, NotAllowed | QueryLimit):
            why = refusal.why
        _end(parts, number, begun, why=why, what=getattr(refusal, "what", ""))
        raise
    names = [column["name"] for column in answer.columns]
    _end(
        *(parts, number, begun),
        why="",
        columns=json.dumps(names, ensure_ascii=False),
        rows=len(answer.rows),
        size=len(body),
        sha256=sha256(body).hexdigest(),
        receipt=receipt,
    )
    return Asked(number, answer, receipt)


def _watch(parts: Services, user: User, right: Row[Any]) -> Callable[[], None]:
    """Return what refuses as soon as the right is in force no more (invariant E2)."""

    def look() -> None:
        with parts.reads.connect() as db:
            files.permit(db, user, statements.entitlement(db, right.id))

    return look


def _check_pace(db: Connection, entitlement: int, now_us: int) -> None:
    day_us = (now_us + standing.ZONE_US) // clock.DAY_US * clock.DAY_US
    day_us -= standing.ZONE_US
    q = queries.c
    made = select(func.count()).where(q.entitlement == entitlement)
    minute = db.scalar(made.where(q.at_us > now_us - clock.MINUTE_US)) or 0
    if minute >= MINUTE_MAX:
        raise CalledTooFast("minute", MINUTE_MAX, clock.MINUTE_US // clock.SECOND_US)
    if (db.scalar(made.where(q.at_us >= day_us)) or 0) >= DAY_MAX:
        left_us = day_us + clock.DAY_US - now_us
        raise CalledTooFast("day", DAY_MAX, left_us // clock.SECOND_US + 1)


def _check_quota(right: Row[Any]) -> None:
    most = right.deliveries_max
    if most is not None and right.deliveries >= most:
        raise QuotaUsedUp(ids.encode("entitlement", right.id), most)


def _afford(db: Connection, found: Room, rows: int) -> tuple[int, Usage] | None:
    """Refuse a question that the plan has no room or no money for.

    Its period and what it is counted as; None where use is not counted.
    """
    right = found.right
    mode, plan = charged(statements.frozen(db, right.terms).body)
    if plan is None:
        return None
    period, _ = spending.period_at(plan, right.from_us, clock.now_us())
    use = Usage(1, int(rows > 0), rows)
    units, allowed, owed = spending.used(db, right.id, period)
    name, more = ids.encode("entitlement", right.id), counted(mode, use)
    if owed:
        raise UseUnpaid(name, allowed, owed)
    if plan.quota is not None and units + more > plan.quota:
        raise PeriodUsedUp(name, plan.quota)
    cost = charge(plan, units + more).total - charge(plan, units).total
    if cost > allowed:
        raise BudgetUsedUp(name, allowed)
    return period, use


def _count(
    parts: Services, user: User, found: Room, answer: Answer, key: str | None
) -> int | None:
    """Count an answer before it is given: by the plan, or as a delivery; its receipt.

    RightEnded or QuotaUsedUp as the market says; OutOfStep if another question under
    the right was counted since this one was found to be affordable.
    """
    right = found.right
    meter = f"cleanroom-{ids.encode('entitlement', right.id)}"
    with parts.reads.connect() as db:
        files.permit(db, user, statements.entitlement(db, right.id))
        known = select(u.meters.c.position).where(u.meters.c.meter == meter)
        place = db.scalar(known) or 0
        afforded = _afford(db, found, len(answer.rows))
    if afforded is None:
        body = answer.body()
        file = _file(found, answer)
        digest = sha256(body).hexdigest()
        said = Deliver(user.id, user.member, right.id, file, digest, len(body))
        return int(parts.gateway.submit(said, key).result)
    period, use = afforded
    line = (right.id, period, *use)
    parts.gateway.submit(CountUse(OPERATOR, meter, place, place + 1, (line,)))
    return None


def _file(found: Room, answer: Answer) -> int:
    """Return the number of the file that the first table of an answer comes from."""
    (name, *_) = answer.tables
    return dict(found.tables)[name].file.id


def _begin(parts: Services, user: User, found: Room, begun: int, sql: str) -> int:
    """Write a question into the log before it runs, if the pace allows it; its number.

    Looked at and written at once: two questions never take the same last place. One
    whose process ends before it is answered stays as it is, UNANSWERED.
    """
    kept = sql[:TEXT_MAX].encode("utf-8", "replace").decode().replace("\x00", "")
    with parts.writes.begin() as db:
        (number,) = next_numbers(db, queries.c.id)
        _check_pace(db, found.right.id, begun)
        facts = {
            "id": number,
            "entitlement": found.right.id,
            "product": found.product,
            "user": user.id,
            "at_us": begun,
            "took_us": 0,
            "sql": kept,
            "why": UNANSWERED,
            "what": "",
            "columns": "[]",
            "rows": 0,
            "size": 0,
            "sha256": "",
            "receipt": None,
        }
        db.execute(insert(queries).values(facts))
    return number


def _end(parts: Services, number: int, begun: int, **outcome: Any) -> None:
    """Add to the log what became of a question."""
    ended = update(queries).where(queries.c.id == number)
    with parts.writes.begin() as db:
        db.execute(ended.values(took_us=clock.now_us() - begun, **outcome))


# ── reads ──


def of_right(
    db: Connection, entitlement: int, before: int | None = None, limit: int = 20
) -> Page:
    """Return a page of the questions under a right, the newest first."""
    query = select(queries).where(queries.c.entitlement == entitlement)
    return _page(db, query, before, limit)


def text_of(db: Connection, entitlement: int, number: int) -> str:
    """Return an earlier question under a right; NotFound if there is none."""
    q = queries.c
    wanted = select(q.sql).where(q.id == number, q.entitlement == entitlement)
    found = db.scalar(wanted)
    if found is None:
        raise NotFound("query", ids.encode("query", number))
    return str(found)


def of_product(
    db: Connection, product: int, before: int | None = None, limit: int = 20
) -> Page:
    """Return a page of the questions about a product with who asked, newest first."""
    m = members.c
    query = (
        select(queries, entitlements.c.holder, m.name_zh, m.name_en)
        .join(entitlements, entitlements.c.id == queries.c.entitlement)
        .join(members, m.id == entitlements.c.holder)
        .where(queries.c.product == product)
    )
    return _page(db, query, before, limit)


def _page(db: Connection, query: Any, before: int | None, limit: int) -> Page:
    if before is not None:
        query = query.where(queries.c.id < before)
    rows = db.execute(query.order_by(queries.c.id.desc()).limit(limit + 1)).all()
    return store.page(rows, limit)
