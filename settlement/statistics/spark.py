"""The same questions on Apache Spark, over the same Parquet files; see `warehouse`.

The only module that speaks to Spark; pyspark and sqlglot are an extra. The files lie
where every worker reads them under one path. A question stays the text that is
published: sqlglot turns it into Spark's dialect as it is asked. A cluster that does not
answer is given up after ANSWER_S, so that no request waits for it without end.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlglot
from pyspark.sql import SparkSession
from sqlglot import exp

from settlement.errors import Busy
from settlement.statistics.columns import CORRECTIONS, DIMENSIONS, TRADES
from settlement.statistics.manifest import MANIFEST, Manifest, read_manifest
from settlement.statistics.views import Answer, counted, nothing

NAME = "databourse"
WAIT_S = 5  # for the question before; then the asker is told to come again
ANSWER_S = 60  # then the jobs of a question are cancelled
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, never a wrong sum
    "spark.sql.shuffle.partitions": "8",  # adaptive: more where there is more
    # The manifest names every file: none is looked for, and small ones share a task.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000000",
    "spark.sql.files.openCostInBytes": "65536",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


class SparkWarehouse:
    """Questions answered by a cluster over one tape; safe to share between threads."""

    def __init__(
        self, directory: Path, master: str, settings: Mapping[str, str] | None = None
    ) -> None:
        """Open the tape in *directory* with the cluster at *master*.

        *settings* are Spark's own: memory and cores of the executors, for example.
        """
        self.directory = directory
        builder = SparkSession.builder.master(master).appName(NAME)
        for name, value in {**SETTINGS, **(settings or {})}.items():
            builder = builder.config(name, value)
        self._spark = builder.getOrCreate()
        self._lock = threading.Lock()
        self._stamp: object = None
        self._manifest = Manifest()

    def ask(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Return the answer to one of our own questions; *sql* never comes from a user.

        What a visitor chose are *parameters*: they are bound, never pasted.
        """
        with self._turn():
            self._refresh()
            position = self._manifest.seq
            text = portable(sql)
            used = {
                name: value
                for name, value in (parameters or {}).items()
                if f":{name}" in text
            }
            frame = self._spark.sql(text, args=used)
            rows = [tuple(row) for row in frame.collect()]
            return Answer(tuple(frame.columns), rows, position)

    def manifest(self) -> Manifest:
        """Return what the answers to the next questions rest on."""
        with self._turn():
            self._refresh()
            return self._manifest

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the session for one question; Busy if it is held, or never answers."""
        if not self._lock.acquire(timeout=WAIT_S):
            raise Busy(retry_after_s=WAIT_S)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._spark.sparkContext.cancelAllJobs()

        timer = threading.Timer(ANSWER_S, give_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if late.is_set():
                raise Busy(retry_after_s=ANSWER_S) from None
            raise
        finally:
            timer.cancel()
            self._lock.release()

    def close(self) -> None:
        """Give the cluster's executors back."""
        self._spark.stop()

    def _refresh(self) -> None:
        """Define the views anew if the tape or a dimension has changed."""
        tables = {name: self.directory / f"{name}.parquet" for name in DIMENSIONS}
        files = (self.directory / MANIFEST, *tables.values())
        stamp = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
        if stamp == self._stamp:
            return
        self._manifest = read_manifest(self.directory)
        for name, columns in DIMENSIONS.items():
            self._define(name, [tables[name]] if tables[name].exists() else [], columns)
        corrected = self._manifest.corrected(self.directory)
        self._define("corrections", corrected, CORRECTIONS)
        every = self._manifest.files(self.directory)
        self._define("taped", every, {**TRADES, "day": "DATE"})
        query = counted(
            "taped",
            has_states=tables["states"].exists(),
            has_corrections=bool(corrected),
            until=None,
        )
        self._spark.sql(portable(query)).createOrReplaceTempView("trades")
        self._stamp = stamp

    def _define(self, name: str, files: list[Path], columns: Mapping[str, str]) -> None:
        """Show *files* as the table *name*; without any, an empty one."""
        if not files:
            frame = self._spark.sql(portable(nothing(columns)))
        else:
            reader = self._spark.read
            if "day" in columns:
                reader = reader.option("basePath", str(self.directory / "trades"))
            frame = reader.parquet(*map(str, files))
        frame.createOrReplaceTempView(name)


@lru_cache(512)
def portable(sql: str) -> str:
    """Return a question of DuckDB's dialect in Spark's, its parameters as ``:name``."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    for found in list(tree.find_all(exp.Parameter)):
        found.replace(exp.Placeholder(this=found.name))
    order = tree.args.get("order")
    if tree.args.get("qualify") and order is not None:
        # A window's condition becomes a query around it, which would lose the order.
        tree.set("order", None)
        tree = exp.select("*").from_(tree.subquery("answered"))
        tree.set("order", order)
    return str(tree.sql(dialect="spark", comments=False))
