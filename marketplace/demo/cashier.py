"""Money in the demo: members pay in to buy, vendors are paid out on Fridays."""

from functools import partial

from marketplace.demo.calendar import Day
from marketplace.demo.floor import Floor, Trader
from marketplace.trading.cashing import (
    ApprovePayin,
    ApprovePayout,
    ConfirmPayin,
    PayPayout,
    RequestPayin,
    RequestPayout,
)
from settlement.money import BY_ASSET, BY_CODE, CURRENCIES

START_CNY = 420_000  # whole yuan for a buyer of ordinary wealth
# Payins after the first are a multiple of this, whole units.
STEPS = {"CNY": 50_000, "USD": 6_000, "EUR": 5_000, "JPY": 300_000}
START_ABROAD = {"USD": 26_000, "EUR": 9_000, "JPY": 900_000}  # whole units
START_AT_HOME = {"USD": 5_000, "EUR": 3_000}
PAYOUT_LEAST = 5_000  # whole yuan; less waits for the next Friday
FRIDAY, MONDAY = 4, 0


class Cashier:
    """Brings money in and out for the floor's members, by the hands of two of staff."""

    def __init__(self, floor: Floor, officer: int, approver: int) -> None:
        """Let the users *officer* and *approver* confirm, approve and pay."""
        self._floor = floor
        self._officer = officer
        self._approver = approver
        self._coming: set[tuple[int, int]] = set()
        self._number = 0

    def endow(self, buyer: Trader, day: Day) -> None:
        """Bring in what *buyer* starts with, in the first morning."""
        wealth = buyer.person.wealth
        start = {"CNY": START_CNY * (0.4 if buyer.person.abroad else 1.0)}
        if buyer.person.abroad:
            start |= START_ABROAD
        elif wealth > 1.5:
            start |= START_AT_HOME
        for code, units in start.items():
            at_us = day.at(self._floor.random.uniform(8.8, 9.6))
            amount = (
                round(units * wealth / 1_000) * 1_000 * 10 ** BY_CODE[code].exponent
            )
            asset = BY_CODE[code].asset
            self._floor.plan(at_us, partial(self.pay_in, buyer, asset, amount))

    def pay_in(self, buyer: Trader, asset: int, amount: int) -> None:
        """Announce *amount*; staff confirm it within the hour."""
        if (buyer.member, asset) in self._coming:
            return
        self._coming.add((buyer.member, asset))
        number = self._request(buyer, asset, amount)
        self._floor.soon(25, lambda: self._confirm(buyer, asset, number))

    def _request(self, buyer: Trader, asset: int, amount: int) -> int:
        self._number += 1
        reference = f"DEMO-{self._number:05d}"
        command = RequestPayin(buyer.user, buyer.member, asset, amount, reference)
        number: int = self._floor.submit(command)
        return number

    def _confirm(self, buyer: Trader, asset: int, number: int) -> None:
        self._coming.discard((buyer.member, asset))
        if self._floor.submit(ConfirmPayin(self._officer, number)) == "pending":
            self._floor.soon(
                20, lambda: self._floor.submit(ApprovePayin(self._approver, number))
            )

    def top_up(self, buyer: Trader, asset: int, needed: int) -> None:
        """Bring in more money for *buyer*, enough for a while."""
        currency = BY_ASSET[asset]
        step = STEPS[currency.code] * 10**currency.exponent
        pieces = max(2, -(-needed // step) + round(2 * buyer.person.wealth))
        self.pay_in(buyer, asset, pieces * step)

    def settle_week(self, vendors: list[Trader], day: Day) -> None:
        """Ask for payouts on a Friday; they are approved and paid on Monday."""
        if day.date.weekday() != FRIDAY:
            return
        for vendor in vendors:
            at_us = day.at(self._floor.random.uniform(15.5, 17.5))
            self._floor.plan(at_us, partial(self._ask, vendor))

    def _ask(self, vendor: Trader) -> None:
        for currency in CURRENCIES:
            share = self._floor.random.uniform(0.5, 0.8)
            free = self._floor.free(vendor.member, currency.asset)
            unit = 100 * 10**currency.exponent
            amount = int(free * share) // unit * unit
            if amount >= PAYOUT_LEAST * 10**currency.exponent:
                self.pay_out(vendor, currency.asset, amount)

    def pay_out(self, vendor: Trader, asset: int, amount: int) -> None:
        """Ask for a payout that staff will approve and pay on the next Monday."""
        bank = f"DEMO BANK · **** {1000 + vendor.member * 37 % 9000}"
        command = RequestPayout(vendor.user, vendor.member, asset, amount, bank)
        number = self._floor.submit(command)
        if number is None:
            return
        weekend_min = 60 * 66.0  # from Friday afternoon to Monday morning
        at_us = self._floor.at_us + int(weekend_min * 60_000_000)
        self._floor.plan(at_us, lambda: self._approve(number))

    def _approve(self, number: int) -> None:
        self._floor.submit(ApprovePayout(self._officer, number))
        self._floor.soon(
            120, lambda: self._floor.submit(PayPayout(self._approver, number))
        )

    def leave_work(self, buyers: list[Trader], vendors: list[Trader], day: Day) -> None:
        """Leave payins and payouts waiting at the end, so that the desk has a queue."""
        small, large = buyers[2], buyers[1]
        cny = BY_CODE["CNY"].asset
        self._floor.plan(day.at(22.1), partial(self._request, small, cny, 8_000_000))
        self._floor.plan(day.at(22.4), lambda: self._half_done(large, 60_000_000))
        self._floor.plan(day.at(22.7), lambda: self._ask(vendors[0]))
        self._floor.plan(day.at(23.1), lambda: self._ask(vendors[3]))

    def _half_done(self, buyer: Trader, amount: int) -> None:
        number = self._request(buyer, BY_CODE["CNY"].asset, amount)
        self._floor.submit(ConfirmPayin(self._officer, number))
