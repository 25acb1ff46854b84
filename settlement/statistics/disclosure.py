"""What may be published: no cell that rests on too few parties, or on one of them.

A cell of trades is small with fewer than PARTIES_MIN sellers or buyers, or if one of
them has more than SHARE_MAX of it (reliability T3). The figures of such a cell are
withheld in every question that is asked by the same dimensions.
"""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from settlement.statistics.questions import (
    PARTIES,
    Figures,
    asked_by,
)
from settlement.statistics.warehouse import Warehouse

PARTIES_MIN = 3
SHARE_MAX = 0.75
SQL = Path(__file__).with_name("cells.sql")

Key = tuple[Any, ...]  # period, the dimensions in their order, currency


class Cell(NamedTuple):
    """What stands behind a cell: members on its thinner side, the largest's share."""

    parties: int
    largest: float
    value: int
    trades: int

    @property
    def is_small(self) -> bool:
        """Tell whether its figures would give somebody away."""
        return self.parties < PARTIES_MIN or self.largest > SHARE_MAX


def cells(
    warehouse: Warehouse, by: Iterable[str], parameters: dict[str, Any]
) -> dict[Key, Cell]:
    """Return what stands behind each cell of trades by the dimensions *by*."""
    wanted = {"width": 7, "from_month": "0000-01", "until_month": "9999-12"}
    wanted |= {name: parameters[name] for name in wanted if name in parameters}
    answer = warehouse.ask(asked_by(SQL.read_text("utf-8"), by), wanted)
    return {row[:-4]: Cell(*row[-4:]) for row in answer.rows}


def withhold(figures: Figures, hidden: Collection[Key]) -> Figures:
    """Return *figures* without the measures of the cells *hidden*."""
    names = (*figures.question.measures,)
    out = {figures.columns.index(name) for name in names}
    key = [
        figures.columns.index(name)
        for name in ("period", *figures.by, *figures.question.cells, "currency")
    ]
    rows, withheld = [], 0
    for row in figures.rows:
        if tuple(row[place] for place in key) not in hidden:
            rows.append(row)
            continue
        withheld += 1
        rows.append(tuple(None if n in out else v for n, v in enumerate(row)))
    return figures._replace(rows=rows, withheld=withheld)


def guarded(warehouse: Warehouse, figures: Figures) -> Figures:
    """Return *figures* without those of small cells."""
    if figures.question.disclosure != PARTIES:
        return figures
    by = (*figures.by, *figures.question.cells)
    behind = cells(warehouse, by, dict(figures.parameters))
    return withhold(figures, {key for key, cell in behind.items() if cell.is_small})
