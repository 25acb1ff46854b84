"""What a revision would tell: the cells that changed by what too few parties did.

Whoever has both vintages of a month can subtract one from the other. What is left
rests on the trades that changed between them: late ones, excluded and adjusted ones,
those that were settled or unwound since. Where these are few parties', the new cell is
withheld.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from settlement.statistics.disclosure import PARTIES_MIN, SHARE_MAX, Key
from settlement.statistics.warehouse import Warehouse

Trade = Mapping[str, Any]
PRICED = {"unit", "term_days"}  # what prices are told apart by, in every table
STATES = "SELECT id, state, value FROM trades WHERE month = $month"
ROWS = "SELECT * FROM trades WHERE month = $month AND id IN (SELECT unnest($ids))"


class Changes:
    """The trades that changed since earlier vintages of a month."""

    def __init__(self, now: Warehouse, month: str) -> None:
        """Compare with *now*."""
        self._now, self._month = now, month
        self._before: list[tuple[list[Trade], tuple[tuple[str, ...], ...]]] = []

    def since(self, before: Warehouse, tables: tuple[tuple[str, ...], ...]) -> None:
        """Add an earlier vintage, of which *tables* were published; closes it."""
        asked = {"month": self._month}
        try:
            then, now = (
                {row[0]: row[1:] for row in warehouse.ask(STATES, asked).rows}
                for warehouse in (before, self._now)
            )
            numbers = {
                number
                for number in {*then, *now}
                if then.get(number) != now.get(number)
            }
            rows = self._rows(self._now, numbers)
            rows += self._rows(before, numbers - now.keys())
        finally:
            before.close()
        self._before.append((rows, tables))

    def few(self, by: tuple[str, ...]) -> Collection[Key]:
        """Return the cells of a table whose change rests on too few parties.

        Of a table that was published before; one of prices has its units besides.
        """
        names = set(by) - (PRICED if set(by) >= PRICED else set())
        found: set[Key] = set()
        for rows, tables in self._before:
            if any(set(table) == names for table in tables):
                found |= _few(rows, by)
        return found

    def _rows(self, warehouse: Warehouse, numbers: Collection[int]) -> list[Trade]:
        if not numbers:
            return []
        asked = {"month": self._month, "ids": sorted(numbers)}
        columns, rows, _ = warehouse.ask(ROWS, asked)
        return [dict(zip(columns, row, strict=True)) for row in rows]


def _few(rows: Iterable[Trade], by: tuple[str, ...]) -> set[Key]:
    """Return the cells in which these trades are of too few parties."""
    cells: defaultdict[Key, list[Trade]] = defaultdict(list)
    for row in rows:
        cells[row["month"], *(row[name] for name in by), row["currency"]].append(row)
    return {key for key, of in cells.items() if _is_few(of)}


def _is_few(rows: Collection[Trade]) -> bool:
    for side in ("seller", "buyer"):
        sums: defaultdict[int, int] = defaultdict(int)
        for row in rows:
            sums[row[side]] += row["value"]
        whole = sum(sums.values())
        if len(sums) < PARTIES_MIN or max(sums.values()) > SHARE_MAX * whole:
            return True
    return False
