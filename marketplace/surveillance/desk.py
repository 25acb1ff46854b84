"""The surveillance desk: alerts kept, cases with notes, decisions by two persons.

Whoever proposes what becomes of a case does not decide it. The trades of a flagged case
leave the statistics and the public tape; the records themselves stay as they are.
"""

import hashlib
import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from listings.marking import N_
from marketplace.surveillance.detectors import DETECTORS, Alert, detect
from marketplace.surveillance.seen import look
from marketplace.surveillance.tables import alerts, case_notes, cases, ties
from marketplace.trading.tables import books, prints
from settlement import clock
from settlement.canonical import canonical
from settlement.errors import Invalid, NotFound, OwnWork, Refusal
from settlement.ids import encode
from settlement.statistics.corrections import EXCLUDE, AlreadySo, correct
from settlement.store import PAGE_MAX, Page, next_numbers, page
from settlement.tables import trades

TITLE_MAX = 200
TEXT_MAX = 2_000
ALERTS_MAX = 200  # in one case
CASES_SHOWN = 100
LOOK_US = 3 * clock.DAY_US  # back, at each step: longer than any pattern lasts
FLAG, DISMISS = PROPOSALS = ("flag", "dismiss")
STATES = ("open", "proposed", "flagged", "dismissed")
_a, _c = alerts.c, cases.c


@dataclass(eq=False)
class CaseClosed(Refusal):
    """This step is not possible in the present state of the case."""

    state: str


class Rate(NamedTuple):
    """How often a detector alerts, and how often for nothing."""

    detector: str
    alerts: int
    decided: int  # of its alerts, by two persons
    dismissed: int


class Watch:
    """Keeps the alerts up with the records; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, writes: Engine) -> None:
        """Look with *reads*; keep what is found with *writes*."""
        self._reads = reads
        self._writes = writes
        self._looked = False
        self._last: int | None = None

    def step(self, now_us: int | None = None) -> int:
        """Look back and keep what is new; return how many alerts that were.

        The first look goes back to the beginning: an alert is kept once only.
        """
        now_us = clock.now_us() if now_us is None else now_us
        since_us = now_us - LOOK_US if self._looked else 0
        with self._reads.connect() as db:
            found = detect(look(db, since_us))
        with self._writes.begin() as db:
            kept = keep(db, found, now_us)
        self._looked = True
        return kept


def keep(db: Connection, found: Collection[Alert], now_us: int) -> int:
    """Keep the alerts that are not known yet; return how many."""
    known = set(db.execute(select(_a.sha256)).scalars())
    number = db.scalar(select(func.max(_a.id))) or 0
    rows: list[dict[str, Any]] = []
    for alert in found:
        evidence = canonical(alert.evidence)
        sha256 = hashlib.sha256(f"{alert.detector} {evidence}".encode()).hexdigest()
        if sha256 in known:
            continue
        known.add(sha256)
        row = {
            "id": number + len(rows) + 1, "at_us": now_us, "detector": alert.detector,
            "sha256": sha256, "instrument": alert.instrument, "evidence": evidence,
            "members": canonical(alert.members), "facts": canonical(alert.facts),
        }  # fmt: skip
        rows.append(row)
    if rows:
        db.execute(insert(alerts), rows)
    return len(rows)


def newest(
    db: Connection,
    before: int | None = None,
    limit: int = 50,
    *,
    detector: str = "",
    waiting: bool = False,
) -> Page:
    """Return a page of the alerts, of one detector or those in no case if asked."""
    query = select(alerts, books.c.symbol).outerjoin(
        books, books.c.instrument == _a.instrument
    )
    if detector:
        query = query.where(_a.detector == detector)
    if waiting:
        query = query.where(_a.case.is_(None))
    if before is not None:
        query = query.where(_a.id < before)
    limit = min(limit, PAGE_MAX)
    return page(db.execute(query.order_by(_a.id.desc()).limit(limit + 1)).all(), limit)


def evidence(row: Row[Any]) -> dict[str, Any]:
    """Return the parts of an alert that are kept as JSON, read."""
    return {name: json.loads(row._mapping[name]) for name in PARTS}  # noqa: SLF001 (a Row's own)


PARTS = ("members", "evidence", "facts")


def all_cases(db: Connection) -> list[Row[Any]]:
    """Return the cases, newest first, with the number of their alerts."""
    many = select(func.count()).where(_a.case == _c.id).scalar_subquery()
    query = select(cases, many.label("alerts")).order_by(_c.id.desc())
    return list(db.execute(query.limit(CASES_SHOWN)))


def case(db: Connection, number: int) -> Row[Any]:
    """Return a case; NotFound."""
    row = db.execute(select(cases).where(_c.id == number)).first()
    if row is None:
        raise NotFound("case", encode("case", number))
    return row


def alerts_of(db: Connection, number: int) -> list[Row[Any]]:
    """Return the alerts of a case."""
    query = select(alerts, books.c.symbol).outerjoin(
        books, books.c.instrument == _a.instrument
    )
    return list(db.execute(query.where(_a.case == number).order_by(_a.id)))


def notes_of(db: Connection, number: int) -> list[Row[Any]]:
    """Return the notes of a case, the earliest first."""
    query = select(case_notes).where(case_notes.c.case == number)
    return list(db.execute(query.order_by(case_notes.c.id)))


def trades_of(db: Connection, number: int) -> list[Row[Any]]:
    """Return the trades that are evidence in a case, the earliest first."""
    numbers = _trades(db, number)
    query = select(trades, books.c.symbol).join(
        books, books.c.instrument == trades.c.instrument
    )
    return list(db.execute(query.where(trades.c.id.in_(numbers)).order_by(trades.c.id)))


def rates(db: Connection) -> list[Rate]:
    """Return for each detector how often it alerts, and how often for nothing."""
    query = select(_a.detector, _c.state, func.count()).outerjoin(
        cases, _c.id == _a.case
    )
    counts: dict[str, dict[str, int]] = {name: {} for name in DETECTORS}
    for name, state, many in db.execute(query.group_by(_a.detector, _c.state)):
        counts.setdefault(name, {})[state or ""] = many
    return [
        Rate(
            name,
            sum(by.values()),
            by.get("flagged", 0) + by.get("dismissed", 0),
            by.get("dismissed", 0),
        )
        for name, by in counts.items()
    ]


def open_case(db: Connection, title: str, chosen: Collection[int], by: int) -> int:
    """Open a case of alerts that are in none; its number. Invalid, NotFound."""
    title = _written("title", title, TITLE_MAX)
    if not 0 < len(chosen) <= ALERTS_MAX:
        raise Invalid({"alerts": [N_("Choose at least one alert.")]})
    free = _a.id.in_(chosen) & _a.case.is_(None)
    (number,) = next_numbers(db, _c.id)
    taken = db.execute(update(alerts).where(free).values(case=number)).rowcount
    if taken != len(set(chosen)):
        raise NotFound("alert", "")
    row = {"id": number, "at_us": clock.now_us(), "by_user": by, "title": title}
    db.execute(insert(cases).values(**row, state="open"))
    return number


def note(db: Connection, number: int, text: str, by: int) -> None:
    """Add a note to a case. Invalid, NotFound."""
    case(db, number)
    text = _written("text", text, TEXT_MAX)
    (last,) = next_numbers(db, case_notes.c.id)
    row = {"id": last, "case": number, "at_us": clock.now_us(), "by_user": by}
    db.execute(insert(case_notes).values(**row, text=text))


def propose(db: Connection, number: int, proposal: str, reason: str, by: int) -> None:
    """Propose what is to become of a case. Invalid, NotFound, CaseClosed."""
    _in_state(db, number, "open")
    reason = _written("reason", reason, TEXT_MAX)
    if proposal not in PROPOSALS:
        raise Invalid({"proposal": [N_("Choose one.")]})
    values = {"state": "proposed", "proposal": proposal, "reason": reason}
    db.execute(update(cases).where(_c.id == number).values(**values, proposed_by=by))


def decide(db: Connection, number: int, by: int, *, approve: bool) -> int:
    """Carry out what is proposed, or turn it down; how many trades were flagged.

    OwnWork for who proposed it, who may turn it down. NotFound, CaseClosed.
    """
    found = _in_state(db, number, "proposed")
    if not approve:
        again = {"state": "open", "proposal": None, "reason": None, "proposed_by": None}
        db.execute(update(cases).where(_c.id == number).values(**again))
        return 0
    if found.proposed_by == by:
        raise OwnWork
    flags = found.proposal == FLAG
    state = "flagged" if flags else "dismissed"
    ended = {"state": state, "decided_by": by, "decided_us": clock.now_us()}
    db.execute(update(cases).where(_c.id == number).values(**ended))
    if not flags:
        return 0
    numbers = _trades(db, number)
    for trade in numbers:
        with suppress(AlreadySo):  # by another case
            correct(db, trade, EXCLUDE, found.reason, by)
    db.execute(delete(prints).where(prints.c.trade.in_(numbers)))
    return len(numbers)


def tie(db: Connection, member: int, other: int, reason: str, by: int) -> None:
    """Note that one owner stands behind two members. Invalid."""
    reason = _written("reason", reason, TEXT_MAX)
    low, high = sorted((member, other))
    if low == high or low <= 0:
        raise Invalid({"other": [N_("Name two members.")]})
    pair = (ties.c.member == low) & (ties.c.other == high)
    db.execute(delete(ties).where(pair))
    row = {"member": low, "other": high, "at_us": clock.now_us(), "by_user": by}
    db.execute(insert(ties).values(**row, reason=reason))


def _trades(db: Connection, number: int) -> list[int]:
    found = db.execute(select(_a.evidence).where(_a.case == number)).scalars()
    return sorted({n for one in found for n in json.loads(one).get("trades", ())})


def _in_state(db: Connection, number: int, state: str) -> Row[Any]:
    found = case(db, number)
    if found.state != state:
        raise CaseClosed(found.state)
    return found


def _written(name: str, text: str, most: int) -> str:
    text = text.strip()
    if not 0 < len(text) <= most:
        raise Invalid({name: [N_("Write something, but not too much.")]})
    return text
