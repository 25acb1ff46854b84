"""Reports of examinations: asked for with the file, made later, kept for good."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, insert, or_, select, update

from listings.quality.problems import STOP
from listings.quality.tables import examinations
from listings.tables import files
from settlement import clock
from settlement.errors import NotFound, Refusal
from settlement.ids import encode

METHOD = "1.0"  # of every figure in a report; grows when a meaning changes
LEASE_US = 60 * clock.SECOND_US  # an examination takes less, or its process is gone
CLAIMS_MAX = 20
WAITING = ("queued", "examining")
RETRY_S = 2


class Examination(NamedTuple):
    """What is known of a file: its state, and the report once it is there."""

    file: int
    state: str  # queued, examining, done or quarantined
    reason: str
    method: str
    report: dict[str, Any]
    sha256: str
    asked_us: int
    begun_us: int | None
    done_us: int | None

    @property
    def tables(self) -> list[dict[str, Any]]:
        """Return the profiles of the tables in the file."""
        found: list[dict[str, Any]] = self.report.get("tables", [])
        return found

    @property
    def service(self) -> dict[str, Any] | None:
        """Return the service that the file describes."""
        return self.report.get("service")

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Return what was found wrong, worst first."""
        found: list[dict[str, Any]] = self.report.get("problems", [])
        return found


class Column(NamedTuple):
    """A column of a release's schema, as it was computed."""

    table: str
    name: str
    type: str
    nullable: bool


@dataclass(eq=False)
class Quarantined(Refusal):
    """A file of this release is quarantined; take it out first."""

    name: str
    why: str


@dataclass(eq=False)
class BeingExamined(Refusal):
    """A file of this release is still being examined; try again shortly."""

    name: str
    retry_after_s: int = RETRY_S


def ask(db: Connection, file: int) -> None:
    """Ask for an examination of a file that was just added."""
    db.execute(
        insert(examinations).values(
            file=file,
            state="queued",
            reason="",
            method=METHOD,
            report="{}",
            sha256=sha256_of("{}"),
            asked_us=clock.now_us(),
        )
    )


def claim(db: Connection, wanted: Iterable[int] | None = None) -> list[int]:
    """Take what waits, or waits longer than any examination lasts; the files' numbers.

    Two that claim at once never get the same: the state is checked as it is changed.
    """
    now_us = clock.now_us()
    free = or_(
        examinations.c.state == "queued",
        and_(
            examinations.c.state == "examining",
            examinations.c.begun_us < now_us - LEASE_US,
        ),
    )
    query = select(examinations.c.file).where(free)
    if wanted is not None:
        query = query.where(examinations.c.file.in_(list(wanted)))
    found = db.scalars(query.order_by(examinations.c.asked_us).limit(CLAIMS_MAX))
    return [
        file
        for file in found.all()
        if db.execute(
            update(examinations)
            .where(examinations.c.file == file, free)
            .values(state="examining", begun_us=now_us)
        ).rowcount
    ]


def finish(db: Connection, file: int, report: dict[str, Any]) -> None:
    """Keep the report of a file; one with a problem that stops it is quarantined."""
    stops = [p["code"] for p in report["problems"] if p["severity"] == STOP]
    text = json.dumps(report, ensure_ascii=False, sort_keys=True, allow_nan=False)
    db.execute(
        update(examinations)
        .where(examinations.c.file == file)
        .values(
            state="quarantined" if stops else "done",
            reason=stops[0] if stops else "",
            method=METHOD,
            report=text,
            sha256=sha256_of(text),
            done_us=clock.now_us(),
        )
    )


def find(db: Connection, file: int) -> Examination | None:
    """Return the examination of a file; None if it was never asked for."""
    row = db.execute(_all().where(examinations.c.file == file)).first()
    return None if row is None else _examination(row)


def of_file(db: Connection, file: int) -> Examination:
    """Return the examination of a file; NotFound if it was never asked for."""
    found = find(db, file)
    if found is None:
        raise NotFound("file", encode("file", file))
    return found


def of_release(db: Connection, release: int) -> dict[int, Examination]:
    """Return the examinations of a release's files, by file."""
    query = _all().join(files, files.c.id == examinations.c.file)
    rows = db.execute(query.where(files.c.release == release).order_by(files.c.name))
    return {row.file: _examination(row) for row in rows}


def schema(db: Connection, release: int) -> list[Column]:
    """Return the schema of a release as it was computed from its files.

    Tables in the order of the files' names, columns as they stand; empty where nothing
    was examined or nothing is a table.
    """
    return [
        Column(table["name"], column["name"], column["type"], column["nullable"])
        for found in of_release(db, release).values()
        for table in found.tables
        for column in table["columns"]
    ]


def permit(db: Connection, release: int) -> None:
    """Raise Quarantined or BeingExamined if a release may not be finalised now."""
    query = select(files.c.name, examinations.c.state, examinations.c.reason)
    query = query.join(examinations, files.c.id == examinations.c.file)
    rows = db.execute(query.where(files.c.release == release).order_by(files.c.name))
    found = rows.all()
    for row in found:
        if row.state == "quarantined":
            raise Quarantined(row.name, row.reason)
    for row in found:
        if row.state in WAITING:
            raise BeingExamined(row.name)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a report's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _all() -> Select[Any]:
    return select(examinations)


def _examination(row: Any) -> Examination:
    return Examination(*row)._replace(report=json.loads(row.report))
