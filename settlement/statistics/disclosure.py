"""What may be published: no cell that rests on too few parties, or on one of them.

A cell of trades is small with fewer than PARTIES_MIN sellers or buyers, or if one of
them has more than SHARE_MAX of it (reliability T3). The tables that the public may ask
for are a family: by one dimension, by class or sector and another, by the two regions.
Within it enough is withheld that no small cell can be subtracted: see `protection`.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, cast

from settlement.errors import Refusal
from settlement.statistics.protection import Edge, Table, protect
from settlement.statistics.questions import (
    PARTIES,
    PRICES,
    PUBLIC,
    Figures,
    asked_by,
)
from settlement.statistics.views import Answering

PARTIES_MIN = 3
SHARE_MAX = 0.75
SQL = Path(__file__).with_name("cells.sql")
BY_MAX = 2  # dimensions of a published table
SINGLES = (
    *("class", "sector", "industry", "vendor_region", "buyer_region", "data_region"),
    *("model", "origin", "licence", "supply", "unit", "border"),
)
PAIRS = (
    *(("class", other) for other in SINGLES[1:]),
    *(("sector", other) for other in SINGLES[2:]),
    ("vendor_region", "buyer_region"),
)
# By day there are totals alone.
FAMILY = ((), ("day",), *((name,) for name in SINGLES), *PAIRS)
TOTAL = "total"

Key = tuple[Any, ...]  # period, the dimensions in their order, currency
Place = tuple[tuple[str, ...], Key]  # of which table, and which cell of it


@dataclass(eq=False)
class NotPublished(Refusal):
    """Ask by one dimension, by class or sector and another, or by both regions."""

    by: str


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
    warehouse: Answering, by: Iterable[str], parameters: Mapping[str, Any]
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


Changed = Callable[[tuple[str, ...]], Collection[Key]]


def _unchanged(_by: tuple[str, ...]) -> Collection[Key]:
    """Tell that nothing was revised."""
    return ()


class Hidden:
    """What is withheld of a tape, in each table of a family.

    *changed* adds the cells that may not be known for what a revision would tell.
    """

    def __init__(
        self,
        warehouse: Answering,
        family: tuple[tuple[str, ...], ...] = FAMILY,
        changed: Changed = _unchanged,
    ) -> None:
        """Look at *warehouse* as it is now."""
        self._warehouse, self._changed = warehouse, changed
        manifest = warehouse.manifest()
        self.tables = _withheld(
            warehouse, manifest.seq, manifest.correction, family, changed
        )

    def small(self, by: tuple[str, ...], parameters: Mapping[str, Any]) -> set[Key]:
        """Return the small cells of a table of any dimensions."""
        behind = cells(self._warehouse, by, parameters)
        few = {key for key, cell in behind.items() if cell.is_small}
        return few | set(self._changed(by))


def guarded(
    warehouse: Answering, figures: Figures, hidden: Hidden | None = None
) -> Figures:
    """Return *figures* as they may be published; NotPublished if they may not be.

    *hidden* says what is withheld where the tape alone does not. Prices do not add up,
    so of them the small cells alone are withheld.
    """
    rule, by = figures.question.disclosure, (*figures.by, *figures.question.cells)
    if rule == PUBLIC:
        return figures
    if len(figures.by) > BY_MAX or figures.parameters.get("width", 7) != 7:
        raise NotPublished(", ".join(figures.by))
    hidden = hidden or Hidden(warehouse)
    if rule == PRICES:
        return withhold(figures, hidden.small(by, figures.parameters))
    assert rule == PARTIES, rule
    for order in permutations(range(len(by))):
        canonical = tuple(by[place] for place in order)
        if canonical in hidden.tables:
            back = [canonical.index(name) for name in by]
            return withhold(
                figures,
                {
                    (k[0], *(k[1 + n] for n in back), k[-1])
                    for k in hidden.tables[canonical]
                },
            )
    raise NotPublished(", ".join(by))


@lru_cache(8)
def _withheld(
    warehouse: Answering,
    _seq: int,
    _correction: int,
    family: tuple[tuple[str, ...], ...],
    changed: Changed,
) -> Mapping[tuple[str, ...], frozenset[Key]]:
    """Return the withheld keys of each table of the family, for one state of a tape."""
    behind: dict[Place, Cell] = {
        (by, key): cell
        for by in family
        for key, cell in cells(warehouse, by, {}).items()
    }
    for by in family:
        for key in changed(by):
            if (by, key) in behind:
                behind[by, key] = behind[by, key]._replace(parties=0)
    found: defaultdict[tuple[str, ...], set[Key]] = defaultdict(set)
    hidden = cast("set[Place]", protect(behind, tables(behind)))
    for by, key in hidden:
        found[by].add(key)
    return {by: frozenset(found[by]) for by in family}


def tables(behind: Iterable[Place]) -> Iterator[Table]:
    """Yield the tables of the family, for each period and currency, as graphs."""
    by_table: defaultdict[Any, list[Key]] = defaultdict(list)
    for by, key in behind:
        by_table[key[0], key[-1], by].append(key)
    for (period, currency, by), keys in by_table.items():
        total = ((), (period, currency))
        if len(by) == 1:  # one line and its total
            yield [
                *(Edge(by, TOTAL, (by, key)) for key in keys),
                Edge(by, TOTAL, total),
            ]
        elif by:
            yield list(_pair(period, currency, by, keys))


def _pair(period: str, currency: str, by: Any, keys: list[Key]) -> Iterator[Edge]:
    """Yield the cells of a table of two dimensions, and its totals."""
    for key in keys:
        yield Edge((by[0], key[1]), (by[1], key[2]), (by, key))
    for place, name in enumerate(by):
        for value in dict.fromkeys(key[1 + place] for key in keys):
            cell = ((name,), (period, value, currency))
            line, totals = (name, value), (TOTAL, by[1 - place])
            yield Edge(totals, line, cell) if place else Edge(line, totals, cell)
    yield Edge((TOTAL, by[0]), (TOTAL, by[1]), ((), (period, currency)))
