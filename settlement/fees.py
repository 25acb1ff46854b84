"""Fee schedules: numbered, and frozen into each contract."""

from typing import NamedTuple

from settlement.money import share_up

TRADE_BPS = 250  # Shanghai Data Exchange: 2.5 % of the trade, borne by the vendor
TRADE_BPS_MAX = 5_000


class FeeSchedule(NamedTuple):
    """What the house takes of the seller: *trade_bps* basis points of the value."""

    version: int
    trade_bps: int

    def fee(self, value: int) -> int:
        """Return the fee on a trade of *value* minor units, rounded up."""
        return share_up(value, self.trade_bps)


FIRST = FeeSchedule(1, TRADE_BPS)
