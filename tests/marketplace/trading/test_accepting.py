"""Escrow: the money waits with the trade, and leaves unit by unit as it is accepted."""

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from marketplace.trading import commands as c
from marketplace.trading.acceptance import Acceptance
from marketplace.trading.escrows import NothingToAccept, NotSoMany, NotYetDelivered
from marketplace.trading.market import Market
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import FixedFact, WrongOrder
from settlement.errors import IllegalMove, NotFound, Refusal
from settlement.invariants import violations
from settlement.ledger import Pocket
from settlement.money import share_up
from tests.floor import CASH, CAT, CNY, DAN, STAFF, VERA, opened, opening

MOON, PRICE = 1_001, 1_000
DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US  # Friday 2024-10-04, eight in the morning
LIST = c.ListInstrument(
    STAFF, MOON, "MOON", VERA, CNY, 1, 1, '{"title":"Moon"}', (), None, 4,
    transferable=False, acceptance=Acceptance(7),
)  # fmt: skip


class Desk:
    """A market with one instrument that is paid after acceptance, and its clock."""

    def __init__(self, days=7, delivery_days=0):
        self.market, self.seq, self.at_us = Market(), 0, NOW_US
        self.reported = Counter()
        for command in opening():
            self.do(command)
        self.do(LIST._replace(acceptance=Acceptance(days, delivery_days)))
        self.do(c.PlaceOrder(VERA, VERA, self.line("sell", 1, evergreen=True)))

    def line(self, side, quantity, **rest):
        return c.Line(MOON, side, PRICE, quantity, purpose="analysis", **rest)

    def do(self, command):
        self.seq, self.at_us = self.seq + 1, self.at_us + 1
        return self.market.apply(command, self.seq, self.at_us)

    def buy(self, quantity=1, member=CAT):
        line = self.line("buy", quantity, time_in_force="IOC")
        ((number, _, _),) = self.do(c.PlaceOrder(member, member, line)).trades
        return self.market.escrows.live[number]

    def accept(self, escrow, units=None, member=CAT):
        return self.do(c.AcceptDelivery(member, member, escrow.number, units))

    def deliver(self, escrow, units, member=VERA):
        until_us = self.do(c.ReportDelivery(member, member, escrow.number, units))
        self.reported[escrow.number] += units
        return until_us

    def pass_days(self, days):
        self.at_us += days * DAY_US
        self.do(c.Tick())

    def money(self, member, pocket=Pocket.FREE):
        return self.market.ledger.balance(member, CNY, pocket)

    def units(self, member):
        return self.market.ledger.balance(member, MOON)


def test_the_money_waits_in_the_buyers_escrow_while_the_right_is_in_force():
    desk = Desk()
    escrow = desk.buy()
    assert (desk.money(CAT), desk.money(CAT, Pocket.ESCROW)) == (CASH - 1_000, 1_000)
    assert (desk.money(VERA), desk.money(0), desk.units(CAT)) == (0, 0, 1)
    assert str(escrow.state) == "delivered"
    right = desk.market.rights.get(escrow.right)
    desk.do(c.Deliver(CAT, CAT, right.number, 1, "ab" * 32, 10))
    assert str(escrow.state) == "delivered", "use is not acceptance"
    assert escrow.left == 1_000


def test_acceptance_pays_the_vendor_less_the_fee_frozen_at_the_trade():
    desk = Desk()
    escrow = desk.buy()
    desk.do(c.PublishFees(STAFF, 900))
    assert desk.accept(escrow) == 1_000
    assert (desk.money(VERA), desk.money(0), desk.money(CAT, 2)) == (975, 25, 0)
    assert (str(escrow.state), escrow.due_us) == ("settled", None)
    with pytest.raises(NotFound):
        desk.accept(escrow)


def test_what_nobody_objects_to_is_accepted_after_seven_working_days():
    desk = Desk()
    escrow = desk.buy()
    assert desk.market.next_due_us() == escrow.accept_by_us
    desk.pass_days(11)  # the seventh working day, a Tuesday, goes on till midnight
    assert str(escrow.state) == "delivered"
    desk.pass_days(1)
    assert (str(escrow.state), desk.money(VERA)) == ("settled", 975)


def test_published_holidays_lengthen_the_deadlines_that_begin_after_them():
    desk = Desk()
    early = desk.buy()
    desk.do(c.SetWorkdays(STAFF, ((20_003, False), (20_004, False))))
    late = desk.buy()
    assert late.accept_by_us - early.accept_by_us == 2 * DAY_US
    with pytest.raises(WrongOrder):
        desk.do(c.SetWorkdays(STAFF, ()))
    with pytest.raises(WrongOrder):
        desk.do(c.SetWorkdays(STAFF, ((-1, True),)))


def test_a_delivery_in_parts_is_paid_part_by_part_and_the_fee_comes_to_the_same():
    desk = Desk(7, 5)
    escrow = desk.buy(3)
    assert (str(escrow.state), escrow.accept_by_us) == ("escrowed", None)
    with pytest.raises(NothingToAccept):
        desk.accept(escrow)
    assert desk.deliver(escrow, 1) == escrow.accept_by_us
    with pytest.raises(NothingToAccept):
        desk.accept(escrow, 2)
    assert desk.accept(escrow, 1) == 1_000
    assert (str(escrow.state), desk.money(VERA), escrow.left) == (
        "escrowed",
        975,
        2_000,
    )
    with pytest.raises(NotSoMany):
        desk.deliver(escrow, 3)
    desk.deliver(escrow, 2)
    assert (str(escrow.state), escrow.deliver_by_us) == ("delivered", None)
    with pytest.raises(IllegalMove):
        desk.deliver(escrow, 1)
    desk.accept(escrow)
    assert (desk.money(VERA), desk.money(0)) == (3_000 - 75, 75)


def test_what_is_not_delivered_in_time_is_given_back_and_the_right_to_it_ends():
    desk = Desk(7, 5)
    none, some = desk.buy(2, DAN), desk.buy(3)
    desk.deliver(some, 1)
    desk.pass_days(8)
    assert (str(none.state), desk.money(DAN), desk.units(DAN)) == ("unwound", CASH, 0)
    assert none.right not in desk.market.rights.live
    assert str(some.state) == "delivered"
    assert (desk.money(CAT), desk.money(CAT, 2)) == (CASH - 1_000, 1_000)
    right = desk.market.rights.get(some.right)
    assert (right.quantity, right.deliveries_max, desk.units(CAT)) == (1, 4, 1)
    desk.accept(some)
    assert (str(some.state), desk.money(VERA)) == ("settled", 975)


def test_only_what_the_vendor_reported_as_delivered_is_downloaded():
    desk = Desk(7, 5)
    escrow = desk.buy(2)  # of four downloads each
    download = c.Deliver(CAT, CAT, escrow.right, 1, "ab" * 32, 10)
    with pytest.raises(NotYetDelivered):
        desk.do(download)
    assert desk.market.rights.get(escrow.right).deliveries == 0
    desk.deliver(escrow, 1)
    for _ in range(4):
        desk.do(download)
    with pytest.raises(NotYetDelivered) as refused:
        desk.do(download)
    assert refused.value.facts()["delivered"] == 1
    desk.deliver(escrow, 1)
    desk.do(download)
    assert str(escrow.state) == "delivered"


def test_only_the_parties_act_each_in_its_place():
    desk = Desk(7, 5)
    escrow = desk.buy()
    with pytest.raises(NotFound):
        desk.deliver(escrow, 1, CAT)
    desk.deliver(escrow, 1)
    for other in (VERA, DAN):
        with pytest.raises(NotFound):
            desk.accept(escrow, None, other)


def test_what_may_be_sold_on_or_is_a_trial_settles_at_once_and_this_never_changes():
    desk = Desk()
    for odd in (
        LIST._replace(instrument=1_009, symbol="X", transferable=True),
        LIST._replace(instrument=1_009, symbol="X", acceptance=Acceptance(0, 3)),
        LIST._replace(instrument=1_009, symbol="X", acceptance=Acceptance(91)),
        LIST._replace(instrument=1_009, symbol="X", acceptance=Acceptance(-1)),
        LIST._replace(instrument=1_009, symbol="X", price_max=0, trial_of=MOON),
    ):
        with pytest.raises(WrongOrder):
            desk.do(odd)
    with pytest.raises(FixedFact):
        desk.do(LIST._replace(acceptance=Acceptance(3)))


def test_a_right_that_has_ended_does_not_stand_in_the_way_of_the_money():
    desk = Desk(7, 5)
    escrow = desk.buy()
    desk.do(c.RevokeRight(STAFF, escrow.right, "misuse"))
    desk.pass_days(8)
    assert (str(escrow.state), desk.money(CAT)) == ("unwound", CASH)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(1, 4), st.sampled_from((CAT, DAN))),
        st.tuples(st.just("accept"), st.integers(0, 4), st.integers(1, 4)),
        st.tuples(st.just("deliver"), st.integers(0, 4), st.integers(1, 4)),
        st.tuples(st.just("days"), st.integers(1, 9), st.just(0)),
        st.tuples(st.just("object"), st.integers(0, 4), st.just(0)),
        st.tuples(st.just("withdraw"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("fees"), st.integers(0, 900), st.just(0)),
    ),
    max_size=14,
)


def withdraw(desk, number):
    """Let the buyer withdraw a dispute, if it is under way."""
    found = desk.market.disputes.live.get(number)
    if found is not None:
        buyer = desk.market.escrows.live[found.trade].trade.buyer
        desk.do(c.WithdrawDispute(buyer, buyer, number))


def played(flow, delivery_days):
    """Play *flow*, refusals and all, on a fresh desk."""
    desk = Desk(3, delivery_days)
    escrows = []
    for what, number, other in flow:
        try:
            match what:
                case "buy":
                    escrows.append(desk.buy(number, other))
                case "accept" if escrows:
                    found = escrows[number % len(escrows)]
                    desk.accept(found, other, found.trade.buyer)
                case "deliver" if escrows:
                    desk.deliver(escrows[number % len(escrows)], other)
                case "object" if escrows:
                    found = escrows[number % len(escrows)]
                    buyer, trade = found.trade.buyer, found.number
                    desk.do(c.OpenDispute(buyer, buyer, trade, "quality", "bad"))
                case "withdraw":
                    withdraw(desk, number)
                case "days":
                    desk.pass_days(number)
                case "fees":
                    desk.do(c.PublishFees(STAFF, number))
        except Refusal:
            continue
    return desk, escrows


@given(steps, st.sampled_from((0, 2)))
@example([("buy", 4, CAT), ("deliver", 0, 1), ("object", 0, 0), ("withdraw", 1, 0)], 2)
@settings(max_examples=60, deadline=None)
def test_every_escrow_ends_with_its_money_and_cutting_it_up_changes_no_fee(
    flow, delivery_days
):
    desk, escrows = played(flow, delivery_days)
    assert set(desk.market.ledger.totals().values()) <= {0}
    for pocket_of in (CAT, DAN):
        waits = sum(e.left for e in escrows if e.trade.buyer == pocket_of)
        assert desk.money(pocket_of, Pocket.ESCROW) == waits
    for number in list(desk.market.disputes.live):
        withdraw(desk, number)
    desk.pass_days(60)
    assert not desk.market.escrows.live
    for escrow in escrows:
        value = escrow.trade.price * escrow.trade.quantity
        assert escrow.released + escrow.refunded == value
        assert not delivery_days or (
            escrow.released <= escrow.trade.price * desk.reported[escrow.number]
        )
        bps = desk.market.schedules[escrow.schedule].trade_bps
        assert escrow.fee == share_up(escrow.released, bps)
        assert (str(escrow.state) == "unwound") == (not escrow.released)


@given(steps)
@settings(max_examples=15, deadline=None)
def test_the_records_make_the_same_market_again_and_pass_the_audit(flow):
    desk, _ = played(flow, 2)
    engine = opened("sqlite://")
    with engine.begin() as db:
        write(db, drain(desk.market))
        assert not any(drain(desk.market))
        assert digest(load(db)) == digest(desk.market)
        found = [v for v in violations(db) if v.code in ("H3", "M8", "S2", "H1", "M3")]
        assert found == []
    engine.dispose()
