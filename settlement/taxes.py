"""Value-added tax: rates by class as data; prices include it, contracts freeze it.

A price is what the buyer pays, so its tax is a part of it:
销售额 = 含税销售额 ÷ (1 + 税率) (《增值税暂行条例实施细则》 article 14).
"""

from collections.abc import Sequence
from typing import NamedTuple

from settlement.money import BPS

# What is taxed: a product by its class, and the exchange's own service, its fee.
KINDS = ("dataset", "service", "application", "fee")
GENERAL_BPS = 600  # modern services and intangible assets
RATE_BPS_MAX = 3_000


class TaxSchedule(NamedTuple):
    """The rates of tax in force from a moment on, in basis points by kind."""

    version: int
    rates: tuple[tuple[str, int], ...]

    def rate(self, kind: str) -> int:
        """Return the rate on *kind*; what has no class is taxed in general."""
        return dict(self.rates).get(kind, GENERAL_BPS)


FIRST = TaxSchedule(1, tuple((kind, GENERAL_BPS) for kind in KINDS))


def included(value: int, bps: int) -> int:
    """Return the tax within *value* minor units at *bps*, half a unit rounded up."""
    if value <= 0:
        return 0
    whole = BPS + bps
    return (2 * value * bps + whole) // (2 * whole)


def rates_of(values: Sequence[Sequence[object]]) -> tuple[tuple[str, int], ...]:
    """Return rates from tuples or lists of their values, however they were kept."""
    return tuple((str(kind), int(str(bps))) for kind, bps in values)
