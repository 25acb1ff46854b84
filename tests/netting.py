"""A market whose trades settle at the end of a cycle, with credit and a reserve."""

from typing import Any

from marketplace.trading import commands as c
from marketplace.trading.control import Decide, Propose
from marketplace.trading.market import Market
from settlement.ledger import Pocket
from tests import sharing
from tests.floor import CAT, CNY, DAN, SECOND, STAFF, VERA

DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US  # Friday 2024-10-04, eight in the morning
SUN, MOON, PRICE = 1_000, 1_001, 100  # vera's, dan's; what each costs
RESERVE, CREDIT, FLOAT = 5_000, 2_000, 250_000
MEMBERS = (VERA, CAT, DAN)


def listed(instrument: int, vendor: int) -> list[Any]:
    """Return what lists and posts an instrument."""
    line = c.Line(instrument, "sell", PRICE, 1, evergreen=True)
    return [
        c.ListInstrument(
            STAFF, instrument, f"S{instrument}", vendor, CNY, 1, 1,
            f'{{"class":"dataset","n":{instrument}}}', (), None, None,
            transferable=False,
        ),
        c.PlaceOrder(vendor, vendor, line),
    ]  # fmt: skip


def buy(instrument: int, member: int, quantity: int = 1) -> c.PlaceOrder:
    """Return an order that takes the posted price."""
    line = c.Line(instrument, "buy", PRICE, quantity, "IOC", purpose="analysis")
    return c.PlaceOrder(member, member, line)


class Desk:
    """The market, its clock, and two persons at the settlement desk."""

    def __init__(self, cash: int = 1_000, cover_bps: int = 2_000) -> None:
        self.market, self.seq, self.at_us = Market(), 0, NOW_US
        self.payin(VERA, FLOAT, first=True)  # the fee of one sale funds the reserve
        for member in (CAT, DAN):
            self.payin(member, cash, first=True)
        for command in (*listed(SUN, VERA), *listed(MOON, DAN)):
            self.do(command)
        self.do(buy(MOON, VERA, 2_400))
        self.payout(DAN, 234_000)
        self.propose("SetReserve", CNY, RESERVE)
        self.propose("SetCredit", CAT, CNY, CREDIT)
        self.propose("SetCredit", DAN, CNY, CREDIT)
        self.propose("SetCycle", CNY, "book", 1, cover_bps)

    def do(self, command: Any) -> Any:
        self.seq, self.at_us = self.seq + 1, self.at_us + 1
        return self.market.apply(command, self.seq, self.at_us)

    def payin(self, member: int, amount: int, *, first: bool = False) -> None:
        if first:
            self.do(c.SetStanding(STAFF, member, verified=True))
        number = self.do(c.RequestPayin(member, member, CNY, amount, "cash"))
        self.do(c.ConfirmPayin(STAFF, number))

    def payout(self, member: int, amount: int) -> None:
        number = self.do(c.RequestPayout(member, member, CNY, amount, "bank"))
        self.do(c.ApprovePayout(SECOND, number))
        self.do(c.PayPayout(STAFF, number))

    def propose(self, kind: str, *values: Any) -> Any:
        number = self.do(Propose(STAFF, kind, values, "by the desk"))
        return self.do(Decide(SECOND, number, approve=True))

    def wait(self, days: int = 4) -> None:
        self.at_us += days * DAY_US

    def run(self) -> tuple[int, int]:
        """Freeze, approve and execute what is due; the run and how many debts."""
        number = self.do(c.FreezeRun(STAFF, CNY))
        self.do(c.ApproveRun(SECOND, number))
        return number, self.do(c.ExecuteRun(STAFF, number))

    def money(self, member: int, pocket: int = Pocket.FREE) -> int:
        return self.market.ledger.balance(member, CNY, pocket)

    def wealth(self, member: int) -> int:
        return sum(self.money(member, pocket) for pocket in (0, 1, 2))

    def reserve(self) -> int:
        return self.money(0, Pocket.HELD)


def rules(member: int, reserve: int, credit: int) -> list[tuple[str, tuple[Any, ...]]]:
    """Return what two persons decide so that the book's trades settle later."""
    return [
        ("SetReserve", (CNY, reserve)),
        ("SetCredit", (member, CNY, credit)),
        ("SetPenalties", (CNY, ((0, 5), (3, 10)))),
        ("SetCycle", (CNY, "book", 1, 5_000)),
    ]


def live(do: Any, hands: Any, poor: int) -> None:
    """Let *poor* buy on credit, pay out what it has, and owe; leave a run frozen."""
    do(c.SetStanding(STAFF, poor, verified=True))
    do(c.ConfirmPayin(STAFF, do(c.RequestPayin(poor, poor, CNY, 100, "cash"))))
    for kind, values in rules(poor, 30, 20):
        number = do(Propose(STAFF, kind, values, "by the desk"))
        do(Decide(SECOND, number, approve=True))
    do(sharing.buy(sharing.SHARED, poor, 1))
    do(sharing.buy(sharing.ORIGINAL, CAT, 2))
    do(c.RequestPayout(poor, poor, CNY, 23, "bank"))
    hands.at_us += 4 * DAY_US
    do(c.Tick())
    run = do(c.FreezeRun(STAFF, CNY))
    do(c.ApproveRun(SECOND, run))
    assert do(c.ExecuteRun(STAFF, run)) == 1
    do(sharing.buy(sharing.SHARED, CAT, 2))
    do(sharing.buy(sharing.SHARED, CAT, 1))
    hands.at_us += 4 * DAY_US
    do(c.Tick())
    do(c.FreezeRun(STAFF, CNY))
