"""Erasing: what two persons decided is carried out after the record, restartably."""

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, and_, delete, select, update

from marketplace.members.tables import api_keys, sessions, users
from marketplace.members.users import FORGOTTEN
from marketplace.metering.tables import service_keys
from marketplace.privacy import holding, retention
from marketplace.privacy.tables import erasure_results, text_keys
from marketplace.trading.control import Decide, Propose
from marketplace.trading.erasing import PERSON, AlreadyErased
from marketplace.trading.erasure_tables import erasures
from marketplace.trading.tables import proposals
from settlement import clock, ids
from settlement.errors import NotFound, OwnWork
from settlement.store import PAGE_MAX, in_turn, upsert

STEP_S = 5.0
ERASERS = ("registrar", "admin")  # who may propose, and decide
KIND = "Erase"
NOBODY = "已删除 / erased"  # instead of a name, in either language
NOTHING = "$argon2id$"  # no hash of any password; the user is shut out besides
_e, _k, _r = erasures.c, text_keys.c, erasure_results.c


class Waiting(NamedTuple):
    """An erasure that waits for a second person."""

    id: int
    at_us: int
    by_user: int
    what: str
    subject: int
    until_us: int
    reason: str


class Done(NamedTuple):
    """An erasure that two persons decided; *rows* is None until it is carried out."""

    seq: int
    at_us: int
    what: str
    subject: int
    until_us: int
    rows: int | None
    key: str  # of a person: "none", "kept" until then, or "destroyed"


def person(db: Connection, by: int, user: int, reason: str, now_us: int) -> Propose:
    """Return the command that proposes to erase a person.

    NotFound, AlreadyErased, StillNeeded. The key of what the person wrote is kept as
    long as the law asks for the texts.
    """
    if db.scalar(select(users.c.id).where(users.c.id == user)) is None:
        raise NotFound("user", ids.encode("user", user))
    gone = select(_e.seq).where(_e.what == PERSON, _e.subject == user)
    if db.scalar(gone) is not None:
        raise AlreadyErased(ids.encode("user", user))
    holding.check_free(db, user)
    used_us = db.scalar(select(_k.used_us).where(_k.user == user))
    until_us = now_us if used_us is None else used_us + retention.TEXTS_US
    return Propose(by, KIND, (PERSON, user, max(_day(now_us), until_us)), reason)


def of_class(by: int, code: str, reason: str, now_us: int) -> Propose:
    """Return the command that proposes to erase what is due of a class.

    NotFound, NothingErased.
    """
    each = retention.erasable(code)
    until_us = max(1, _day(now_us - each.period_us))
    return Propose(by, KIND, (code, 0, until_us), reason)


def _day(at_us: int) -> int:
    """Return when a day began: asked again under its key, a command is the same."""
    return at_us - at_us % clock.DAY_US


def decision(db: Connection, by: int, number: int, *, approve: bool) -> Decide:
    """Return the command that erases what somebody else proposed, or turns it down.

    NotFound unless it is such a proposal. OwnWork for whoever is to be erased, and
    StillNeeded if by now something rests on that person.
    """
    p = proposals.c
    row = db.execute(select(proposals).where(p.id == number, p.kind == KIND)).first()
    if row is None:
        raise NotFound("proposal", ids.encode("proposal", number))
    what, subject, _ = json.loads(row.body)
    if approve and row.state == "open" and what == PERSON:
        if subject == by:
            raise OwnWork
        holding.check_free(db, subject)
    return Decide(by, number, approve)


def waiting(db: Connection) -> list[Waiting]:
    """Return the erasures that wait for a second person, oldest first."""
    p = proposals.c
    query = select(proposals).where(p.kind == KIND, p.state == "open").order_by(p.id)
    return [
        Waiting(row.id, row.at_us, row.by_user, what, subject, until_us, row.reason)
        for row in db.execute(query.limit(PAGE_MAX))
        for what, subject, until_us in (json.loads(row.body),)
    ]


def done(db: Connection) -> list[Done]:
    """Return the newest erasures that were decided."""
    query = (
        select(erasures, _r.rows, _k.user, _k.used_us, _k.destroyed_us)
        .outerjoin(erasure_results, and_(_r.seq == _e.seq, _r.done_us > 0))
        .outerjoin(text_keys, (_k.user == _e.subject) & (_e.what == PERSON))
        .order_by(_e.seq.desc())
        .limit(PAGE_MAX)
    )
    return [
        Done(r.seq, r.at_us, r.what, r.subject, _until(r), r.rows, _key_of(r))
        for r in db.execute(query)
    ]


def _until(row: Row[Any]) -> int:
    """Return when the key goes: later, if something was written since the proposal."""
    since_us = 0 if row.used_us is None else row.used_us + retention.TEXTS_US
    return max(int(row.until_us), since_us)


def _key_of(row: Row[Any]) -> str:
    if row.user is None:
        return "none"
    return "kept" if row.destroyed_us is None else "destroyed"


class Eraser:
    """Carries erasures out; `step` may be repeated, and run in two places at once."""

    def __init__(self, reads: Engine, writes: Engine) -> None:
        """Read what was decided with *reads*, erase with *writes*."""
        self._reads = reads
        self._writes = writes

    def step(self, now_us: int | None = None) -> int:
        """Carry out what was decided; return how many erasures and keys."""
        now_us = clock.now_us() if now_us is None else now_us
        results = select(_r.seq).where(_r.done_us > 0)
        query = select(erasures).where(_e.seq.not_in(results)).order_by(_e.seq)
        over = select(_k.user).where(
            _k.sealed.is_not(None),
            _k.used_us <= now_us - retention.TEXTS_US,
            _k.user.in_(
                select(_e.subject).where(_e.what == PERSON, _e.until_us <= now_us)
            ),
        )
        with self._reads.connect() as db:
            todo, keys = db.execute(query).all(), db.scalars(over).all()
        for row in todo:
            while not self._carry_on(row, now_us):
                pass  # the market's writer comes between
        if keys:
            with self._writes.begin() as db:
                which = _k.user.in_(keys)
                values = {"sealed": None, "destroyed_us": now_us}
                db.execute(update(text_keys).where(which).values(values))
        return len(todo) + len(keys)

    def _carry_on(self, row: Row[Any], now_us: int) -> bool:
        """Erase some of what an erasure is about; tell whether it is over."""
        with self._writes.begin() as db:
            in_turn(db)
            known = db.execute(select(erasure_results).where(_r.seq == row.seq)).first()
            if known is not None and known.done_us:
                return True  # somebody else was quicker
            erased = _carry_out(db, row)
            is_over = row.what == PERSON or erased < retention.AT_ONCE
            rows = erased + (0 if known is None else known.rows)
            upsert(db, erasure_results, [(row.seq, now_us if is_over else 0, rows)])
        return is_over


def _carry_out(db: Connection, row: Row[Any]) -> int:
    """Erase what an erasure is about, of a class some of it; return how many rows."""
    if row.what != PERSON:
        return retention.erase(db, row.what, row.until_us)
    user, now_us = row.subject, clock.now_us()
    blank = {
        "name": NOBODY,
        "email": f"erased-{user}{FORGOTTEN}",
        "password": NOTHING,
        "disabled": 1,
    }
    steps = (
        update(users).where(users.c.id == user).values(blank),
        delete(sessions).where(sessions.c.user == user),
        update(api_keys).where(api_keys.c.user == user).values(name=NOBODY),
        update(api_keys)
        .where(api_keys.c.user == user, api_keys.c.revoked_us.is_(None))
        .values(revoked_us=now_us),
        update(service_keys).where(service_keys.c.user == user).values(name=NOBODY),
    )
    return sum(int(db.execute(step).rowcount) for step in steps)
