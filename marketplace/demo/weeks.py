"""The demo's four weeks: listings open, members pay in, trade, deliver and are paid."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from random import Random

from marketplace.demo.calendar import DAYS, Day, days
from marketplace.demo.cashier import Cashier
from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.demo.products import Product
from marketplace.demo.resale import Resale
from marketplace.demo.shop import Shop
from settlement import clock

LATE_LISTINGS = 14  # products that come to the market during the weeks
WEEKEND = (5, 6)
POPULAR_SECTORS = {
    "financial-services": 1.7,
    "meteorological-services": 1.5,
    "transportation": 1.4,
    "industrial-manufacturing": 1.3,
    "healthcare": 1.2,
    "sci-tech-innovation": 1.15,
    "culture-tourism": 0.75,
    "emergency-management": 0.7,
}

Admit = Callable[[Floor, Product], None]  # brings a product to the market


class Weeks:
    """Runs the days one by one; each day's trading depends on the seed and the day."""

    def __init__(
        self,
        floor: Floor,
        cashier: Cashier,
        vendors: Sequence[Trader],
        admitted: Sequence[tuple[int, Sequence[Traded]]],
        admit: Admit,
    ) -> None:
        """Trade what is *admitted*: (number of the day, a product's instruments)."""
        self._floor = floor
        self._cashier = cashier
        self._vendors = list(vendors)
        self._admitted = admitted
        self._admit = admit
        self._shop = Shop(floor, cashier)
        self._resale = Resale(floor, self._shop)

    def run(self, until: datetime, progress: Callable[[int], None]) -> None:
        """Trade the days up to *until*; tell *progress* how many are over."""
        for day in days(until):
            self._begin(day)
            self._floor.run_until(day.at(8.5))
            self._shop.plan_day(day)
            self._resale.plan_day(day)
            self._cashier.settle_week(self._vendors, day)
            if day.number == DAYS - 1:
                self._resale.close(day)
                self._cashier.leave_work(self._floor.buyers, self._vendors, day)
            self._floor.run_until(day.begins_us + clock.DAY_US)
            progress(day.number + 1)

    def _begin(self, day: Day) -> None:
        random = self._floor.random
        if day.number == 0:
            for buyer in self._floor.buyers:
                self._cashier.endow(buyer, day)
        for number, traded in self._admitted:
            if number == day.number:
                hour = random.uniform(8.0, 8.4)
                self._floor.plan(day.at(hour), partial(self._open, traded))

    def _open(self, traded: Sequence[Traded]) -> None:
        self._admit(self._floor, traded[0].product)
        for one in traded:
            self._shop.open(one)
            if one.sold.transferable:
                self._resale.open(one)


def listing_days(
    listed: Sequence[Product], calendar: Sequence[Day], random: Random
) -> dict[str, int]:
    """Return on which day each product comes to the market; most on the first.

    The others come on working days after it, for the registrar rests at weekends.
    """
    late = random.sample([product.code for product in listed], LATE_LISTINGS)
    working = [day.number for day in calendar[2:] if day.date.weekday() not in WEEKEND]
    spread = sorted(random.sample(working, LATE_LISTINGS))
    opened = dict.fromkeys((product.code for product in listed), 0)
    return opened | dict(zip(late, spread, strict=True))


def popularity(product: Product, random: Random) -> float:
    """Return how much a product is wanted, beside the others."""
    return POPULAR_SECTORS.get(product.sector, 1.0) * random.lognormvariate(0, 0.55)
