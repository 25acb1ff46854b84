"""What counts of which one in four is wrong come to, and how far they may be off.

See `comparing` for why they are wrong. Estimates are unbiased until they are held
within what is possible; errors are one standard error.
"""

import math
from typing import NamedTuple

from listings.fitting.comparing import ANSWERED_WRONGLY

WRONG = 1 / ANSWERED_WRONGLY


class Estimate(NamedTuple):
    """A number or a share, and its standard error."""

    value: float
    error: float


def matched(held: int, seen: int) -> Estimate:
    """Return how many of the *held* keys are offered if *seen* were answered so."""
    value = (seen - WRONG * held) / (1 - 2 * WRONG)
    error = math.sqrt(held * WRONG * (1 - WRONG)) / (1 - 2 * WRONG)
    return Estimate(min(max(value, 0.0), held), error)


def share(part: Estimate, whole: int) -> Estimate:
    """Return a *part* as a share of *whole* keys, of which some were looked at."""
    value = min(1.0, part.value / whole)
    sampling = math.sqrt(value * (1 - value) / whole)
    return Estimate(value, math.hypot(sampling, part.error / whole))


def coverage(both: Estimate, seen: int, filled: int, all_filled: float) -> Estimate:
    """Return which share of the keys on *both* sides has a measure.

    Of those *seen* some are not on both sides; these have one as often as all that is
    offered, which is the share *all_filled*.
    """
    right = min(1.0, (1 - WRONG) * both.value / seen)  # the share of true ones
    mixed = filled / seen
    value = min(max((mixed - (1 - right) * all_filled) / right, 0.0), 1.0)
    unsure = (1 - WRONG) * both.error / seen
    error = math.sqrt(mixed * (1 - mixed) / seen) / right
    return Estimate(value, error + abs(value - all_filled) * unsure / right)


def explained(pairs: int, r2: float) -> Estimate:
    """Return a squared correlation over so many *pairs*."""
    return Estimate(r2, 2 * math.sqrt(r2) * (1 - r2) / math.sqrt(pairs))
