"""Commands of market control: phases, calls, the kill switch; see `commands`."""

from typing import Any, NamedTuple

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

    The kill switch: it needs no second person, and cancels are always taken. *scope*
    halts less than all: an instrument, or everything that is traded in a currency.
    """

    by: int
    stopped: int  # the member, or the house for everybody
    cancel: bool
    reason: str
    scope: int = 0  # an asset's number; 0: all; OWN: all, stopped by the member itself


class AllowTrading(NamedTuple):
    """Take orders again; another user than the one who stopped them decides it."""

    by: int
    stopped: int
    scope: int = 0


class SetLimits(NamedTuple):
    """Set the limits of an instrument, or of the whole market (0); see `limits`."""

    by: int
    instrument: int
    limits: tuple[int | None, ...]


class Propose(NamedTuple):
    """Propose a step that two persons take: who proposes it does not decide it."""

    by: int
    kind: str  # one of `proposals.KINDS`
    values: tuple[Any, ...]  # of that command, without who asks for it
    reason: str


class Decide(NamedTuple):
    """Carry a proposal out, or turn it down; who made it may only withdraw it."""

    by: int
    proposal: int
    approve: bool


class Uncrossed(NamedTuple):
    """What an uncross came to; nothing traded where *price* is None."""

    price: int | None
    quantity: int
    surplus: int | None  # None: an evergreen offer has no end
    side: str | None  # which side has the surplus
    trades: int  # how many
