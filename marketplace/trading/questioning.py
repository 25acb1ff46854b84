"""Commands of erroneous trades: questioned, then busted or adjusted; see `busting`."""

from typing import NamedTuple

from settlement.busts import Struck


class QuestionTrade(NamedTuple):
    """Let a bust, or an adjustment to *price*, wait for a second person."""

    by: int
    struck: Struck
    price: int | None  # minor units per unit; None: bust it
    reason: str


class BustTrade(NamedTuple):
    """Undo a trade: money, fee and right go back, all at once. Two persons."""

    by: int
    struck: Struck


class AdjustTrade(NamedTuple):
    """Bring a trade to another price; the difference and its fee move. Two persons."""

    by: int
    struck: Struck
    price: int
