"""Examining files: how soon what is hostile is told, and 200,000 rows measured.

The same rows as CSV, JSON lines, Parquet; beside them DuckDB's own SUMMARIZE, which
computes less (no duplicates, no personal data, no histograms, no sample).
"""

import tempfile
from pathlib import Path

import duckdb

from listings.quality.examination import examine
from settlement import clock
from tests.listings.quality.hostile import attacks
from tests.speed import Table

ROWS = 200_000
QUERY = f"""
SELECT range AS id, 'port ' || range % 97 AS port,
       DATE '2020-01-01' + CAST(range % 2000 AS INTEGER) AS day,
       round(sin(range) * 1000, 2) AS amount, hash(range) % 1000 AS code,
       CASE WHEN range % 7 = 0 THEN NULL ELSE md5(CAST(range AS VARCHAR)) END AS note,
       range % 2 = 0 AS even, 121 + sin(range) AS lon, 31 + cos(range) AS lat,
       13000000 + range AS number
FROM range({ROWS})
"""
FORMATS = {
    "csv": "(FORMAT csv, HEADER)",
    "jsonl": "(FORMAT json)",
    "parquet": "(FORMAT parquet)",
}


def run() -> list[Table]:
    """Measure each format three times and keep the best."""
    rows: list[tuple[str | int | float, ...]] = []
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as db:
        for suffix, how in FORMATS.items():
            path = Path(folder, f"rows.{suffix}")
            db.execute(f"COPY ({QUERY}) TO '{path}' {how}")
            took = min(_examined(path) for _ in range(3))
            rows.append((suffix, path.stat().st_size, took, ROWS / took))
        begun = clock.elapsed_s()
        db.execute(f"SUMMARIZE SELECT * FROM '{Path(folder, 'rows.csv')}'").fetchall()
        took = clock.elapsed_s() - begun
        size = Path(folder, "rows.csv").stat().st_size
        rows.append(("csv, SUMMARIZE alone", size, took, ROWS / took))
    return [
        _quarantined(),
        Table(
            "Examination of 200,000 rows in 10 columns",
            ("file", "bytes", "seconds", "rows a second"),
            rows,
            "best of three, the child's start included; the aim is 3 seconds",
        ),
    ]


def _quarantined() -> Table:
    """Measure how long it takes until a hostile file is told with its reason."""
    rows: list[tuple[str | int | float, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "content")
        for attack in attacks(Path(folder)):
            path.write_bytes(attack.content)
            took = []
            for _ in range(3):
                begun = clock.elapsed_s()
                with path.open("rb") as file:
                    report = examine(file, attack.name)
                took.append(clock.elapsed_s() - begun)
            (code,) = (p["code"] for p in report["problems"] if p["severity"] == "stop")
            assert code in attack.codes, (attack.title, code)
            rows.append((attack.title, code, len(attack.content), min(took)))
    rows.sort(key=lambda row: -float(row[3]))
    return Table(
        "Files that are quarantined",
        ("file", "reason", "bytes", "seconds"),
        rows,
        "best of three, the child's start included; the aim is 1 second each",
    )


def _examined(path: Path) -> float:
    begun = clock.elapsed_s()
    with path.open("rb") as file:
        report = examine(file, path.name)
    assert report["tables"][0]["rows"] == ROWS, report["problems"]
    return clock.elapsed_s() - begun
