"""The yearly report over a simulated national market, beside SQL written by hand.

STATISTICS_TRADES trades (10,000,000 unless it is set; 100,000,000 needs some minutes to
write first). Each question of the report is asked by sector, region, class and month,
through the warehouse; beside it short DuckDB SQL for the same table, the same files.
Both in one process with the same memory; the aim is at most 1.2 times as long.
"""

import os
import resource
import tempfile
from pathlib import Path

import duckdb

from settlement import clock
from settlement.statistics import questions
from settlement.statistics.manifest import read_manifest, write_manifest
from settlement.statistics.simulation import simulate
from settlement.statistics.views import Snapshot
from settlement.statistics.warehouse import Warehouse, merge_parquet
from tests.speed import Table

TRADES = int(os.environ.get("STATISTICS_TRADES", "10000000"))
MEMORY = "5GB"
BY = ("sector", "vendor_region", "class")
KEYS = f"month, {', '.join(BY)}, currency"
GROUPED = f"FROM t WHERE month >= '2024-01' GROUP BY {KEYS}"
HAND = {
    "s05_turnover": f"SELECT {KEYS}, sum(value), sum(value) {GROUPED}",
    "s06_trades": f"SELECT {KEYS}, count(*), avg(value), median(value) {GROUPED}",
    "s07_origin": f"SELECT {KEYS}, origin, sum(value) {GROUPED}, origin",
    "s12_service": f"SELECT {KEYS}, count(*), count(*) FILTER (state = 'settled'),"
    f" count(*) FILTER (state = 'disputed') {GROUPED}",
    "s14_concentration": f"""
        WITH s AS (
            SELECT {KEYS}, seller m, sum(value) v, 1 side {GROUPED}, seller UNION ALL
            SELECT {KEYS}, buyer, sum(value), 2 {GROUPED}, buyer),
        r AS (
            SELECT *, v / sum(v) OVER w AS share,
                row_number() OVER (PARTITION BY {KEYS}, side ORDER BY v DESC) AS place
            FROM s WINDOW w AS (PARTITION BY {KEYS}, side))
        SELECT {KEYS}, side, sum(share * share), count(*),
            sum(share) FILTER (place <= 5)
        FROM r GROUP BY {KEYS}, side""",
    "top_instruments": """
        SELECT month, currency, instrument, sum(value) v, count(*), sum(quantity)
        FROM t WHERE month >= '2024-01' AND origin IN ('on_book', 'auction')
        GROUP BY month, currency, instrument
        HAVING count(DISTINCT buyer) + count(DISTINCT seller) >= 3
        QUALIFY row_number() OVER (PARTITION BY month, currency ORDER BY v DESC) <= 100
    """,
}


def run() -> list[Table]:
    """Write the market, then ask each question and its twin three times."""
    rows: list[tuple[str | int | float, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        begun = clock.elapsed_s()
        simulate(there, TRADES, 1)
        wrote = clock.elapsed_s() - begun
        warehouse = Warehouse(there, memory=MEMORY)
        for code, sql in HAND.items():
            asked = min(_asked(warehouse, code) for _ in range(3))
            by_hand = min(_by_hand(there, sql) for _ in range(3))
            rows.append((code, asked, by_hand, asked / by_hand))
        warehouse.close()
        day = _append(there)
    ours, theirs = (sum(float(row[place]) for row in rows) for place in (1, 2))
    rows.append(("the report", ours, theirs, ours / theirs))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_048_576
    return [
        Table(
            f"The yearly report of {TRADES:,} trades, seconds",
            ("question", "warehouse", "SQL by hand", "ratio"),
            rows,
            f"written in {wrote:.1f} s; {most:.1f} GiB at most; best of three",
        ),
        Table(
            "A day more, and the month it belongs to, seconds",
            ("step", "seconds"),
            day,
            "the month's turnover, trades, origins and service by class and sector",
        ),
    ]


def _append(there: Path) -> list[tuple[str | int | float, ...]]:
    """Write the last day again as one more part, then ask its month alone."""
    manifest = read_manifest(there)
    last = list(manifest.days)[-1]
    file = there / "trades" / f"day={last}" / manifest.days[last][-1]
    begun = clock.elapsed_s()
    merge_parquet([file], file.with_name("day-again.parquet"))
    days = {**manifest.days, last: ("day-again.parquet",)}
    write_manifest(there, manifest._replace(days=days))
    wrote = clock.elapsed_s() - begun
    until = Snapshot(manifest.seq, 0, last[:7])
    month = Warehouse(there, until=until, memory=MEMORY)
    for code in ("s05_turnover", "s06_trades", "s07_origin", "s12_service"):
        questions.ask(month, code, by=("class", "sector"))
    month.close()
    whole = clock.elapsed_s() - begun
    return [("the day written", wrote), ("with the month's figures", whole)]


def _asked(warehouse: Warehouse, code: str) -> float:
    begun = clock.elapsed_s()
    if code == "top_instruments":
        questions.ask(warehouse, code, from_month="2024-01", top=100)
    else:
        questions.ask(warehouse, code, by=BY, from_month="2024-01")
    return clock.elapsed_s() - begun


def _by_hand(there: Path, sql: str) -> float:
    files = [str(path) for path in read_manifest(there).files(there)]
    config = {"threads": 2, "memory_limit": MEMORY}
    begun = clock.elapsed_s()
    with duckdb.connect(":memory:", config=config) as db:
        db.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet({files})")
        db.execute(sql).fetchall()
    return clock.elapsed_s() - begun
