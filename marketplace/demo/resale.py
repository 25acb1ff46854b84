"""The exchange side of the demo: two-sided books of call packs and seats.

Each lively instrument has a fair price that wanders below the vendor's posted price
(which caps it, for the vendor sells any number there). Around it vendors sell in
tranches, holders sell what they do not need, brokers quote both sides and buyers bid.
"""

from functools import partial

from marketplace.demo.calendar import Day, poisson
from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.demo.shop import Shop
from marketplace.trading.commands import CancelOrder, Line, PlaceBasket, PlaceOrder
from marketplace.trading.orders import Side
from settlement import clock

ORDERS = 118.0  # orders in such books on an ordinary day
LIVELY = ("WXAPI", "ADDRAPI", "KYBCHK", "CHGLIVE", "CARBAPI", "SOLARFC", "OEEAPI")
HOMES = (-0.15, -0.03)  # where a fair price is at home, a share above the posted one
DRIFT = 0.013  # standard deviation of a day's move of that home
PULL = 0.06  # of the way home, at each step
STEP = 0.0075  # standard deviation of a step
NEWS = 0.006  # how often a step is a jump, and how far it goes
JUMP = 0.04
CAP, FLOOR_TILT = -0.006, -0.20
TRANCHE = (20, 90)  # units that a vendor sells at once below its posted price
LADDER = (1, 2, 4)  # ticks beside the fair price of a broker's quotes
STALE_TICKS = 9


class Resale:
    """Keeps the books of transferable instruments alive."""

    def __init__(self, floor: Floor, shop: Shop) -> None:
        """Trade on *floor*; purchases go through *shop*, which delivers them."""
        self._floor = floor
        self._shop = shop
        self._random = floor.random

    def open(self, traded: Traded) -> None:
        """Give a transferable instrument a book with a first tranche."""
        rank = LIVELY.index(traded.product.code) if self._is_lively(traded) else None
        quiet = self._random.uniform(0.25, 0.9)
        traded.liquidity = quiet if rank is None else 8.0 / (1 + 0.45 * rank)
        traded.home = traded.tilt = self._random.uniform(-0.12, -0.05)
        self.tranche(traded)

    @staticmethod
    def _is_lively(traded: Traded) -> bool:
        return traded.product.code in LIVELY

    def plan_day(self, day: Day) -> None:
        """Plan the day's orders, the morning's tranches and the brokers' quotes."""
        lively = [traded for traded in self._floor.traded if traded.liquidity]
        if not lively:
            return
        least, most = HOMES
        for traded in lively:
            drifted = traded.home + self._random.gauss(0, DRIFT)
            traded.home = min(most, max(least, drifted))
        weights = [traded.liquidity for traded in lively]
        for _ in range(poisson(self._random, ORDERS * day.busy)):
            traded = self._random.choices(lively, weights)[0]
            self._floor.plan(day.sometime(self._random), partial(self.act, traded))
        for traded in lively:
            if traded.liquidity > 1 and day.busy > 0.5:
                at_us = day.at(self._random.uniform(9.0, 11.5))
                self._floor.plan(at_us, partial(self.quote, traded))

    def close(self, day: Day) -> None:
        """Plan the last evening: both sides of every book are quoted once more."""
        for traded in self._floor.traded:
            if traded.liquidity:
                at_us = day.at(self._random.uniform(21.0, 23.0))
                self._floor.plan(at_us, partial(self._both, traded))

    def _both(self, traded: Traded) -> None:
        offered = self._floor.best(traded.number, Side.SELL)
        assert offered is not None, traded.product.code  # the posted price at least
        for _ in range(3):
            self.bid(traded, offered - traded.tick)
        self.offer(traded, offered)

    def fair(self, traded: Traded) -> float:
        """Move the fair price one step and return it, in minor units."""
        moved = PULL * (traded.home - traded.tilt) + self._random.gauss(0, STEP)
        if self._random.random() < NEWS:
            moved += self._random.choice((-JUMP, -JUMP, JUMP))
        traded.tilt = min(CAP, max(FLOOR_TILT, traded.tilt + moved))
        return traded.price * (1 + traded.tilt)

    def act(self, traded: Traded) -> None:
        """Do one thing in the book: take, hit, bid, offer or tidy up."""
        fair = self.fair(traded)
        act = self._random.choices(
            (self.lift, self.hit, self.bid, self.offer, self.tidy), (40, 14, 25, 15, 6)
        )[0]
        act(traded, fair)
        offered = self._floor.best(traded.number, Side.SELL)
        if offered is None or offered > fair + 6 * traded.tick:
            self.tranche(traded)

    def lift(self, traded: Traded, fair: float) -> None:
        """Let a buyer take the best offer, if it is not far above what is fair."""
        offered = self._floor.best(traded.number, Side.SELL)
        if offered is None or offered > fair + 5 * traded.tick:
            return
        buyer = self._buyer(traded)
        quantity = self._floor.some_quantity(4, 60)
        self._shop.take(buyer, traded, offered + traded.tick, quantity)

    def hit(self, traded: Traded, fair: float) -> None:
        """Let a holder sell to the best bid."""
        best = self._floor.best(traded.number, Side.BUY)
        holder = self._holder(traded)
        if best is None or holder is None or best < fair - 5 * traded.tick:
            return
        held = self._floor.free(holder.member, traded.number)
        quantity = min(held, self._floor.some_quantity(3, 40))
        line = Line(traded.number, "sell", best, quantity, time_in_force="IOC")
        self._floor.submit(PlaceOrder(holder.user, holder.member, line))

    def bid(self, traded: Traded, fair: float) -> None:
        """Let a buyer wait a little below what is fair."""
        buyer = self._buyer(traded)
        price = self._near(traded, fair, -1)
        quantity = self._floor.some_quantity(4, 80)
        if not self._shop.affords(buyer, traded, price * quantity):
            return
        lasting = self._random.random() < 0.5
        until_us = self._floor.at_us + self._random.randint(1, 6) * clock.DAY_US
        line = Line(
            traded.number,
            "buy",
            price,
            quantity,
            time_in_force="GTC" if lasting else "GTD",
            expires_us=None if lasting else until_us,
            purpose=self._floor.purpose(traded.number),
        )
        self._floor.submit(PlaceOrder(buyer.user, buyer.member, line))

    def offer(self, traded: Traded, fair: float) -> None:
        """Let a holder, or the vendor, wait a little above what is fair."""
        holder = self._holder(traded)
        if holder is None or self._random.random() < 0.25:
            self.tranche(traded)
            return
        held = self._floor.free(holder.member, traded.number)
        quantity = min(held, self._floor.some_quantity(4, 60))
        price = min(self._near(traded, fair, 1), traded.price - traded.tick)
        line = Line(traded.number, "sell", price, quantity)
        self._floor.submit(PlaceOrder(holder.user, holder.member, line))

    def tranche(self, traded: Traded) -> None:
        """Let the vendor sell a limited number below its posted price."""
        fair = traded.price * (1 + traded.tilt)
        price = self._near(traded, fair, 1)
        if price >= traded.price:
            return
        vendor = traded.vendor
        quantity = self._random.randrange(*TRANCHE, 10)
        line = Line(traded.number, "sell", price, quantity)
        self._floor.submit(PlaceOrder(vendor.user, vendor.member, line))

    def quote(self, traded: Traded) -> None:
        """Let a broker lay a ladder of bids and offers around the fair price."""
        brokers = [one for one in self._floor.buyers if one.person.broker]
        broker = self._random.choice(brokers)
        fair = traded.price * (1 + traded.tilt)
        self._clear(broker, traded)
        held = self._floor.free(broker.member, traded.number)
        lines = []
        for steps in LADDER:
            below = traded.rounded(fair) - steps * traded.tick
            above = min(traded.rounded(fair) + steps * traded.tick, traded.price)
            size = self._random.randint(5, 25)
            lines.append(
                Line(
                    traded.number,
                    "buy",
                    below,
                    size,
                    purpose=self._floor.purpose(traded.number),
                )
            )
            part = min(size, held // len(LADDER))
            if part:
                lines.append(Line(traded.number, "sell", above, part))
        needed = sum(
            (line.price or 0) * line.quantity for line in lines if line.side == "buy"
        )
        if self._shop.affords(broker, traded, needed):
            self._floor.submit(PlaceBasket(broker.user, broker.member, tuple(lines)))

    def _clear(self, broker: Trader, traded: Traded) -> None:
        """Let the broker withdraw yesterday's quotes in this book."""
        theirs = self._floor.market.orders_of.get(broker.member, {})
        for order in list(theirs.values()):
            if order.instrument == traded.number:
                self._floor.submit(CancelOrder(broker.user, broker.member, order.id))

    def tidy(self, traded: Traded, fair: float) -> None:
        """Cancel the order that waits farthest from what is fair, if it is stale."""
        book = self._floor.market.venues[traded.number].book
        waiting = [
            order
            for order in (*book.orders(Side.BUY), *book.orders(Side.SELL))
            if not order.evergreen and order.price is not None
        ]
        if not waiting:
            return
        order = max(waiting, key=lambda order: abs((order.price or 0) - fair))
        owner = next(
            (
                trader
                for trader in (*self._floor.buyers, traded.vendor)
                if trader.member == order.member
            ),
        )
        if abs((order.price or 0) - fair) > STALE_TICKS * traded.tick:
            self._floor.submit(CancelOrder(owner.user, owner.member, order.id))

    def _near(self, traded: Traded, fair: float, side: int) -> int:
        """Return a price a few ticks beside *fair*: below for -1, above for 1."""
        ticks = min(self._random.expovariate(0.45), 8.0)
        return traded.rounded(fair + side * (0.4 + ticks) * traded.tick)

    def _buyer(self, traded: Traded) -> Trader:
        buyers = self._floor.buyers
        weights = [
            buyer.person.wealth**0.5
            * (4.0 if traded.product.sector in buyer.person.sectors else 1.0)
            for buyer in buyers
        ]
        return self._random.choices(buyers, weights)[0]

    def _holder(self, traded: Traded) -> Trader | None:
        """Return a member that holds more than it may need, or None."""
        holders = [
            buyer
            for buyer in self._floor.buyers
            if self._floor.free(buyer.member, traded.number) > 0
        ]
        weights = [
            (3.0 if holder.person.broker else 1.0)
            * self._floor.free(holder.member, traded.number)
            for holder in holders
        ]
        return self._random.choices(holders, weights)[0] if holders else None
