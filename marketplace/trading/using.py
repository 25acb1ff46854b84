"""Commands of metered use: money set aside for it, calls counted, use declared."""

from typing import NamedTuple


class SetBudget(NamedTuple):
    """Say what may still be spent on the use of a right, from now on.

    It is reserved from the member's free money at once. What a lower limit sets free
    comes back after `usage.GRACE_US`: calls that were answered by then are paid first.
    """

    by: int
    member: int
    entitlement: int
    amount: int  # minor units of the instrument's currency


class CountUse(NamedTuple):
    """Count the calls that a meter noted between two of its places, once.

    *lines* are (entitlement, period, calls, hits, records), in order; a period is of
    the right's plan, the first one 0.
    """

    by: int
    meter: str
    start: int
    end: int
    lines: tuple[tuple[int, int, int, int, int], ...]


class DeclareUse(NamedTuple):
    """Declare a period's use beyond what was metered, to be charged by the same plan.

    *units* is all of the period's, as the buyer counts it; the vendor gets *statement*.
    """

    by: int
    member: int
    entitlement: int
    period: int
    units: int
    statement: str
