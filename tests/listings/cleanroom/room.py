"""A table of sales, its groups, and questions asked of them in this process."""

from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from listings.cleanroom import answering, grouping
from listings.cleanroom.expressions import Table
from listings.cleanroom.settings import Group, Shown
from listings.cleanroom.statement import Question, read
from listings.quality.engine import Engine

LEAST = 10
SHOWN = Shown("sales", (Group("region"), Group("kind")), ("amount", "qty"))
TABLES = (Table("sales", ("region", "kind"), ("amount", "qty")),)
# Four regions of 100, one of three people; the quantity is known of every second one.
ROWS = """
    SELECT i AS person, 'abcd'[1 + i % 4] AS region, i % 3 AS kind,
           1 + i % 7 AS amount, CASE WHEN i % 2 = 0 THEN i END AS qty
    FROM range(400) t(i)
    UNION ALL SELECT 1000 + i, 'rare', 0, 500, 1 FROM range(12) t(i)
"""


class Made(NamedTuple):
    """Groups, and what was told of them."""

    path: Path
    facts: dict[str, Any]

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the groups as they lie in the file."""
        return duckdb.execute("FROM read_parquet(?)", [str(self.path)]).fetchall()


def grouped(folder: Path, rows: str, shown: Shown = SHOWN, least: int = LEAST) -> Made:
    """Return the groups of what the query *rows* gives, made as in the child."""
    source, to = folder / "source.parquet", folder / "groups.parquet"
    duckdb.execute(f"COPY ({rows}) TO '{source}' (FORMAT parquet)")
    with Engine(source, scratch=folder) as engine:
        return Made(to, grouping.make(engine, source, shown, least, to))


class Asker:
    """Asks of groups in this process: what the child does, without its walls."""

    def __init__(self, made: Made, tables: tuple[Table, ...] = TABLES) -> None:
        """Read the groups, then lock."""
        self.tables = tables
        self.db = answering.opened()
        self.db.execute(
            "CREATE TABLE t0 AS SELECT * FROM read_parquet(?)", [str(made.path)]
        )
        answering.lock(self.db)

    def read(self, sql: str) -> Question:
        """Return the question that *sql* is; NotAllowed."""
        return read(sql, self.tables, lambda text: answering.parsed(self.db, text))

    def __call__(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of the answer."""
        return self.db.execute(self.read(sql).sql).fetchall()
