"""Tables of files as Parquet, prepared once, and what a newer one changed of an older.

What open table formats serve: see `marketplace.delivery.shares`.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from listings.files import Storage
from listings.quality.examination import in_child
from listings.quality.problems import STOP
from listings.quality.tables import differences, preparations
from listings.releases import File
from settlement import clock
from settlement.errors import Busy, Refusal
from settlement.ids import encode

WALL_S = 120.0  # of one file; then the child is killed
AT_ONCE = threading.BoundedSemaphore(2)  # children of this process
PASSING = ("too_slow", "unexaminable")  # problems of a busy machine, perhaps
RETRY_S = 5


@dataclass(eq=False)
class NotTabular(Refusal):
    """This file cannot be served as a table; it can be downloaded as it is."""

    file: str
    problem: str


class Prepared(NamedTuple):
    """A table as Parquet."""

    name: str  # of the table in its file
    key: str  # in the storage
    size: int  # bytes
    rows: int
    columns: tuple[dict[str, str], ...]  # name and type, in Spark's words
    stats: dict[str, Any]  # of a Delta table


class Difference(NamedTuple):
    """What a table changed, as Parquet with a column ``_change_type``."""

    key: str
    size: int  # bytes
    rows: int


def tables(
    reads: Engine, writes: Engine, files: Storage, file: File
) -> tuple[Prepared, ...]:
    """Return the tables of *file* as Parquet, made now if they never were.

    NotTabular if it has none or they are too large; Busy while others are made.
    """
    with reads.connect() as db:
        found = _known(db, file.id)
    if found is None:
        with _turn():
            found = _prepare(files, file)
        if found["problem"] in PASSING:  # another time it may succeed
            raise NotTabular(encode("file", file.id), found["problem"])
        try:
            with writes.begin() as db:
                db.execute(insert(preparations).values(found))
        except IntegrityError:  # another request was as quick; it made the same
            pass
    if found["problem"]:
        raise NotTabular(encode("file", file.id), found["problem"])
    return tuple(Prepared(**each) for each in json.loads(found["tables"]))


def difference(
    reads: Engine, writes: Engine, files: Storage, older: Prepared, newer: Prepared
) -> Difference | None:
    """Return which rows *newer* lost and gained against *older*; None if none can say.

    It cannot be said where the columns differ, or where both are too large to compare.
    """
    if older.columns != newer.columns:
        return None
    query = select(
        differences.c.storage_key, differences.c.size, differences.c.rows
    ).where(differences.c.older == older.key, differences.c.newer == newer.key)
    with reads.connect() as db:
        row = db.execute(query).first()
    if row is not None:
        return Difference(*row)
    with _turn():
        made = _compare(files, older, newer)
    if made is not None:
        pair = {"older": older.key, "newer": newer.key, "storage_key": made.key}
        try:
            with writes.begin() as db:
                facts = pair | {"size": made.size, "rows": made.rows}
                db.execute(insert(differences).values(facts))
        except IntegrityError:
            pass
    return made


@contextmanager
def _turn() -> Iterator[None]:
    """Run one of few children at a time; Busy if there is no place."""
    if not AT_ONCE.acquire(blocking=False):
        raise Busy(retry_after_s=RETRY_S)
    try:
        yield
    finally:
        AT_ONCE.release()


def _known(db: Connection, file: int) -> dict[str, Any] | None:
    row = db.execute(select(preparations).where(preparations.c.file == file)).first()
    return None if row is None else row._asdict()


def _prepare(files: Storage, file: File) -> dict[str, Any]:
    """Return the row of a file: its tables are written by the child, kept by us."""
    with (
        files.open(file.storage_key) as content,
        in_child("prepare", content, file.name, wall_s=WALL_S) as (scratch, report),
    ):
        problem = _problem(report) or ("" if report["tables"] else "no_table")
        made = [
            table | _keep(files, scratch / f"{number}.parquet")
            for number, table in enumerate([] if problem else report["tables"])
        ]
    return {
        "file": file.id,
        "at_us": clock.now_us(),
        "problem": problem,
        "tables": json.dumps(made, ensure_ascii=False),
    }


def _compare(files: Storage, older: Prepared, newer: Prepared) -> Difference | None:
    with files.open(older.key) as old, files.open(newer.key) as new:
        other = f"/dev/fd/{old.fileno()}"
        run = in_child("compare", new, other, old.fileno(), wall_s=WALL_S)
        with run as (scratch, report):
            if _problem(report):
                return None
            kept = _keep(files, scratch / "0.parquet")
            return Difference(**kept, rows=report["tables"][0]["rows"])


def _problem(report: dict[str, Any]) -> str:
    """Return the code of what stopped the child, or nothing."""
    stops = (p["code"] for p in report["problems"] if p["severity"] == STOP)
    return str(next(stops, ""))


def _keep(files: Storage, path: Path) -> dict[str, Any]:
    with path.open("rb") as content:
        stored = files.put(content)
    return {"key": stored.key, "size": stored.size}
