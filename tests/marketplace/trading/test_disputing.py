"""Disputes and refunds: frozen money, answers, agreements, decisions by two."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.control import Decide, Propose
from marketplace.trading.escrows import NotInDispute
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import WrongOrder
from settlement.entitlements import RightEnded
from settlement.errors import IllegalMove, InsufficientBalance, NotFound, OwnWork
from settlement.invariants import violations
from settlement.refunds import MoreThanPaid, Sale
from tests.floor import CASH, CAT, CNY, DAN, SECOND, STAFF, VERA, opened
from tests.marketplace.trading.test_accepting import MOON, Desk

ESCROW = 2


def object_to(desk, escrow, member=CAT, reason="quality", note="half of it is empty"):
    return desk.do(c.OpenDispute(member, member, escrow.number, reason, note))


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def disputed(desk):
    """A trade in dispute, answered by nobody yet."""
    escrow = desk.buy()
    object_to(desk, escrow)
    return escrow


def answer(desk, offer=0):
    desk.do(c.AnswerDispute(VERA, VERA, 1, "it is as described", offer))


def decide(desk, refund, by=SECOND):
    number = desk.do(Propose(STAFF, "ResolveDispute", (1, refund), "the sample shows"))
    return desk.do(Decide(by, number, approve=True))


def test_an_objection_in_time_freezes_the_money_and_suspends_the_right(desk, disputed):
    assert (str(disputed.state), disputed.due_us) == ("disputed", None)
    assert (desk.money(CAT, ESCROW), desk.money(VERA)) == (1_000, 0)
    with pytest.raises(RightEnded):
        desk.do(c.Deliver(CAT, CAT, disputed.right, 1, "ab" * 32, 10))
    with pytest.raises(IllegalMove):
        desk.accept(disputed)
    with pytest.raises(IllegalMove):
        desk.do(c.ReturnSale(VERA, VERA, disputed.number))
    with pytest.raises(NotInDispute):
        object_to(desk, disputed)
    desk.pass_days(60)
    assert str(disputed.state) == "disputed", "nothing happens by itself"


def test_only_the_buyer_objects_with_a_reason_to_what_was_delivered():
    desk = Desk(7, 5)
    escrow = desk.buy()
    with pytest.raises(NotInDispute):
        object_to(desk, escrow)
    desk.deliver(escrow, 1)
    with pytest.raises(WrongOrder):
        object_to(desk, escrow, reason="regret")
    with pytest.raises(WrongOrder):
        object_to(desk, escrow, note=" ")
    for other in (VERA, DAN):
        with pytest.raises(NotFound):
            object_to(desk, escrow, other)
    desk.accept(escrow)
    with pytest.raises(NotFound):
        object_to(desk, escrow)


def test_without_an_answer_in_time_the_exchange_goes_on(desk, disputed):
    with pytest.raises(IllegalMove):
        decide(desk, 0)
    desk.pass_days(8)
    assert str(desk.market.disputes.live[1].state) == "mediation"
    with pytest.raises(IllegalMove):
        answer(desk)
    assert decide(desk, 1_000) == 1_000


def test_upheld_in_full_the_money_goes_back_and_the_right_ends(desk, disputed):
    answer(desk)
    assert decide(desk, 1_000) == 1_000
    assert (str(disputed.state), desk.money(CAT), desk.money(VERA)) == (
        *("unwound", CASH, 0),
    )
    assert (desk.units(CAT), desk.money(0), desk.money(CAT, ESCROW)) == (0, 0, 0)
    assert disputed.right not in desk.market.rights.live
    assert not desk.market.disputes.live


def test_upheld_in_part_the_fee_is_of_what_is_paid_and_the_right_goes_on(
    desk, disputed
):
    answer(desk)
    decide(desk, 333)
    assert str(disputed.state) == "settled"
    assert (desk.money(CAT), desk.money(VERA), desk.money(0)) == (
        *(CASH - 667, 667 - 17, 17),
    )
    desk.do(c.Deliver(CAT, CAT, disputed.right, 1, "ab" * 32, 10))


def test_rejected_the_vendor_is_paid(desk, disputed):
    answer(desk)
    decide(desk, 0)
    assert (str(disputed.state), desk.money(VERA)) == ("settled", 975)


def test_a_decision_takes_two_persons_and_what_is_there(desk, disputed):
    answer(desk)
    for odd in ((1, 1_001), (1, -1), (1, "all"), (2, 5)):
        with pytest.raises((WrongOrder, NotFound)):
            desk.do(Propose(STAFF, "ResolveDispute", odd, "why"))
    number = desk.do(Propose(STAFF, "ResolveDispute", (1, 500), "halves"))
    with pytest.raises(OwnWork):
        desk.do(Decide(STAFF, number, approve=True))
    other = desk.do(Propose(SECOND, "ResolveDispute", (1, 0), "no halves"))
    desk.do(Decide(SECOND, number, approve=True))
    with pytest.raises(NotFound):
        desk.do(Decide(STAFF, other, approve=True))
    assert str(disputed.state) == "settled"


def test_the_buyer_takes_what_the_vendor_offers_or_the_vendor_gives_all(desk):
    first, second, third = desk.buy(), desk.buy(), desk.buy()
    for escrow in (first, second, third):
        object_to(desk, escrow)
    agree = c.AgreeDispute(CAT, CAT, 1)
    with pytest.raises(NotFound):
        desk.do(agree)
    with pytest.raises(WrongOrder):
        answer(desk, 1_001)
    answer(desk, 400)
    assert desk.do(agree) == 400
    assert (str(first.state), first.released, first.refunded) == ("settled", 600, 400)
    assert desk.do(c.AgreeDispute(VERA, VERA, 2)) == 1_000
    assert str(second.state) == "unwound"
    with pytest.raises(NotFound):
        desk.do(c.WithdrawDispute(DAN, DAN, 3))
    desk.do(c.WithdrawDispute(CAT, CAT, 3))
    assert (str(third.state), third.released) == ("settled", 1_000)


def test_what_was_accepted_before_stays_paid():
    desk = Desk(7, 5)
    escrow = desk.buy(3)
    desk.deliver(escrow, 2)
    desk.accept(escrow, 1)
    object_to(desk, escrow)
    answer(desk)
    decide(desk, 1_000)
    assert (str(escrow.state), escrow.released, escrow.refunded) == (
        *("settled", 1_000, 2_000),
    )
    assert (desk.units(CAT), desk.market.rights.live[escrow.right].quantity) == (1, 1)


@pytest.mark.parametrize(("ends", "paid"), [("withdrawn", 1_000), ("agreed", 999)])
def test_what_was_not_delivered_goes_back_as_the_dispute_begins(ends, paid):
    desk = Desk(7, 5)
    escrow = desk.buy(10)
    desk.deliver(escrow, 1)
    object_to(desk, escrow)
    assert (desk.money(CAT), desk.money(CAT, ESCROW)) == (CASH - 1_000, 1_000)
    assert (desk.market.disputes.live[1].left, desk.units(CAT)) == (1_000, 1)
    with pytest.raises(WrongOrder):
        answer(desk, 1_001)
    answer(desk, 1)
    with pytest.raises(WrongOrder):
        decide(desk, 1_001)
    end = c.WithdrawDispute if ends == "withdrawn" else c.AgreeDispute
    desk.do(end(CAT, CAT, 1))
    assert (str(escrow.state), escrow.released) == ("settled", paid)
    assert (escrow.delivered, escrow.returned, desk.units(CAT)) == (1, 9, 1)
    assert desk.market.rights.live[escrow.right].quantity == 1


def test_a_vendor_gives_a_sale_back_that_is_not_in_dispute():
    desk = Desk(7, 5)
    none, some = desk.buy(2), desk.buy(2)
    with pytest.raises(NotFound):
        desk.do(c.ReturnSale(CAT, CAT, none.number))
    assert desk.do(c.ReturnSale(VERA, VERA, none.number)) == 2_000
    desk.deliver(some, 1)
    desk.accept(some)
    assert desk.do(c.ReturnSale(VERA, VERA, some.number)) == 1_000
    assert (str(none.state), str(some.state)) == ("unwound", "settled")
    assert (desk.money(CAT), desk.units(CAT)) == (CASH - 1_000, 1)


def sale_of(escrow):
    trade = escrow.trade
    return Sale(
        trade.number, trade.buyer, trade.seller, MOON, CNY, escrow.released,
        escrow.schedule, escrow.right,
    )  # fmt: skip


@pytest.fixture
def sold(desk):
    """A settled sale of 1,000, of which the vendor has 975."""
    escrow = desk.buy()
    desk.accept(escrow)
    return sale_of(escrow)


def refund(desk, sale, amount, by=SECOND):
    offer = c.OfferRefund(VERA, VERA, sale, amount, "late")
    return desk.do(Decide(by, desk.do(offer), approve=True))


def test_a_refund_after_settlement_takes_two_and_gives_the_fee_back_with_it(desk, sold):
    with pytest.raises(OwnWork):
        refund(desk, sold, 333, VERA)
    desk.do(Decide(VERA, 1, approve=False))
    assert refund(desk, sold, 333) == 1
    assert (desk.money(CAT), desk.money(0)) == (CASH - 667, 17)
    assert desk.money(VERA) == 667 - 17
    assert sold.right in desk.market.rights.live
    with pytest.raises(MoreThanPaid):
        refund(desk, sold, 668)
    assert refund(desk, sold, 667) == 2
    assert (desk.money(CAT), desk.money(0), desk.money(VERA)) == (CASH, 0, 0)
    assert sold.right not in desk.market.rights.live, "it ends with the money"


def test_a_refund_that_the_vendor_cannot_pay_is_refused_and_waits(desk, sold):
    desk.do(c.RequestPayout(VERA, VERA, CNY, 900, "bank"))
    with pytest.raises(InsufficientBalance) as lacking:
        refund(desk, sold, 1_000)
    assert lacking.value.facts()["needed"] == 975
    assert desk.market.proposals, "it still waits"
    desk.do(c.CancelPayout(VERA, VERA, 1))
    desk.do(Decide(SECOND, 1, approve=True))
    assert desk.money(CAT) == CASH


def test_a_refund_is_of_the_vendors_own_settled_sale(desk, sold):
    waits = desk.buy()
    other = c.OfferRefund(DAN, DAN, sold, 5, "why")
    with pytest.raises(NotFound):
        desk.do(other)
    for odd in (
        sale_of(waits),
        sold._replace(schedule=9),
        sold._replace(seller=DAN),
    ):
        with pytest.raises((WrongOrder, NotFound)):
            desk.do(c.OfferRefund(VERA, VERA, odd, 5, "why"))
    with pytest.raises(WrongOrder):  # but for the time left of a right that ends
        desk.do(Propose(STAFF, "RefundSale", (sold, 5), "not by staff alone"))


def test_a_refund_of_the_time_that_is_left_ends_the_right_once(desk, sold):
    def left(amount):
        values = (tuple(sold), amount, True)
        return desk.do(Propose(STAFF, "RefundSale", values, "The vendor has left."))

    first = left(400)
    with pytest.raises(WrongOrder):
        left(300)  # one proposal for each right
    desk.do(c.OfferRefund(VERA, VERA, sold, 50, "late"))
    assert desk.do(Decide(SECOND, first, approve=True)) == 1
    assert desk.money(CAT) == CASH - 600
    assert sold.right not in desk.market.rights.live, "it ends with its time"
    with pytest.raises(WrongOrder):
        left(300)


def test_the_records_make_the_same_market_again_and_pass_the_audit(desk, sold):
    refund(desk, sold, 100)
    for offer in (None, 0, 300):
        escrow = desk.buy()
        number = object_to(desk, escrow)
        if offer is not None:
            desk.do(c.AnswerDispute(VERA, VERA, number, "no", offer))
    desk.do(Propose(STAFF, "ResolveDispute", (2, 70), "waits for a second"))
    desk.do(c.OfferRefund(VERA, VERA, sold, 50, "waits too"))
    engine = opened("sqlite://")
    with engine.begin() as db:
        write(db, drain(desk.market))
        again = load(db)
        assert digest(again) == digest(desk.market)
        codes = ("H1", "H2", "H3", "M6", "M8", "P6", "S1", "S2", "A6")
        assert [v for v in violations(db) if v.code in codes] == []
    again.apply(Decide(SECOND, 2, approve=True), desk.seq + 1, desk.at_us + 1)
    again.apply(Decide(SECOND, 3, approve=True), desk.seq + 2, desk.at_us + 2)
    assert not any(again.ledger.totals().values())
    engine.dispose()


def state_of(desk, escrow):
    return str(desk.market.rights.get(escrow.right).state)


def test_staff_and_a_dispute_suspend_a_right_each_for_itself(desk, disputed):
    right = disputed.right
    with pytest.raises(IllegalMove):
        desk.do(c.RestoreRight(STAFF, right, "not while it is disputed"))
    desk.do(c.SuspendRight(STAFF, right, "a complaint"))
    desk.do(c.WithdrawDispute(CAT, CAT, 1))
    assert state_of(desk, disputed) == "suspended", "the complaint goes on"
    desk.do(c.RestoreRight(STAFF, right, "settled"))
    assert state_of(desk, disputed) == "active"


def test_what_staff_restores_in_a_dispute_is_active_when_that_ends():
    desk = Desk()
    escrow = desk.buy()
    desk.do(c.SuspendRight(STAFF, escrow.right, "a complaint"))
    object_to(desk, escrow)
    desk.do(c.RestoreRight(STAFF, escrow.right, "settled"))
    assert state_of(desk, escrow) == "suspended"
    with pytest.raises(IllegalMove):
        desk.do(c.RestoreRight(STAFF, escrow.right, "again"))
    desk.do(c.WithdrawDispute(CAT, CAT, 1))
    assert state_of(desk, escrow) == "active"
