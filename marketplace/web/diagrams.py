"""State machines as drawings: boxes in columns by distance from the first state."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from settlement.states import Machine

BOX_WIDTH, BOX_HEIGHT = 156, 38
COLUMN, ROW = 246, 84
MARGIN = 36
ARC = 10  # what an arrow back needs below the lowest box


class Box(NamedTuple):
    """One state, at its left upper corner."""

    state: str
    x: int
    y: int


class Arrow(NamedTuple):
    """The moves from one state to another: an SVG path and where their words stand."""

    path: str
    events: tuple[str, ...]
    x: int
    y: int


class Diagram(NamedTuple):
    """All of a machine, with the size of its drawing."""

    name: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    moves: tuple[tuple[str, str, str], ...]  # from, event, to


def draw(machine: Machine[Any, Any]) -> Diagram:
    """Return the drawing of *machine*; its first move begins at the first state."""
    columns = _columns(machine)
    boxes = {
        state: Box(state, MARGIN + x * COLUMN, MARGIN + y * ROW)
        for x, column in enumerate(columns)
        for y, state in enumerate(column)
        if state is not None
    }
    joined: dict[tuple[str, str], list[str]] = {}
    for (before, event), after in machine.moves.items():
        joined.setdefault((str(before), str(after)), []).append(str(event))
    return Diagram(
        machine.name,
        2 * MARGIN + (len(columns) - 1) * COLUMN + BOX_WIDTH,
        max(box.y for box in boxes.values()) + BOX_HEIGHT + MARGIN + ARC,
        tuple(boxes.values()),
        tuple(_arrow(boxes, pair, events) for pair, events in joined.items()),
        tuple((str(a), str(event), str(b)) for (a, event), b in machine.moves.items()),
    )


def _columns(machine: Machine[Any, Any]) -> list[list[str | None]]:
    """Return the states by column; None leaves a place free.

    The column is the distance from the first state; an end, from which nothing leads
    on, stands behind all states that lead to it, and below an arrow's way past others.
    """
    depth = _depths(machine)
    sources: dict[str, set[str]] = {}
    for (before, _), after in machine.moves.items():
        sources.setdefault(str(after), set()).add(str(before))
    ends = [state for state in depth if not any(state in s for s in sources.values())]
    for state in ends:
        depth[state] = 1 + max(depth[source] for source in sources[state])
    columns: list[list[str | None]] = [[] for _ in range(max(depth.values()) + 1)]
    for state, x in depth.items():
        passed = state in ends and min(depth[s] for s in sources[state]) < x - 1
        if passed and not columns[x]:
            columns[x].append(None)
        columns[x].append(state)
    return columns


def _depths(machine: Machine[Any, Any]) -> dict[str, int]:
    """Return each state's distance from the first, in the order of the table."""
    depth = {str(next(iter(machine.moves))[0]): 0}
    for _ in machine.moves:
        for (before, _event), after in machine.moves.items():
            if str(before) in depth:
                depth.setdefault(str(after), depth[str(before)] + 1)
    for before, _event in machine.moves:
        depth.setdefault(str(before), 0)
    return depth


def _arrow(boxes: Mapping[str, Box], pair: tuple[str, str], events: list[str]) -> Arrow:
    """Return an arrow: straight on to a later column, in an arc otherwise."""
    start, end = boxes[pair[0]], boxes[pair[1]]
    middle = BOX_HEIGHT // 2
    if end.x > start.x:
        x1, y1, x2, y2 = (
            start.x + BOX_WIDTH,
            start.y + middle,
            end.x - 4,
            end.y + middle,
        )
        bend = (x2 - x1) // 2
        path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
        # Two thirds on the way, where arrows that begin together have parted.
        return Arrow(
            path, tuple(events), x1 + bend * 4 // 3, y1 + (y2 - y1) * 4 // 5 - 6
        )
    if start is end:
        x, y = start.x + BOX_WIDTH // 2, start.y
        path = f"M{x - 22} {y} C{x - 34} {y - 28} {x + 34} {y - 28} {x + 22} {y - 4}"
        return Arrow(path, tuple(events), x, y - 14)
    if start.x == end.x:
        x, down = start.x + BOX_WIDTH // 2, end.y > start.y
        y1 = start.y + BOX_HEIGHT if down else start.y
        y2 = end.y - 4 if down else end.y + BOX_HEIGHT + 4
        shift = 26 if down else -26
        path = f"M{x + shift} {y1} L{x + shift} {y2}"
        return Arrow(path, tuple(events), x + shift, (y1 + y2) // 2 + 4)
    if end.y > start.y:  # back and down: in the gap, not through a box below
        x1, y1 = start.x + BOX_WIDTH // 6, start.y + BOX_HEIGHT
        x2, y2 = end.x + BOX_WIDTH + 4, end.y + BOX_HEIGHT // 3
        path = f"M{x1} {y1} C{x1} {y2 - 14} {x2 + 52} {y2} {x2} {y2}"
        return Arrow(path, tuple(events), x1 + 20, (y1 + y2) // 2 + 10)
    x1, x2 = start.x + BOX_WIDTH // 3, end.x + BOX_WIDTH * 2 // 3
    y1, y2 = start.y + BOX_HEIGHT, end.y + BOX_HEIGHT + 4
    low = max(y1, y2) + 34
    path = f"M{x1} {y1} C{x1} {low} {x2} {low} {x2} {y2}"
    return Arrow(path, tuple(events), (x1 + x2) // 2, low - 6)
