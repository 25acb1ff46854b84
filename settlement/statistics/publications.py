"""Publications: vintages of a month, proposed by one person and approved by another.

What is published never changes: a revision is a new vintage, with its reason, and the
old one stays on record. One that should not have been published is withdrawn, also with
a reason; the month then has no figures until the next vintage.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, insert, select, update

from settlement.canonical import canonical, sha256_of
from settlement.errors import Invalid, NotFound, OwnWork, Refusal
from settlement.ids import encode
from settlement.states import Machine
from settlement.statistics.questions import Question, parsed, questions
from settlement.statistics.schedule import Cut
from settlement.statistics.tables import figures, publications, queries
from settlement.statistics.views import Snapshot
from settlement.statistics.vintages import Compiled, Moment
from settlement.store import in_turn, next_numbers

REASON_MAX = 2_000  # characters
SHOWN_MAX = 200
_p, _f = publications.c, figures.c


class PublicationState(StrEnum):
    """Where a publication stands; what is approved is published at its time."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class PublicationEvent(StrEnum):
    """What may happen to it."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


_S, _E = PublicationState, PublicationEvent
PUBLICATION = Machine(
    "publication",
    {
        (_S.PROPOSED, _E.APPROVE): _S.APPROVED,
        (_S.PROPOSED, _E.REJECT): _S.REJECTED,
        (_S.APPROVED, _E.WITHDRAW): _S.WITHDRAWN,
    },
)


@dataclass(eq=False)
class AlreadyProposed(Refusal):
    """A publication of this month waits for its approval."""

    publication: str


@dataclass(eq=False)
class ReasonNeeded(Refusal):
    """Say why: a revision and a withdrawal are published with their reason."""


@dataclass(eq=False)
class Withdrawn(Refusal):
    """These figures were withdrawn."""

    reason: str


class Shelf(NamedTuple):
    """Where the tape is, and where the publications keep what it is about."""

    tape: Path
    kept: Path

    def moment(self, row: Row[Any]) -> Moment:
        """Return the moment of which a publication was made."""
        return self.of(
            Cut.on(row.last_day), Snapshot(row.seq, row.correction), row.dimensions
        )

    def of(self, cut: Cut, until: Snapshot, dimensions: str) -> Moment:
        """Return the moment of a cut, with what it is about in *dimensions*."""
        return Moment(
            self.tape,
            self.kept / dimensions,
            until._replace(month=cut.period),
            cut.is_final,
        )


class Made(NamedTuple):
    """A vintage that was computed and is to be proposed."""

    cut: Cut
    until: Snapshot
    head: str
    dimensions: str
    tables: list[Compiled]
    release_us: int


def propose(db: Connection, made: Made, reason: str, by: int, at_us: int) -> int:
    """Keep a vintage as proposed; its number.

    AlreadyProposed, ReasonNeeded if it revises one that was published.
    """
    in_turn(db)  # of two at once the second sees the first
    must_be_free(db, made.cut.period)
    vintage = len(earlier(db, made.cut.period)) + 1
    reason = reason.strip()
    if vintage > 1 and not reason:
        raise ReasonNeeded
    if len(reason) > REASON_MAX:
        raise Invalid({"reason": ["This is too long."]})
    (number,) = next_numbers(db, _p.id)
    _keep_texts(db, {table.query for table in made.tables})
    numbers = next_numbers(db, _f.id, len(made.tables))
    rows = [
        {
            "id": figure, "publication": number, "question": table.question,
            "by": table.by, "query": table.query, "columns": table.columns,
            "rows": table.rows, "withheld": table.withheld, "sha256": table.sha256,
        }
        for figure, table in zip(numbers, made.tables, strict=True)
    ]  # fmt: skip
    values = {
        "id": number, "period": made.cut.period, "last_day": f"{made.cut.last_day}",
        "vintage": vintage, "seq": made.until.seq, "head": made.head,
        "correction": made.until.correction, "dimensions": made.dimensions,
        "reason": reason, "release_us": max(made.release_us, at_us),
        "made_us": at_us, "proposed_by": by, "state": _S.PROPOSED.value,
    }  # fmt: skip
    values["sha256"] = sum_of(values, made.tables)
    db.execute(insert(publications).values(**values))
    if rows:
        db.execute(insert(figures), rows)
    return number


def sum_of(row: Mapping[str, Any], tables: Iterable[Any]) -> str:
    """Return the hash of a publication: its moment, and the hash of each table."""
    names = ("period", "last_day", "seq", "head", "correction", "dimensions")
    said = {name: row[name] for name in names}
    listed = [[each.question, each.by, each.query, each.sha256] for each in tables]
    return sha256_of(canonical([said, listed]))


def decide(
    db: Connection, number: int, by: int, at_us: int, *, approve: bool
) -> Row[Any]:
    """Approve a publication, or reject it; as it was before.

    NotFound, IllegalMove, OwnWork for who proposed it, who may reject it.
    """
    found = get(db, number)
    event = _E.APPROVE if approve else _E.REJECT
    state = PUBLICATION.after(_S(found.state), event)
    if approve and found.proposed_by == by:
        raise OwnWork
    values = {"state": state.value, "decided_by": by, "decided_us": at_us}
    if approve:
        values["release_us"] = max(found.release_us, at_us)
    _settle(db, found, event, values)
    return found


def _settle(
    db: Connection, found: Row[Any], event: PublicationEvent, values: Mapping[str, Any]
) -> None:
    """Write what was decided of a publication; IllegalMove if it moved meanwhile."""
    this = (_p.id == found.id) & (_p.state == found.state)
    if db.execute(update(publications).where(this).values(**values)).rowcount != 1:
        PUBLICATION.after(_S(get(db, found.id).state), event)
        raise NotFound("publication", encode("publication", found.id))


def withdraw(db: Connection, number: int, reason: str, by: int, at_us: int) -> None:
    """Withdraw a publication at once. NotFound, IllegalMove, ReasonNeeded."""
    found = get(db, number)
    state = PUBLICATION.after(_S(found.state), _E.WITHDRAW)
    reason = reason.strip()
    if not reason:
        raise ReasonNeeded
    if len(reason) > REASON_MAX:
        raise Invalid({"reason": ["This is too long."]})
    values: dict[str, Any] = {"withdrawn_by": by, "withdrawn_us": at_us}
    values |= {"state": state.value, "withdrawn_because": reason}
    _settle(db, found, _E.WITHDRAW, values)


def get(db: Connection, number: int) -> Row[Any]:
    """Return a publication; NotFound."""
    row = db.execute(select(publications).where(_p.id == number)).first()
    if row is None:
        raise NotFound("publication", encode("publication", number))
    return row


def seen(db: Connection, number: int, now_us: int) -> Row[Any]:
    """Return a publication that the public may see: released, or withdrawn since."""
    row = db.execute(_public(now_us).where(_p.id == number)).first()
    if row is None:
        raise NotFound("publication", encode("publication", number))
    return row


def released(db: Connection, now_us: int) -> list[Row[Any]]:
    """Return what was published, withdrawn ones too, the newest first."""
    query = _public(now_us).order_by(_p.release_us.desc(), _p.id.desc())
    return list(db.execute(query.limit(SHOWN_MAX)))


def all_of_them(db: Connection) -> list[Row[Any]]:
    """Return all publications, proposed ones too, the newest first."""
    query = select(publications).order_by(_p.id.desc())
    return list(db.execute(query.limit(SHOWN_MAX)))


def in_force(db: Connection, now_us: int) -> list[Row[Any]]:
    """Return the newest released vintage of each month that is not withdrawn.

    A month whose newest one was withdrawn has none.
    """
    newest: dict[str, Row[Any]] = {}
    query = _public(now_us).order_by(_p.period, _p.vintage)
    for row in db.execute(query):
        newest[row.period] = row
    return [row for row in newest.values() if row.state == _S.APPROVED]


def earlier(db: Connection, period: str) -> list[Row[Any]]:
    """Return the vintages of a month that were approved, withdrawn ones too."""
    known = _p.state.in_((_S.APPROVED, _S.WITHDRAWN))
    query = select(publications).where(_p.period == period, known)
    return list(db.execute(query.order_by(_p.vintage)))


def before(db: Connection, row: Row[Any]) -> list[Row[Any]]:
    """Return the vintages of its month that a publication was made to follow."""
    return [one for one in earlier(db, row.period) if one.id < row.id]


def shown(db: Connection, number: int, now_us: int) -> Row[Any]:
    """Return a publication whose figures may be seen: NotFound, Withdrawn."""
    row = seen(db, number, now_us)
    if row.state == _S.WITHDRAWN:
        raise Withdrawn(row.withdrawn_because)
    return row


def tables_of(db: Connection, number: int) -> list[Row[Any]]:
    """Return the tables of a publication in their order."""
    query = select(figures).where(_f.publication == number)
    return list(db.execute(query.order_by(_f.id)))


def table(db: Connection, number: int) -> Row[Any]:
    """Return one table; NotFound."""
    row = db.execute(select(figures).where(_f.id == number)).first()
    if row is None:
        raise NotFound("figure", encode("figure", number))
    return row


def numbered(db: Connection, numbers: Collection[int]) -> list[Row[Any]]:
    """Return publications by their numbers, by month."""
    query = select(publications).where(_p.id.in_(numbers))
    return list(db.execute(query.order_by(_p.period)))


def tables_by(
    db: Connection, code: str, by: Collection[str], numbers: Collection[int]
) -> list[Row[Any]]:
    """Return the tables of one question in publications, by month."""
    query = (
        select(figures, publications.c.period)
        .join(publications, _p.id == _f.publication)
        .where(_f.question == code, _f.by == ",".join(by), _p.id.in_(numbers))
        .order_by(_p.period)
    )
    return list(db.execute(query))


def text(db: Connection, sha256: str, code: str) -> Question:
    """Return a question as it stood when it was published."""
    found = db.scalar(select(queries.c.text).where(queries.c.sha256 == sha256))
    if found is None:
        raise NotFound("question", code)
    return parsed(code, found)


def must_be_free(db: Connection, period: str) -> None:
    """AlreadyProposed if a publication of the month waits."""
    waits = _p.state == _S.PROPOSED
    waiting = db.scalar(select(_p.id).where(_p.period == period, waits))
    if waiting is not None:
        raise AlreadyProposed(encode("publication", waiting))


def _public(now_us: int) -> Select[Any]:
    known = _p.state.in_((_S.APPROVED, _S.WITHDRAWN))
    return select(publications).where(known, _p.release_us <= now_us)


def _keep_texts(db: Connection, wanted: set[str]) -> None:
    known = set(db.scalars(select(queries.c.sha256)))
    rows = [
        {"sha256": one.sha256, "text": one.sql}
        for one in questions().values()
        if one.sha256 in wanted - known
    ]
    if rows:
        db.execute(insert(queries), rows)
