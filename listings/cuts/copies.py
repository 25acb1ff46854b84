"""Copies of tables under a cut, made once for whom they are, and kept."""

import json
import threading
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from listings.cuts.settings import Cut, digest, dump
from listings.cuts.tables import copies
from listings.files import Storage
from listings.quality.examination import in_child
from listings.quality.preparation import PASSING, NotTabular, Prepared
from settlement.errors import Busy

WALL_S = 60.0  # of one table; then the child is killed
AT_ONCE = threading.BoundedSemaphore(2)
RETRY_S = 5


class Whose(NamedTuple):
    """Whose copy it is, and the secrets that make it theirs."""

    product: int
    holder: int
    mark_secret: str
    mask_secret: str


def copied(
    reads: Engine,
    writes: Engine,
    files: Storage,
    prepared: Prepared,
    cut: Cut,
    whose: Whose,
) -> Prepared:
    """Return a table under a cut, made now if it never was.

    NotTabular if it lacks a column that rows are chosen by; Busy while others are made.
    """
    settings = digest(cut, whose.holder, whose.product)
    with reads.connect() as db:
        found = _known(db, prepared.key, settings)
    if found is None:
        if not AT_ONCE.acquire(blocking=False):
            raise Busy(retry_after_s=RETRY_S)
        try:
            found = _make(files, prepared, cut, whose)
        finally:
            AT_ONCE.release()
        if found["problem"] in PASSING:  # another time it may succeed
            raise NotTabular(prepared.name, found["problem"])
        try:
            with writes.begin() as db:
                facts = found | {"source": prepared.key, "settings": settings}
                db.execute(insert(copies).values(facts))
        except IntegrityError:  # another request was as quick; it made the same
            pass
    if found["problem"]:
        raise NotTabular(prepared.name, found["problem"])
    facts = json.loads(found["facts"])
    return prepared._replace(
        key=found["storage_key"],
        size=facts["size"],
        rows=facts["rows"],
        columns=tuple(facts["columns"]),
        stats=facts["stats"],
    )


def _known(db: Connection, source: str, settings: str) -> dict[str, Any] | None:
    c = copies.c
    query = select(c.problem, c.storage_key, c.facts)
    row = db.execute(query.where(c.source == source, c.settings == settings)).first()
    return None if row is None else row._asdict()


def _make(files: Storage, prepared: Prepared, cut: Cut, whose: Whose) -> dict[str, Any]:
    with ExitStack() as stack:
        content = stack.enter_context(files.open(prepared.key))
        asked = whose._asdict() | {
            "path": f"/dev/fd/{content.fileno()}",
            "cut": dump(cut),
        }
        request = stack.enter_context(TemporaryFile())
        request.write(json.dumps(asked, ensure_ascii=False).encode())
        request.seek(0)
        run = in_child("cut", request, "", content.fileno(), wall_s=WALL_S)
        scratch, report = stack.enter_context(run)
        stops = [each["code"] for each in report.get("problems", ())]
        problem = stops[0] if stops else report["problem"]
        if problem:
            return {"problem": problem, "storage_key": "", "facts": "null"}
        with (scratch / "0.parquet").open("rb") as made:
            stored = files.put(made)
    facts = json.dumps(report["made"] | {"size": stored.size}, ensure_ascii=False)
    return {"problem": "", "storage_key": stored.key, "facts": facts}
