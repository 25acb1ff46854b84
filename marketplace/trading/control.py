"""Commands of market control: phases, calls, the kill switch; see `commands`."""

from typing import NamedTuple

from marketplace.trading.timetable import Timetable


class SetPhase(NamedTuple):
    """Let an instrument trade continuously, collect for a call, or close.

    A call that collects ends first. *reference* is the call's; None is the last price.
    """

    by: int
    instrument: int
    phase: str  # "continuous", "call" or "closed"
    reference: int | None = None


class Uncross(NamedTuple):
    """Trade at one price what a call has collected; the call goes on."""

    by: int
    instrument: int


class SetTimetable(NamedTuple):
    """Let a timetable set the phases of an instrument from now on; None ends it."""

    by: int
    instrument: int
    timetable: Timetable | None


class StopTrading(NamedTuple):
    """Take no more orders of a member, or of anybody (0); cancel theirs if asked.

    The kill switch: it needs no second person, and cancels are always taken.
    """

    by: int
    stopped: int  # the member, or the house for everybody
    cancel: bool
    reason: str


class AllowTrading(NamedTuple):
    """Take orders again; another user than the one who stopped them decides it."""

    by: int
    stopped: int


class Uncrossed(NamedTuple):
    """What an uncross came to; nothing traded where *price* is None."""

    price: int | None
    quantity: int
    surplus: int | None  # None: an evergreen offer has no end
    side: str | None  # which side has the surplus
    trades: int  # how many
