"""What is published gives no small cell away, however it is added and subtracted."""

import random
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import pytest

from marketplace.schema import metadata
from settlement import store
from settlement.statistics import disclosure, questions
from settlement.statistics.disclosure import FAMILY, Cell, NotPublished, guarded
from settlement.statistics.protection import Edge, protect
from settlement.statistics.tables import corrections
from settlement.statistics.warehouse import Warehouse
from settlement.tables import journal, trades
from tests.settlement.statistics.conftest import trade_rows, write_tape

PRIME = 2_147_483_647


def determined(equations: Iterable[set], hidden: set) -> set:
    """Return what an attacker finds out: the unknowns with one solution only.

    Each equation is the set of cells that add up, with a sign, to what is published.
    """
    pivots: dict[object, dict[object, int]] = {}
    for equation in equations:
        row = {cell: sign % PRIME for cell, sign in equation if cell in hidden}
        while row:
            lead = next((cell for cell in row if cell in pivots), None)
            if lead is None:
                break
            row = _less(row, pivots[lead], row[lead])
        if not row:
            continue
        lead = next(iter(row))
        inverse = pow(row[lead], -1, PRIME)
        row = {cell: number * inverse % PRIME for cell, number in row.items()}
        for other, before in pivots.items():
            if lead in before:
                pivots[other] = _less(before, row, before[lead])
        pivots[lead] = row
    return {lead for lead, row in pivots.items() if len(row) == 1}


def _less(row: dict, other: dict, times: int) -> dict:
    found = dict(row)
    for cell, number in other.items():
        left = (found.get(cell, 0) - number * times) % PRIME
        if left:
            found[cell] = left
        else:
            found.pop(cell, None)
    return found


def lines(tables: Iterable[list[Edge]]) -> Iterator[set]:
    """Yield the equations of tables: a line adds up to its total."""
    for table in tables:
        for node in {end for edge in table for end in edge[:2]}:
            total = [
                edge.cell for edge in table if node in edge[:2] and is_total(edge, node)
            ]
            yield {
                (edge.cell, -1 if edge.cell in total else 1)
                for edge in table
                if node in edge[:2]
            }


def is_total(edge: Edge, node: object) -> bool:
    """Tell whether a cell is the total of the line *node*."""
    other = edge.column if node == edge.row else edge.row
    (by, _), single = edge.cell, edge.row != edge.column and edge.column == "total"
    return by == () if single else other[0] == "total"


@pytest.mark.parametrize("seed", range(3))
def test_an_attacker_cannot_subtract_a_small_cell_from_the_whole_family(
    seed: int, tmp_path: Path
) -> None:
    """Every table that the public may ask for, of every month, in both currencies."""
    engine = store.connect(f"sqlite:///{tmp_path / 'trades.db'}", write=True)
    metadata.create_all(engine, tables=[trades, journal, corrections])
    with engine.begin() as db:
        db.execute(
            trades.insert(),
            trade_rows((60, 150, 300)[seed % 3], seed),
        )
    opened = Warehouse(write_tape(engine, tmp_path / "tape"))
    engine.dispose()
    behind = {
        (by, key): cell
        for by in FAMILY
        for key, cell in disclosure.cells(opened, by, {}).items()
    }
    opened.close()
    tables = list(disclosure.tables(behind))
    small = {cell for cell, said in behind.items() if said.is_small}
    hidden = protect(behind, tables)
    assert small <= hidden
    assert len(hidden) < len(behind)
    assert not determined(lines(tables), hidden) & small
    # Without the second step much of it would be known: the attacker is no straw man.
    if small:
        assert determined(lines(tables), small) & small


def grid(rows: int, columns: int, dice: random.Random) -> tuple[dict, list[Edge]]:
    """Return a table with totals, a third of its cells small."""
    cells, edges = {}, []
    for row in range(rows):
        for column in range(columns):
            name = ("both", (row, column))
            few = dice.random() < 0.33
            cells[name] = Cell(1 if few else 5, 0.5, dice.randint(1, 99), 5)
            edges.append(Edge(("r", row), ("c", column), name))
    for row in range(rows):
        cells["row", row] = Cell(9, 0.2, 500, 9)
        edges.append(Edge(("r", row), ("total", "c"), ("row", row)))
    for column in range(columns):
        cells["column", column] = Cell(9, 0.2, 500, 9)
        edges.append(Edge(("total", "r"), ("c", column), ("column", column)))
    cells["all", 0] = Cell(30, 0.1, 9_999, 99)
    edges.append(Edge(("total", "r"), ("total", "c"), ("all", 0)))
    return cells, edges


@pytest.mark.parametrize("seed", range(25))
def test_a_table_with_totals_keeps_its_small_cells(seed: int) -> None:
    dice = random.Random(seed)
    cells, edges = grid(dice.randint(2, 7), dice.randint(2, 7), dice)
    hidden = protect(cells, [edges])
    small = {name for name, cell in cells.items() if cell.is_small}
    assert small <= hidden
    assert not determined(lines([edges]), hidden) & small


def test_the_cheapest_cell_covers_and_nothing_is_withheld_without_need() -> None:
    cells = {("x", n): Cell(5, 0.3, value, 5) for n, value in zip(count(), (50, 7, 90))}
    cells["x", 9] = Cell(2, 0.5, 4, 2)
    cells["t", 0] = Cell(9, 0.2, 151, 9)
    edges = [Edge("rows", "total", name) for name in cells]
    assert protect(cells, [edges]) == {("x", 9), ("x", 1)}
    sound = {name: cell for name, cell in cells.items() if name != ("x", 9)}
    assert protect(sound, [edges]) == set()


def test_small_is_three_parties_and_three_quarters() -> None:
    assert not Cell(3, 0.75, 100, 9).is_small
    assert Cell(2, 0.5, 100, 9).is_small
    assert Cell(9, 0.7501, 100, 9).is_small


def test_only_tables_of_the_family_are_published(tmp_path: Path) -> None:
    opened = Warehouse(tmp_path)
    for by in (("industry", "model"), ("class", "sector", "model")):
        with pytest.raises(NotPublished):
            guarded(opened, questions.ask(opened, "s05_turnover", by=by))
    with pytest.raises(NotPublished):
        guarded(opened, questions.ask(opened, "s05_turnover", width=4))
    turned = questions.ask(opened, "s05_turnover", by=("sector", "class"))
    assert guarded(opened, turned).rows == []
    opened.close()
