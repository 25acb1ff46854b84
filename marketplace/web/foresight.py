"""What an order would do if it arrived now: for the ticket's plain sentence."""

from typing import NamedTuple

from marketplace.trading.board import Board
from marketplace.trading.commands import Line
from marketplace.trading.reads import Levels


class Outlook(NamedTuple):
    """What would trade at once, at what cost, and what would wait or be dropped."""

    taken: int  # units traded at once
    cost: int  # of these, in minor units
    waits: int  # units that would rest in the book
    dropped: int  # units that would be cancelled
    holds: int  # minor units held for a resting bid

    @property
    def total(self) -> int:
        """Return what is paid at once and held, in minor units."""
        return self.cost + self.holds


def foresee(line: Line, levels: Levels, board: Board | None = None) -> Outlook:
    """Return what *line* would do to a book that shows *levels* and has this *board*.

    The book may change before the order arrives: this is an outlook, no promise. The
    limit price is, and so is time in force.
    """
    buys = line.side == "buy"
    if board is not None and board.collects:
        limit = board.ceiling if line.price is None else line.price
        return Outlook(0, 0, line.quantity, 0, line.quantity * (limit or 0) * buys)
    taken, cost = 0, 0
    for level in levels.offers if buys else levels.bids:
        if not _reaches(line, level.price):
            break
        open_end = buys and level.evergreen
        part = line.quantity - taken
        part = part if open_end else min(part, level.quantity)
        taken, cost = taken + part, cost + part * level.price
        if taken == line.quantity:
            break
    if line.time_in_force == "FOK" and taken < line.quantity:
        taken, cost = 0, 0
    rest = line.quantity - taken
    waits = (
        rest if line.time_in_force in ("GTC", "GTD") and line.price is not None else 0
    )
    holds = waits * line.price if buys and line.price is not None else 0
    return Outlook(taken, cost, waits, rest - waits, holds)


def _reaches(line: Line, price: int) -> bool:
    """Tell whether *line* would trade at *price*."""
    if line.price is None:
        return True
    return price <= line.price if line.side == "buy" else price >= line.price
