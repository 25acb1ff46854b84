"""Benchmarks, run on demand: each module's `run()` returns the tables it measured."""

from typing import NamedTuple


class Table(NamedTuple):
    """What was measured: one row per contestant, the first column names it."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str | int | float, ...]]
    note: str = ""
