"""Matching alone: one mixed flow through our book and through the packaged engines.

The flow is made once from a seed and is the same for everyone: 50 % limit orders, 40 %
cancels of a waiting order, 10 % IOC orders; once on a thin book and once on one where
20,000 orders wait. Every round gives each engine a fresh book; rounds alternate; the
median counts, of speeds and of the ratios within a round. Making the order and finding
it again by its number are measured with every engine; the garbage collector rests for
all. All must trade the same quantity.
"""

import gc
import json
import random
from collections.abc import Sequence
from operator import truediv
from statistics import median
from typing import NamedTuple, Protocol

import lightmatchingengine.lightmatchingengine as light
import orderbook as akhil4n

from marketplace.trading.book import Book
from marketplace.trading.matcher import Matcher
from marketplace.trading.orders import BUY, IOC, SELL, Order
from settlement import clock
from tests.speed import Table

SEED = 20_260_401
OPERATIONS = 100_000
ROUNDS = 7
DEEP = 20_000
MIDDLE = 100_000  # the price in minor units that the flow moves around
AIM = 2.0  # times the fastest peer


class Step(NamedTuple):
    """One operation: place an order, or cancel the one of that id if *price* is 0."""

    id: int
    buys: bool
    price: int
    quantity: int
    immediate: bool


class Engine(Protocol):
    """What every contestant is asked to do."""

    def place(self, step: Step) -> int:
        """Match the order, let a limit order's rest wait; return what it traded."""

    def cancel(self, number: int) -> None:
        """Take a waiting order out of the book."""


class Ours:
    """Databourse."""

    name, remark = "databourse", ""

    def __init__(self) -> None:
        self.book = Book()
        self.live: dict[int, Order] = {}

    def place(self, step: Step) -> int:
        number, buys, price, quantity, immediate = step
        side = BUY if buys else SELL
        if immediate:
            order = Order(number, number, 1, side, price, quantity, IOC)
        else:
            order = Order(number, number, 1, side, price, quantity)
        fills, reason = self.book.place(order)
        if order.remaining and reason is None:
            self.live[number] = order
        for maker, _ in fills:
            if not maker.remaining:
                del self.live[maker.id]
        return quantity - order.remaining

    def cancel(self, number: int) -> None:
        order = self.live.pop(number)
        self.book.remove(order)
        order.cancel()


class Akhil4n:
    """akhil4n-orderbook; with whole numbers, which are kinder to it than Decimal."""

    name, remark = "akhil4n-orderbook 0.1.1", "no IOC: placed, its rest cancelled"

    def __init__(self) -> None:
        self.book = akhil4n.OrderBook()
        self.names: dict[int, str] = {}

    def place(self, step: Step) -> int:
        number, buys, price, quantity, immediate = step
        side = akhil4n.OrderSide.BID if buys else akhil4n.OrderSide.ASK
        order = akhil4n.Order(side, price, quantity)
        self.book.add_limit_order(order)
        if not immediate:
            self.names[number] = order.order_id
        elif order.remaining_quantity:
            self.book.cancel_order(order.order_id)
        return quantity - order.remaining_quantity

    def cancel(self, number: int) -> None:
        self.book.cancel_order(self.names.pop(number))


class Light:
    """lightmatchingengine."""

    name, remark = "lightmatchingengine 2019.1.4", "no IOC: placed, its rest cancelled"

    def __init__(self) -> None:
        self.engine = light.LightMatchingEngine()
        self.names: dict[int, int] = {}

    def place(self, step: Step) -> int:
        number, buys, price, quantity, immediate = step
        side = light.Side.BUY if buys else light.Side.SELL
        order, _ = self.engine.add_order("X", price, quantity, side)
        if not immediate:
            self.names[number] = order.order_id
        elif order.leaves_qty:
            self.engine.cancel_order(order.order_id, "X")
        return order.cum_qty

    def cancel(self, number: int) -> None:
        self.engine.cancel_order(self.names.pop(number), "X")


CONTESTANTS = (Ours, Akhil4n, Light)


def run() -> list[Table]:
    """Measure both books, then the whole `match` command's work on the same flow."""
    return [
        compare("A thin book", deep=0),
        compare(f"{DEEP:,} orders waiting", deep=DEEP),
        matched_lines(),
    ]


def compare(title: str, deep: int) -> Table:
    """Let all engines do the same flow in turn, and put them in a table."""
    before, flow = make_flow(deep)
    speeds: dict[str, list[float]] = {engine.name: [] for engine in CONTESTANTS}
    traded = set()
    for _ in range(ROUNDS):
        for contestant in CONTESTANTS:
            took_s, quantity = measure(contestant(), before, flow)
            speeds[contestant.name].append(len(flow) / took_s)
            traded.add(quantity)
    assert len(traded) == 1, traded  # everyone did the same work
    rows = [
        (
            engine.name,
            round(median(speeds[engine.name])),
            median(map(truediv, speeds[Ours.name], speeds[engine.name])),
            engine.remark,
        )
        for engine in CONTESTANTS
    ]
    ratio = min(row[2] for row in rows[1:])
    met = "met" if ratio >= AIM else "missed"
    note = f"{ratio:.2f} times the fastest peer; the aim of {AIM} is {met}"
    columns = ("engine", "operations/s", "databourse is times", "remark")
    return Table(f"{title}: {len(flow):,} operations", columns, rows, note)


def measure(
    engine: Engine, before: Sequence[Step], flow: Sequence[Step]
) -> tuple[float, int]:
    """Return the seconds that *flow* takes after *before*, and what it traded."""
    for step in before:
        engine.place(step)
    gc.collect()
    gc.disable()
    place, cancel, traded = engine.place, engine.cancel, 0
    began_s = clock.elapsed_s()
    for step in flow:
        if step[2]:
            traded += place(step)
        else:
            cancel(step[0])
    took_s = clock.elapsed_s() - began_s
    gc.enable()
    return took_s, traded


def make_flow(deep: int) -> tuple[list[Step], list[Step]]:
    """Return *deep* orders that do not trade, and the flow that comes after them.

    Prices crowd around the middle and overlap by five, so that about a third of the
    orders on the thin book trade. Only an order that still waits is cancelled, which
    a book that follows along tells.
    """
    chance, book = random.Random(SEED + deep), Ours()
    waiting: list[int] = []
    number = 0

    def place(nearest: int, farthest: int, *, immediate: bool = False) -> Step:
        nonlocal number
        number += 1
        buys = chance.random() < 0.5
        away = chance.randint(nearest, farthest)
        price = MIDDLE - away if buys else MIDDLE + away
        step = Step(number, buys, price, chance.randint(1, 100), immediate)
        book.place(step)
        if number in book.live:
            waiting.append(number)
        return step

    def cancel() -> Step | None:
        while waiting:
            chosen = chance.randrange(len(waiting))
            waiting[chosen], waiting[-1] = waiting[-1], waiting[chosen]
            if (found := waiting.pop()) in book.live:
                book.cancel(found)
                return Step(found, buys=False, price=0, quantity=0, immediate=False)
        return None

    before = [place(1, 1_000) for _ in range(deep)]
    farthest = 200 if deep else 50
    flow: list[Step] = []
    while len(flow) < OPERATIONS:
        kind = chance.random()
        step = cancel() if kind < 0.4 else None
        flow.append(step or place(-5, farthest, immediate=kind >= 0.9))
    return before, flow


def matched_lines() -> Table:
    """Measure the thin flow as an order file: parse, check, match, encode."""
    _, flow = make_flow(0)
    lines = [as_line(step) for step in flow]
    speeds = []
    for _ in range(3):
        matcher = Matcher()
        began_s = clock.elapsed_s()
        for line in lines:
            for event in matcher.feed(line):
                json.dumps(event)
        speeds.append(len(lines) / (clock.elapsed_s() - began_s))
        assert not matcher.tally["refused"]
    rows = [("databourse match", round(median(speeds)))]
    return Table("The thin flow as an order file", ("command", "lines/s"), rows)


def as_line(step: Step) -> bytes:
    """Write *step* as a line of an order file."""
    number, buys, price, quantity, immediate = step
    if not price:
        return json.dumps({"op": "cancel", "id": str(number)}).encode()
    fields = {
        "op": "place",
        "id": str(number),
        "side": "buy" if buys else "sell",
        "price": price,
        "quantity": quantity,
        "time_in_force": "IOC" if immediate else "GTC",
    }
    return json.dumps(fields).encode()
