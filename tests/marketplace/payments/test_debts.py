"""Debts: what waits is taken first; what was bought is withheld until they are paid."""

import pytest

from listings import plans
from marketplace.trading import commands as c
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from settlement.canonical import canonical
from settlement.entitlements import Hold
from settlement.errors import IllegalMove
from settlement.invariants import violations
from settlement.ledger import Pocket
from tests.floor import CAT, CNY, STAFF, VERA, bid, opened
from tests.marketplace.trading.test_accepting import Desk

CALLS, DOLLARS, USD = 1_002, 1_003, 2
METERED = canonical(
    {
        "mode": "per_call",
        "plan": plans.dump(plans.Plan(tiers=(plans.Tier(None, 7),))),
    }
)
AMOUNT = 20_000


class Cards(Desk):
    """A market with money by card, and rights whose use is paid as it happens."""

    def __init__(self):
        super().__init__()
        self.do(
            c.ListInstrument(
                STAFF, CALLS, "CALLS", VERA, CNY, 1, 1, METERED, (), None, None,
                transferable=False,
            )
        )  # fmt: skip
        self.metered = self.do(c.GrantRight(STAFF, CAT, CALLS, 1, "analysis"))

    def spend_cash(self):
        """Leave CAT without money of its own."""
        self.do(c.RequestPayout(CAT, CAT, CNY, self.money(CAT), "bank"))

    def pay(self, amount=AMOUNT):
        self.card = self.do(c.RequestCardPayin(CAT, CAT, CNY, amount))
        self.book("charge", amount)
        return self.card

    def book(self, kind, amount):
        facts = (f"txn_{self.seq}", kind, self.card, f"pi_{self.card}", CNY)
        return self.do(c.RecordLine(0, *facts, amount, 0, 5))

    def budget(self, amount):
        self.do(c.SetBudget(CAT, CAT, self.metered, amount))

    def holds(self, right):
        return self.market.rights.get(right).holds


@pytest.fixture
def desk(sqlite_url):
    """The market; in the end its records, its memory and its audit agree."""
    desk = Cards()
    engine = opened(sqlite_url)
    desk.market.ledger.touched.update(range(len(desk.market.ledger.accounts)))
    yield desk
    with engine.begin() as db:
        write(db, drain(desk.market))
    with engine.connect() as db:
        assert digest(load(db)) == digest(desk.market)
        found = [v for v in violations(db) if v.code not in {"A1", "A4", "B6"}]
        assert found == []
    engine.dispose()


def test_what_is_set_aside_for_use_goes_back_before_anything_is_owed(desk):
    desk.spend_cash()
    desk.pay()
    desk.budget(AMOUNT)
    desk.book("dispute", -AMOUNT)
    tab = desk.market.usage.tabs[desk.metered]
    assert (tab.held, tab.allowed) == (0, 0)
    assert desk.market.ledger.balance(CAT, CNY, Pocket.OPEN) == 0
    assert not desk.holds(desk.metered), "nothing is owed, nothing is withheld"
    before = desk.money(VERA)
    desk.do(c.CountUse(0, "m", 0, 9, ((desk.metered, 0, 5, 5, 5),)))
    assert desk.money(VERA) == before


def test_what_was_used_is_owed_and_the_metered_right_withheld_though_older(desk):
    desk.spend_cash()
    desk.pay()
    desk.budget(AMOUNT)
    desk.do(c.CountUse(0, "m", 0, 9, ((desk.metered, 0, 100, 0, 0),)))
    desk.book("dispute", -AMOUNT)
    assert desk.market.ledger.balance(CAT, CNY, Pocket.OPEN) == -700
    assert desk.holds(desk.metered) == Hold.DEBT
    desk.do(c.CloseDispute(0, desk.card, won=False))
    assert desk.holds(desk.metered) == Hold.DEBT, "it was not bought with this money"
    payin = desk.do(c.RequestPayin(CAT, CAT, CNY, 700, "x"))
    desk.do(c.ConfirmPayin(STAFF, payin))
    assert not desk.holds(desk.metered)


def test_only_bids_in_the_money_that_went_back_are_cancelled(desk):
    dollars = c.ListInstrument(
        STAFF, DOLLARS, "DOLLARS", VERA, USD, 1, 1, "{}", (), None, None,
        transferable=False,
    )  # fmt: skip
    desk.do(dollars)
    payin = desk.do(c.RequestPayin(CAT, CAT, USD, 500, "x"))
    desk.do(c.ConfirmPayin(STAFF, payin))
    here = c.Line(DOLLARS, "buy", 5, 1, purpose="analysis")
    kept = desk.do(c.PlaceOrder(CAT, CAT, here)).order
    desk.do(bid(9, 10))
    desk.spend_cash()
    desk.pay()
    desk.do(bid(9, 100))
    desk.book("dispute", -AMOUNT)
    assert list(desk.market.orders_of[CAT]) == [kept]
    assert desk.market.ledger.balance(CAT, CNY, Pocket.OPEN) == 0


def test_a_dispute_of_the_trade_does_not_keep_a_right_from_being_withheld(desk):
    desk.spend_cash()
    desk.pay()
    escrow = desk.buy(20)
    desk.do(c.OpenDispute(CAT, CAT, escrow.number, "quality", "it is empty"))
    desk.book("dispute", -AMOUNT)
    assert desk.holds(escrow.right) == Hold.DISPUTE | Hold.DEBT
    desk.do(c.WithdrawDispute(CAT, CAT, 1))
    assert desk.holds(escrow.right) == Hold.DEBT
    assert str(desk.market.rights.get(escrow.right).state) == "suspended"
    desk.book("dispute_back", AMOUNT)
    assert str(desk.market.rights.get(escrow.right).state) == "active"


def test_a_right_bought_with_money_that_is_lost_ends_in_the_midst_of_its_dispute(desk):
    desk.spend_cash()
    desk.pay()
    escrow = desk.buy(20)
    desk.do(c.OpenDispute(CAT, CAT, escrow.number, "quality", "it is empty"))
    desk.book("dispute", -AMOUNT)
    desk.do(c.CloseDispute(0, desk.card, won=False))
    assert escrow.right not in desk.market.rights.live
    desk.do(c.WithdrawDispute(CAT, CAT, 1))
    assert str(escrow.state) == "settled"


def test_paying_a_debt_does_not_end_what_supervision_suspended(desk):
    desk.spend_cash()
    desk.pay()
    right = desk.buy(20).right
    desk.book("dispute", -AMOUNT)
    with pytest.raises(IllegalMove):
        desk.do(c.RestoreRight(STAFF, right, "it is withheld"))
    desk.do(c.SuspendRight(STAFF, right, "a complaint"))
    with pytest.raises(IllegalMove):
        desk.do(c.SuspendRight(STAFF, right, "again"))
    assert desk.holds(right) == Hold.DEBT | Hold.STAFF
    desk.book("dispute_back", AMOUNT)
    assert desk.holds(right) == Hold.STAFF
    assert str(desk.market.rights.get(right).state) == "suspended"
    desk.do(c.RestoreRight(STAFF, right, "settled"))
    assert str(desk.market.rights.get(right).state) == "active"
