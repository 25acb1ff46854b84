"""What may be published: no figure that rests on too few parties."""

from collections.abc import Collection, Sequence
from typing import Any

PARTIES_MIN = 3  # reliability T3
PARTIES = "parties"  # the column that tells how many stand behind a row

Rows = list[tuple[Any, ...]]


def withhold(
    columns: Sequence[str], rows: Rows, measures: Collection[str]
) -> tuple[Rows, int]:
    """Return *rows* without the measures of small cells, and how many cells that were.

    A row is a cell if the columns include `parties`; the number itself is withheld
    too, because it names the few. A question without measures is market data, which
    is public trade by trade.
    """
    if not measures:
        return rows, 0
    parties = columns.index(PARTIES)
    hidden = {columns.index(name) for name in measures} | {parties}
    published: Rows = []
    withheld = 0
    for row in rows:
        if row[parties] is None or row[parties] >= PARTIES_MIN:
            published.append(row)
        else:
            withheld += 1
            published.append(_without(row, hidden))
    return published, withheld


def _without(row: tuple[Any, ...], hidden: Collection[int]) -> tuple[Any, ...]:
    return tuple(None if place in hidden else value for place, value in enumerate(row))
