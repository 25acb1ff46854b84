"""Groups of tables as Parquet, made once and kept: all that a question ever reads."""

import json
import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from listings.cleanroom.settings import Settings, Shown, digest, dump
from listings.cleanroom.tables import groupings
from listings.files import Storage
from listings.quality.examination import in_child
from listings.quality.preparation import Prepared
from settlement import clock
from settlement.errors import Busy, Refusal

WALL_S = 60.0  # of one table; then the child is killed
AT_ONCE = threading.BoundedSemaphore(2)
RETRY_S = 5
SLOW_S = 300.0  # that a table which took too long is not tried again
_SLOW: dict[tuple[str, str], tuple[float, str]] = {}  # when it was tried, what came


@dataclass(eq=False)
class NotGrouped(Refusal):
    """This table cannot be shown in a clean room as its settings say."""

    table: str
    why: str  # a code


class Grouped(NamedTuple):
    """A table of groups: where it lies, and what its columns are."""

    table: str
    key: str  # in the storage
    facts: dict[str, Any]  # see `grouping`

    @property
    def groups(self) -> list[str]:
        """Return the names of the columns to group by."""
        return [column["name"] for column in self.facts["columns"]]

    @property
    def measures(self) -> list[str]:
        """Return the names of the columns to add up."""
        return [column["name"] for column in self.facts["measures"]]


def grouped(
    reads: Engine,
    writes: Engine,
    files: Storage,
    prepared: Prepared,
    shown: Shown,
    least: int,
) -> Grouped:
    """Return the groups of a table, made now if they never were.

    NotGrouped if it does not suit the settings; Busy while others are made.
    """
    settings = digest(shown, least)
    with reads.connect() as db:
        found = _known(db, prepared.key, settings)
    if found is None:
        _check_slow(shown.table, (prepared.key, settings))
        if not AT_ONCE.acquire(blocking=False):
            raise Busy(retry_after_s=RETRY_S)
        try:
            found = _make(files, prepared, shown, least)
        finally:
            AT_ONCE.release()
        if found["problem"] in (
            "too_slow",
            "unexaminable",
        ):  # a busy machine
            _SLOW[prepared.key, settings] = clock.elapsed_s(), found["problem"]
            raise NotGrouped(shown.table, found["problem"])
        try:
            with writes.begin() as db:
                facts = found | {"source": prepared.key, "settings": settings}
                db.execute(insert(groupings).values(facts))
        except IntegrityError:  # another request was as quick; it made the same
            pass
    if found["problem"]:
        raise NotGrouped(shown.table, found["problem"])
    return Grouped(shown.table, found["storage_key"], json.loads(found["facts"]))


def _check_slow(table: str, asked: tuple[str, str]) -> None:
    """Refuse what took too long a short while ago: it would again."""
    now_s = clock.elapsed_s()
    for each, (tried_s, _) in list(_SLOW.items()):
        if now_s - tried_s > SLOW_S:
            _SLOW.pop(each, None)
    if asked in _SLOW:
        raise NotGrouped(table, _SLOW[asked][1])


def _known(db: Connection, source: str, settings: str) -> dict[str, Any] | None:
    g = groupings.c
    query = select(g.problem, g.storage_key, g.facts)
    row = db.execute(query.where(g.source == source, g.settings == settings)).first()
    return None if row is None else row._asdict()


def _make(
    files: Storage, prepared: Prepared, shown: Shown, least: int
) -> dict[str, Any]:
    asked = json.dumps(dump(Settings((shown,), least)), ensure_ascii=False)
    with (
        files.open(prepared.key) as content,
        in_child("group", content, asked, wall_s=WALL_S) as (scratch, report),
    ):
        stops = [each["code"] for each in report.get("problems", ())]
        problem = stops[0] if stops else report["problem"]
        if problem:
            return {"problem": problem, "storage_key": "", "facts": "null"}
        with (scratch / "0.parquet").open("rb") as made:
            stored = files.put(made)
    facts = json.dumps(report["made"], ensure_ascii=False)
    return {"problem": "", "storage_key": stored.key, "facts": facts}
