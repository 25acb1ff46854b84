"""Commands of delivery and acceptance: what moves money out of escrow; see `commands`.

An instrument settles at once, or after acceptance: then the buyer's money waits in
escrow with the trade, until the buyer accepts or the time to object has run out.
"""

from typing import NamedTuple


class Acceptance(NamedTuple):
    """How an instrument settles; in working days of the exchange's calendar.

    *days* is how long a buyer may examine what was delivered; 0: it settles at once.
    *delivery_days* is how long the vendor has to deliver; 0: it is there with the
    trade, as files that the exchange holds are.
    """

    days: int = 0
    delivery_days: int = 0


AT_ONCE = Acceptance()


class ReportDelivery(NamedTuple):
    """Say that the vendor has delivered *units* more of a trade in escrow."""

    by: int
    member: int  # the vendor
    trade: int
    units: int


class AcceptDelivery(NamedTuple):
    """Accept *units* of what was delivered; None: all of it. The money goes over."""

    by: int
    member: int  # the buyer
    trade: int
    units: int | None = None


class SetWorkdays(NamedTuple):
    """Say of days (counted from 1970) whether they are worked, unlike their weekday.

    Deadlines that run already stay as they were told.
    """

    by: int
    days: tuple[tuple[int, bool], ...]
