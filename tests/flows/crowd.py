"""Members that trade at random: bids, offers, baskets, cancels, one after another."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from marketplace.members.users import User
from marketplace.trading import commands as c
from marketplace.trading.gateway import Gateway
from settlement import clock
from settlement.errors import Refusal

PURPOSE = "internal_analysis"
SOON_US = clock.SECOND_US // 2  # how long a dated bid waits


class Goods(NamedTuple):
    """An instrument with a reference price, and who issues it."""

    instrument: int
    product: int
    vendor: User
    currency: int
    price: int  # minor units
    transferable: bool


class Crowd:
    """Some members that trade at random, one command after another."""

    def __init__(
        self,
        gateway: Gateway,
        members: Sequence[User],
        everything: Sequence[Goods],
        seed: int,
    ) -> None:
        """Trade with *everything* through *gateway*; *seed* makes the choices."""
        self.submit = gateway.submit
        self.members = members
        self.everything = everything
        self.known = {goods.instrument: goods for goods in everything}
        self.random = Random(seed)
        self.waiting: dict[int, list[int]] = defaultdict(list)
        self.held: Counter[tuple[int, int]] = Counter()
        self.accepted = 0
        self.refused: Counter[str] = Counter()

    def trade(self, orders: int) -> None:
        """Go on until so many orders are accepted."""
        while self.accepted < orders:
            user = self.random.choice(self.members)
            try:
                self._act(user)
            except Refusal as refusal:
                self.refused[refusal.code] += 1

    def _act(self, user: User) -> None:
        roll, waiting = self.random.random(), self.waiting[user.member]
        if roll < 0.12:
            lines = tuple(self._line(user) for _ in range(self.random.randint(5, 40)))
            basket = c.PlaceBasket(user.id, user.member, lines)
            for line, placed in zip(lines, self.submit(basket).result, strict=True):
                self._note(user, line, placed)
        elif roll < 0.25 and waiting:
            order = waiting.pop(self.random.randrange(len(waiting)))
            self.submit(c.CancelOrder(user.id, user.member, order))
        elif roll < 0.3 and waiting:
            order = self.random.choice(waiting)
            self.submit(c.ReduceOrder(user.id, user.member, order, 1))
        elif roll < 0.32:
            goods = self.random.choice(self.everything)
            if goods.transferable:  # posted prices stay
                self.submit(c.CancelAll(user.id, user.member, goods.instrument))
        else:
            line = self._line(user)
            placed = self.submit(c.PlaceOrder(user.id, user.member, line)).result
            self._note(user, line, placed)

    def _line(self, user: User) -> c.Line:
        mine = [
            key for key, held in self.held.items() if key[0] == user.member and held > 0
        ]
        if mine and self.random.random() < 0.4:
            _, instrument = self.random.choice(mine)
            goods = self.known[instrument]
            return self._offer(goods, self.held[user.member, instrument])
        goods = self.random.choice(self.everything)
        if goods.transferable and goods.vendor.member == user.member:
            return self._offer(goods, 50)
        return self._bid(goods)

    def _offer(self, goods: Goods, most: int) -> c.Line:
        price = goods.price * self.random.randint(85, 115) // 100
        time = self.random.choice(("GTC", "GTC", "IOC"))
        many = self.random.randint(1, most)
        return c.Line(goods.instrument, "sell", price, many, time)

    def _bid(self, goods: Goods) -> c.Line:
        time = self.random.choice(("GTC", "GTC", "GTC", "IOC", "IOC", "FOK", "GTD"))
        price: int | None = goods.price * self.random.randint(80, 105) // 100
        if time == "IOC" and self.random.random() < 0.5:
            price, time = None, self.random.choice(("IOC", "GTC"))  # at the market
        expires_us = clock.now_us() + SOON_US if time == "GTD" else None
        many = self.random.randint(1, 8)
        return c.Line(
            *(goods.instrument, "buy", price, many, time, expires_us), purpose=PURPOSE
        )

    def _note(self, user: User, line: c.Line, placed: c.Placed | c.Refused) -> None:
        if isinstance(placed, c.Refused):
            self.refused[placed.code] += 1
            return
        self.accepted += 1
        if placed.state in {"open", "partial"}:
            self.waiting[user.member].append(placed.order)
        taken = sum(quantity for _, _, quantity in placed.trades)
        goods = self.known[line.instrument]
        if goods.transferable and goods.vendor.member != user.member:
            self.held[user.member, line.instrument] += (
                taken if line.side == "buy" else -taken
            )
