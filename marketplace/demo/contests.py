"""The demo's auctions of capped rights: one sold, one that runs, one sealed."""

from collections.abc import Mapping, Sequence

from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.demo.menus import Menus
from marketplace.trading.bidding import BidInContest, OpenContest
from marketplace.trading.commands import Tick
from settlement import clock

# Product, kind, how long it is open, bids above the start price in increments.
AUCTIONED = (
    ("CITYOPS", "ascending", clock.MINUTE_US, (0, 1, 2, 4, 5)),
    ("METROOD", "ascending", 5 * clock.DAY_US, (0, 1, 3)),
    ("PORTCL", "second", 9 * clock.DAY_US, (2, 5)),
)
TIMES = 2  # the posted price of the ordinary right is the start price


class Auctions:
    """Lets some vendors auction one right for three years."""

    def __init__(self, floor: Floor, menus: Menus) -> None:
        """Bid on *floor*, the richest buyers against each other."""
        self._floor = floor
        self._menus = menus

    def make(
        self, numbers: Mapping[str, int], traded: Mapping[str, Sequence[Traded]]
    ) -> None:
        """Open the auctions and bid; the first has closed when the demo begins."""
        for code, kind, open_us, steps in AUCTIONED:
            one = traded[code][0]
            unit = self._menus.capped(numbers[code], one.vendor, f"{code}-3Y")
            self._auction(unit, one, (kind, open_us), steps)
        first_us = self._floor.at_us + clock.MINUTE_US
        self._floor.plan(first_us, lambda: self._floor.must(Tick()))
        self._floor.run_until(first_us + 1)

    def _auction(
        self, unit: int, like: Traded, how: tuple[str, int], steps: Sequence[int]
    ) -> None:
        """Auction *unit*; its price is found in steps above that of one *like* it."""
        kind, open_us = how
        venue = self._floor.market.venues[unit]
        start = max(1, round(like.price * TIMES / venue.tick)) * venue.tick
        step = max(1, round(start / 20 / venue.tick)) * venue.tick
        ascending = kind == "ascending"
        number = self._floor.must(
            OpenContest(
                like.vendor.user,
                like.vendor.member,
                unit,
                kind,
                1,
                start,
                start + step,
                step if ascending else 0,
                self._floor.at_us + open_us,
                5 * clock.MINUTE_US if ascending and open_us > clock.DAY_US else 0,
            )
        )
        bidders = self._rich(venue.currency)
        for turn, more in enumerate(steps):
            buyer = bidders[turn % len(bidders)]
            price, purpose = start + more * step, self._floor.purpose(unit)
            self._floor.submit(
                BidInContest(buyer.user, buyer.member, number, price, purpose)
            )

    def _rich(self, currency: int) -> list[Trader]:
        """Return the three buyers who have the most free money of a currency."""
        by_money = sorted(
            self._floor.buyers,
            key=lambda buyer: -self._floor.free(buyer.member, currency),
        )
        return by_money[:3]
