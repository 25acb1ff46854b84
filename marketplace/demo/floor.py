"""The demo's trading floor: through the one door, on the demo's clock."""

import heapq
from collections import Counter
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

from marketplace.demo.people import Person
from marketplace.demo.products import Product, Sold
from marketplace.trading.commands import Command
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from marketplace.trading.orders import Side
from settlement import clock
from settlement.errors import ExchangeHalted, OutcomeUnknown, Refusal
from settlement.money import BY_CODE

TICK = 100  # minor units: prices end on whole yuan, dollars and euros
TICK_WITHOUT_CENTS = 10  # prices in yen end on tens


class Trader:
    """A member of the demo with the user who acts for it."""

    def __init__(self, person: Person, member: int, user: int) -> None:
        """Take the numbers that the members' room gave out."""
        self.person = person
        self.member = member
        self.user = user


class Traded:
    """An instrument on the demo's market: what it is, and what the vendor asks."""

    def __init__(
        self,
        number: int,
        product: Product,
        sold: Sold,
        vendor: Trader,
        files: list[tuple[int, str, int]],
    ) -> None:
        """Take the facts; *files* are (number, sha256, bytes) of the release."""
        self.number = number
        self.product = product
        self.sold = sold
        self.vendor = vendor
        self.files = files
        self.currency = BY_CODE[sold.currency].asset
        self.tick = tick_of(sold)
        self.price = sold.price
        self.posted: int | None = None  # number of the vendor's evergreen offer
        self.liquidity = 0.0  # how lively the book is; 0: posted price only
        self.home = 0.0  # where the fair price is drawn to, a share above the posted
        self.tilt = 0.0  # where it is now; both are below zero
        self.popularity = 1.0

    def rounded(self, price: float) -> int:
        """Return *price* on the instrument's tick, at least one."""
        return max(self.tick, round(price / self.tick) * self.tick)


def tick_of(sold: Sold) -> int:
    """Return the step of prices that suits the currency."""
    return TICK if BY_CODE[sold.currency].exponent else TICK_WITHOUT_CENTS


class Hands:
    """The exchange's clock while the demo is made: it stands where the demo puts it."""

    def __init__(self, at_us: int) -> None:
        """Begin at *at_us*."""
        self.at_us = at_us

    def now_us(self) -> int:
        """Return where the hands stand, microseconds UTC."""
        return self.at_us


class Floor:
    """Carries out what is planned, in the order of time, and counts what came of it.

    It looks into the exchange's memory (balances, best prices), which it may because
    it is the only one who submits; whatever changes anything goes through the door.
    """

    def __init__(
        self, exchange: Exchange, gateway: Gateway, hands: Hands, random: Random
    ) -> None:
        """Trade by *gateway*, at the times that *hands* show."""
        self.market = exchange.market
        self._gateway = gateway
        self._hands = hands
        self.random = random
        self.traded: list[Traded] = []
        self.buyers: list[Trader] = []
        self.refused: Counter[str] = Counter()
        self._plan: list[tuple[int, int, Callable[[], object]]] = []
        self._turn = count()

    @property
    def at_us(self) -> int:
        """Return the present moment of the demo."""
        return self._hands.at_us

    def submit(self, command: Command) -> Any:
        """Return what *command* came to, or None if it was refused."""
        try:
            return self._gateway.submit(command).result
        except (ExchangeHalted, OutcomeUnknown):
            raise  # no answer of the market: the demo cannot go on
        except Refusal as refusal:
            self.refused[refusal.code] += 1
            return None

    def must(self, command: Command) -> Any:
        """Return what *command* came to; its refusal would be a mistake of the demo."""
        return self._gateway.submit(command).result

    def plan(self, at_us: int, act: Callable[[], object]) -> None:
        """Do *act* at *at_us*, or now if that is over."""
        heapq.heappush(self._plan, (max(at_us, self.at_us), next(self._turn), act))

    def soon(self, minutes: float, act: Callable[[], object]) -> None:
        """Do *act* about so many minutes from now."""
        wait_us = int(minutes * self.random.uniform(0.5, 1.5) * clock.MINUTE_US)
        self.plan(self.at_us + wait_us, act)

    def run_until(self, end_us: int) -> None:
        """Carry out what is planned before *end_us*."""
        while self._plan and self._plan[0][0] < end_us:
            at_us, _, act = heapq.heappop(self._plan)
            self._hands.at_us = at_us
            act()

    def free(self, member: int, asset: int) -> int:
        """Return what the member holds of *asset* and has not reserved."""
        return self.market.ledger.balance(member, asset)

    def best(self, instrument: int, side: Side) -> int | None:
        """Return the best waiting price on a side of the book."""
        order = self.market.venues[instrument].book.best(side)
        return None if order is None else order.price

    def purpose(self, instrument: int) -> str:
        """Return one of the purposes that the instrument's licence permits."""
        permitted = self.market.venues[instrument].purposes
        return self.random.choice(permitted or ("internal_analysis",))

    def some_quantity(self, middle: float, most: int) -> int:
        """Return a log-normal quantity around *middle*."""
        drawn = self.random.lognormvariate(0, 0.95)
        return min(max(1, round(middle * drawn)), most)
