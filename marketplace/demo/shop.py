"""The shop side of the demo: posted prices, buy-nows, bids below, deliveries."""

from functools import partial
from random import Random

from marketplace.demo.calendar import Day, poisson
from marketplace.demo.cashier import Cashier
from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.trading.acceptance import AcceptDelivery, ReportDelivery
from marketplace.trading.commands import CancelOrder, Deliver, Line, PlaceOrder
from marketplace.trading.orders import Side
from settlement import clock

BUYS = 19.0  # purchases at the posted price on an ordinary day
BIDS = 5.5  # bids below it
REPRICES = 3.2  # posted prices that change
HOME_SECTOR = 9.0  # how much likelier a buyer buys in one of its own sectors
PER_UNIT = ("seat", "per_call")  # bought again and again, several at once
LOOKS_MAX = 5  # listings that a buyer looks at before it gives up for the day
CARELESS = 0.25  # of those without the money try all the same, and are refused
DELIVERED = 0.9  # of the rights bought are used within two days
BID_DAYS_MAX = 12
ACCEPTS = 0.6  # of the buyers who have to accept; the others let the time lapse


class Shop:
    """Vendors post prices and change them; buyers take them or bid below."""

    def __init__(self, floor: Floor, cashier: Cashier) -> None:
        """Trade on *floor*, with money that *cashier* brings."""
        self._floor = floor
        self._cashier = cashier
        self._random: Random = floor.random
        self._bought: set[tuple[int, int]] = (
            set()
        )  # (member, instrument), once is enough

    def open(self, traded: Traded) -> None:
        """Post the vendor's price of a new listing."""
        self._floor.traded.append(traded)
        self.post(traded)

    def post(self, traded: Traded) -> None:
        """Let the vendor's evergreen offer rest at the posted price."""
        line = Line(traded.number, "sell", traded.price, 1, evergreen=True)
        vendor = traded.vendor
        placed = self._floor.submit(PlaceOrder(vendor.user, vendor.member, line))
        traded.posted = None if placed is None else placed.order

    def plan_day(self, day: Day) -> None:
        """Plan the day's purchases, bids and new prices."""
        for mean, act in (
            (BUYS, self.buy),
            (BIDS, self.bid),
            (REPRICES, self.reprice),
        ):
            for _ in range(poisson(self._random, mean * day.busy)):
                self._floor.plan(day.sometime(self._random), act)

    def choose(self, *, once: bool = False) -> tuple[Trader, Traded]:
        """Return a buyer and something that it may like; *once*: whole rights only."""
        buyers = self._floor.buyers
        weights = [buyer.person.wealth**0.5 for buyer in buyers]
        buyer = self._random.choices(buyers, weights)[0]
        offered = [
            traded
            for traded in self._floor.traded
            if not (once and (traded.sold.mode in PER_UNIT or not traded.price))
        ]
        likings = [self._liking(buyer, traded) for traded in offered]
        return buyer, self._random.choices(offered, likings)[0]

    @staticmethod
    def _liking(buyer: Trader, traded: Traded) -> float:
        home = traded.product.sector in buyer.person.sectors
        foreign = traded.sold.currency != "CNY"
        paid_in = 8.0 if foreign and buyer.person.abroad else 0.5 if foreign else 1.0
        lively = 0.25 if traded.liquidity else 1.0  # those have a book of their own
        return traded.popularity * (HOME_SECTOR if home else 1.0) * paid_in * lively

    def buy(self) -> None:
        """Take a posted price: what the button “buy now” does."""
        for _ in range(LOOKS_MAX):
            buyer, traded = self.choose()
            if traded.sold.mode in PER_UNIT or not self._has(buyer, traded):
                break
        else:
            return
        price = self._floor.best(traded.number, Side.SELL)
        if price is None or (traded.liquidity and price == traded.price):
            return  # the cheaper offers are bought up: it waits for the next
        quantity = 1
        if traded.sold.mode in PER_UNIT:
            quantity = self._floor.some_quantity(3, 40)
        self.take(buyer, traded, price, quantity)

    def _has(self, buyer: Trader, traded: Traded) -> bool:
        return (buyer.member, traded.number) in self._bought

    def take(self, buyer: Trader, traded: Traded, price: int, quantity: int) -> None:
        """Buy *quantity* at *price* or better at once; bring money if there is none."""
        if not self.affords(buyer, traded, price * quantity):
            return
        purpose = self._floor.purpose(traded.number)
        line = Line(
            traded.number, "buy", price, quantity, time_in_force="IOC", purpose=purpose
        )
        placed = self._floor.submit(PlaceOrder(buyer.user, buyer.member, line))
        if placed is not None and placed.trades:
            self._bought.add((buyer.member, traded.number))
            self._use(buyer, traded)
            for trade, *_ in placed.trades:
                self._examine(buyer, traded, trade)

    def affords(self, buyer: Trader, traded: Traded, needed: int) -> bool:
        """Tell whether *buyer* can pay; if not, it pays in and comes back later."""
        if self._floor.free(buyer.member, traded.currency) >= needed:
            return True
        self._cashier.top_up(buyer, traded.currency, needed)
        return self._random.random() < CARELESS

    def bid(self) -> None:
        """Bid below a posted price; the vendor takes some of these bids."""
        buyer, traded = self.choose(once=True)
        best = self._floor.best(traded.number, Side.SELL)
        if best is None or self._has(buyer, traded):
            return
        price = traded.rounded(best * self._random.uniform(0.78, 0.96))
        if price >= best or not self.affords(buyer, traded, price):
            return
        days = self._random.randint(2, BID_DAYS_MAX)
        until_us = self._floor.at_us + days * clock.DAY_US
        line = Line(
            traded.number,
            "buy",
            price,
            1,
            time_in_force="GTD",
            expires_us=until_us,
            purpose=self._floor.purpose(traded.number),
        )
        placed = self._floor.submit(PlaceOrder(buyer.user, buyer.member, line))
        if placed is None or placed.trades:
            return
        self._bought.add((buyer.member, traded.number))
        answer = self._random.random()
        if answer < 0.34 and price > 0.82 * traded.price:
            self._floor.soon(60 * 2, partial(self._accept, traded, price))
        elif answer > 0.85:
            cancel = CancelOrder(buyer.user, buyer.member, placed.order)
            self._floor.soon(60 * 30, partial(self._withdraw, cancel))

    def _accept(self, traded: Traded, price: int) -> None:
        """Let the vendor sell one right to the best bid, at *price* or better."""
        best = self._floor.best(traded.number, Side.BUY)
        if best is not None and best >= price:
            line = Line(traded.number, "sell", price, 1, time_in_force="IOC")
            vendor = traded.vendor
            self._floor.submit(PlaceOrder(vendor.user, vendor.member, line))

    def _withdraw(self, cancel: CancelOrder) -> None:
        if cancel.order in self._floor.market.orders:
            self._floor.submit(cancel)

    def reprice(self) -> None:
        """Let a vendor replace its posted price, up a little more often than down."""
        traded = self._random.choice(self._floor.traded)
        if traded.posted is None or not traded.price or traded.liquidity > 2:
            return
        factor = self._random.choice((0.9, 0.94, 0.97, 1.03, 1.05, 1.08))
        price = traded.rounded(traded.price * factor)
        if not 0.8 * traded.sold.price <= price <= 1.25 * traded.sold.price:
            return
        vendor = traded.vendor
        self._floor.submit(CancelOrder(vendor.user, vendor.member, traded.posted))
        traded.price = price
        self.post(traded)

    def _use(self, buyer: Trader, traded: Traded) -> None:
        """Plan that the buyer downloads what it bought."""
        if self._random.random() < DELIVERED:
            for file in traded.files:
                minutes = self._random.lognormvariate(4.2, 1.2)
                self._floor.soon(minutes, partial(self._deliver, buyer, traded, file))

    def _examine(self, buyer: Trader, traded: Traded, trade: int) -> None:
        """Plan that the vendor delivers and the buyer accepts, where that is needed."""
        if trade not in self._floor.market.escrows.live:
            return
        vendor, minutes = traded.vendor, self._random.uniform(60, 3_000)
        escrow = self._floor.market.escrows.live[trade]
        if escrow.undelivered:
            report = ReportDelivery(
                vendor.user, vendor.member, trade, escrow.undelivered
            )
            self._floor.soon(minutes, partial(self._floor.submit, report))
        if self._random.random() < ACCEPTS:
            accept = AcceptDelivery(buyer.user, buyer.member, trade)
            self._floor.soon(2 * minutes + 600, partial(self._floor.submit, accept))

    def _deliver(
        self, buyer: Trader, traded: Traded, file: tuple[int, str, int]
    ) -> None:
        rights = list(self._floor.market.rights.of(buyer.member, traded.number))
        if rights:
            number, sha256, size = file
            right = rights[-1].number
            self._floor.submit(
                Deliver(buyer.user, buyer.member, right, number, sha256, size)
            )
