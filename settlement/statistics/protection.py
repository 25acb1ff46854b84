"""Secondary suppression: what else is withheld, so that nothing can be subtracted.

A table of two dimensions with its totals is a graph: lines are nodes, cells are edges
between their row and their column, totals belong to the line of totals. The withheld
cells can be computed from the published ones exactly where an edge is a bridge of the
graph of withheld cells (Gusfield 1988, "A graph theoretic approach to statistical data
security"). So for each bridge that matters the cheapest path that closes a circle is
withheld too. Tables share their totals: what one of them withholds, all do.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, Protocol

Node = Hashable
CellId = Hashable


class Weighed(Protocol):
    """What protection needs to know of a cell."""

    @property
    def is_small(self) -> bool:
        """Tell whether the cell may never be known."""

    @property
    def value(self) -> int:
        """Return how much is lost if it is withheld."""


class Edge(NamedTuple):
    """One cell of a table: its row, its column, and which cell it is."""

    row: Node
    column: Node
    cell: CellId


Table = Sequence[Edge]


def protect(cells: Mapping[Any, Weighed], tables: Iterable[Table]) -> set[CellId]:
    """Return the cells to withhold: the small ones, and those that cover them."""
    tables = list(tables)
    hidden = {cell for cell, said in cells.items() if said.is_small}
    used = Counter(edge.cell for table in tables for edge in table)
    grown = True
    while grown:
        grown = False
        for table in tables:
            known = [edge for edge in table if edge.cell in cells]
            for more in _covers(known, cells, hidden, used):
                hidden |= more
                grown = True
    return hidden


def _covers(
    table: Table,
    cells: Mapping[Any, Weighed],
    hidden: AbstractSet[CellId],
    used: Mapping[CellId, int],
) -> Iterator[AbstractSet[CellId]]:
    """Yield what to withhold in one table, until nothing is missing.

    A cell that covers in this table alone may be known; one of several tables may not.
    """
    given_up: set[CellId] = set()
    now = set(hidden)
    while True:
        more = _thin_line(table, cells, now)
        bridge = next(
            (
                edge
                for edge in _bridges([edge for edge in table if edge.cell in now])
                if edge.cell not in given_up
                and (cells[edge.cell].is_small or used[edge.cell] > 1)
            ),
            None,
        )
        if not more and bridge is None:
            return
        if not more and bridge is not None:
            more = _circle(table, bridge, cells, now) - now
            given_up |= set() if more else {bridge.cell}
        if more:
            now |= more
            yield more


def _thin_line(
    table: Table, cells: Mapping[Any, Weighed], hidden: AbstractSet[CellId]
) -> set[CellId]:
    """Return a sound cell of a line that withholds none but small ones, if it can.

    Their sum could be computed, and it may rest on as few as they do.
    """
    lines: defaultdict[Node, list[CellId]] = defaultdict(list)
    for edge in table:
        lines[edge.row].append(edge.cell)
        lines[edge.column].append(edge.cell)
    for line in lines.values():
        gone = [cell for cell in line if cell in hidden]
        there = [cell for cell in line if cell not in hidden]
        if gone and len(there) > 1 and all(cells[cell].is_small for cell in gone):
            return {min(there, key=lambda cell: (cells[cell].value, str(cell)))}
    return set()


def _circle(
    table: Table,
    bridge: Edge,
    cells: Mapping[Any, Weighed],
    hidden: AbstractSet[CellId],
) -> set[CellId]:
    """Return the cells of the cheapest other way between the ends of *bridge*."""
    ways: defaultdict[Node, list[tuple[Node, CellId]]] = defaultdict(list)
    for edge in table:
        if edge.cell != bridge.cell:
            ways[edge.row].append((edge.column, edge.cell))
            ways[edge.column].append((edge.row, edge.cell))
    queue: list[tuple[int, int, Node, tuple[CellId, ...]]] = [(0, 0, bridge.row, ())]
    seen: set[Node] = set()
    turn = 0
    while queue:
        cost, _, node, path = heapq.heappop(queue)
        if node == bridge.column:
            return set(path)
        if node in seen:
            continue
        seen.add(node)
        for other, cell in ways[node]:
            if other not in seen:
                turn += 1  # equal costs: the first found
                price = 0 if cell in hidden else cells[cell].value + 1
                heapq.heappush(queue, (cost + price, turn, other, (*path, cell)))
    return set()


def _bridges(edges: Table) -> list[Edge]:
    """Return the edges without which their ends would not hang together (Tarjan)."""
    around: defaultdict[Node, list[tuple[Node, int]]] = defaultdict(list)
    for number, edge in enumerate(edges):
        around[edge.row].append((edge.column, number))
        around[edge.column].append((edge.row, number))
    order: dict[Node, int] = {}
    low: dict[Node, int] = {}
    found: list[Edge] = []
    for root in around:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        stack = [(root, -1, iter(around[root]))]
        while stack:
            node, came_by, rest = stack[-1]
            step = next(((o, n) for o, n in rest if n != came_by), None)
            if step is None:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    low[above] = min(low[above], low[node])
                    if low[node] > order[above]:
                        found.append(edges[came_by])
            elif step[0] in order:
                low[node] = min(low[node], order[step[0]])
            else:
                other, number = step
                order[other] = low[other] = len(order)
                stack.append((other, number, iter(around[other])))
    return found
