"""Run a benchmark: `python -m tests.speed NAME [--json FILE]`.

A benchmark is a module beside this one with a `run()` that returns a list of `Table`,
or yields each as it is measured; its docstring says what is measured and how.
"""

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from settlement import clock
from tests.speed import Table

HERE = Path(__file__).parent


def main() -> None:
    """Run the benchmark that the command line names and print its tables."""
    names = sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m tests.speed")
    parser.add_argument("name", choices=names, help="what to measure")
    parser.add_argument("--json", type=Path, help="also write the results here")
    asked = parser.parse_args()
    module = importlib.import_module(f"tests.speed.{asked.name}")
    print(module.__doc__.strip())
    tables: list[Table] = []
    for table in module.run():  # some take an hour: shown as they come
        show(table)
        tables.append(table)
    if asked.json:
        asked.json.write_text(json.dumps(report(asked.name, tables), indent=2) + "\n")


def show(table: Table) -> None:
    """Print one table, numbers to the right."""
    grid = Grid(title=table.title, caption=table.note or None, title_justify="left")
    for number, column in enumerate(table.columns):
        words = any(isinstance(row[number], str) for row in table.rows)
        grid.add_column(column, justify="left" if words else "right")
    for row in table.rows:
        grid.add_row(*map(written, row))
    width = None if sys.stdout.isatty() else 120
    console = Console(width=width)
    console.print()
    console.print(grid)


def written(value: str | float) -> str:
    """Write a cell: whole numbers by thousands, ratios with two decimals."""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def report(name: str, tables: Sequence[Table]) -> dict[str, object]:
    """Return the results with what a reader needs to judge them."""
    return {
        "benchmark": name,
        "at_us": clock.now_us(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "tables": [
            {
                "title": table.title,
                "note": table.note,
                "rows": [
                    dict(zip(table.columns, row, strict=True)) for row in table.rows
                ],
            }
            for table in tables
        ],
    }


main()
