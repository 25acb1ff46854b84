"""One question put to a confined child, which is ended on time whatever it does."""

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, NamedTuple

from listings.cleanroom.expressions import NotAllowed
from listings.cleanroom.groupings import Grouped
from listings.cleanroom.statement import check_text
from listings.files import Storage
from listings.quality.examination import in_child
from settlement.errors import Busy, Refusal

WALL_S = 3.0  # of one question, the start of the child too (reliability F7)
AT_ONCE = threading.BoundedSemaphore(2)  # children of this process
RETRY_S = 2
LIMITS = ("too_slow", "heavy_query", "too_large", "unexaminable")


@dataclass(eq=False)
class QueryLimit(Refusal):
    """This question took more time or memory than a question may; ask for less."""

    why: str  # slow_query or heavy_query
    limit_s: int


class Answer(NamedTuple):
    """What a question gave."""

    columns: tuple[dict[str, str], ...]  # name and type
    rows: tuple[tuple[Any, ...], ...]
    more: bool  # there were more rows than are given
    tables: tuple[str, ...]  # that it was about

    def body(self) -> bytes:
        """Return the bytes that its hash is of."""
        said = {"columns": self.columns, "rows": self.rows, "more": self.more}
        return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()


def ask(
    files: Storage,
    tables: Sequence[Grouped],
    sql: str,
    watch: Callable[[], None] | None = None,
) -> Answer:
    """Return the answer to *sql* over *tables*; *watch* may end it before, by raising.

    NotAllowed, QueryLimit; Busy while as many questions are under way as may be.
    """
    check_text(sql)
    if not AT_ONCE.acquire(blocking=False):
        raise Busy(retry_after_s=RETRY_S)
    try:
        said = _run(files, tables, sql, watch)
    finally:
        AT_ONCE.release()
    stops = [problem["code"] for problem in said.get("problems", ())]
    why = stops[0] if stops else said.get("why", "")
    if why in LIMITS:
        code = "slow_query" if why == "too_slow" else "heavy_query"
        raise QueryLimit(code, int(WALL_S))
    if why:
        raise NotAllowed(why, said["what"])
    rows = tuple(tuple(row) for row in said["rows"])
    return Answer(tuple(said["columns"]), rows, said["more"], tuple(said["tables"]))


def _run(
    files: Storage,
    tables: Sequence[Grouped],
    sql: str,
    watch: Callable[[], None] | None,
) -> dict[str, Any]:
    with ExitStack() as stack:
        opened = [stack.enter_context(files.open(table.key)) for table in tables]
        numbers = [content.fileno() for content in opened]
        asked = {
            "sql": sql,
            "tables": [
                {
                    "name": table.table,
                    "path": f"/dev/fd/{number}",
                    "groups": table.groups,
                    "measures": table.measures,
                }
                for table, number in zip(tables, numbers, strict=True)
            ],
        }
        request = stack.enter_context(TemporaryFile())
        request.write(json.dumps(asked, ensure_ascii=False).encode())
        request.seek(0)
        run = in_child("answer", request, "", *numbers, wall_s=WALL_S, watch=watch)
        _, report = stack.enter_context(run)
        return report
