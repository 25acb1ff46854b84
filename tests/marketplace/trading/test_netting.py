"""Cycles: deferred trades, runs by two persons, debts; all others are whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.trading import commands as c
from marketplace.trading.control import Decide, Propose
from marketplace.trading.dues import (
    DebtOpen,
    NothingDue,
    NotYetPaid,
    ReserveTooSmall,
    RunUnderWay,
)
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import WrongOrder
from settlement.entitlements import RightEnded
from settlement.errors import (
    IllegalMove,
    InsufficientBalance,
    NotFound,
    OwnWork,
    Refusal,
)
from settlement.invariants import violations
from settlement.refunds import Sale
from tests import sharing
from tests.floor import CAT, CNY, DAN, SECOND, STAFF, VERA, opened
from tests.netting import CREDIT, MOON, RESERVE, SUN, Desk, buy

ESCROW = 2


@pytest.fixture
def desk():
    return Desk()


def proven(desk, tmp_path):
    """Write the market, hold its records against every rule, load it again."""
    engine = opened(f"sqlite:///{tmp_path / 'netting.db'}")
    with engine.begin() as db:
        write(db, drain(desk.market))
    with engine.connect() as db:
        loaded = load(db)
        # Without a journal those that read it have nothing to read.
        found = [v for v in violations(db) if v.code not in ("A1", "A4", "B6")]
    engine.dispose()
    assert [v.sentence for v in found if "record" not in v.sentence] == []
    assert digest(loaded) == digest(desk.market)


def test_a_deferred_trade_holds_its_cover_and_gives_a_suspended_right(desk):
    ((trade, _, _),) = desk.do(buy(SUN, CAT, 5)).trades
    owed = desk.market.dues.live[trade]
    assert (owed.value, owed.cover, owed.uncovered) == (500, 100, 400)
    assert (desk.money(CAT), desk.money(CAT, ESCROW)) == (900, 100)
    right = desk.market.rights.get(owed.right)
    with pytest.raises(RightEnded):
        desk.do(c.Deliver(CAT, CAT, right.number, 1, "ab" * 32, 10))
    with pytest.raises(NotYetPaid):
        desk.do(c.RestoreRight(STAFF, right.number, "why not"))
    sale = Sale(trade, CAT, VERA, SUN, CNY, 500, 1, right.number)
    with pytest.raises(WrongOrder):
        desk.do(c.OfferRefund(VERA, VERA, sale, 5, "late"))


def test_a_run_moves_the_difference_and_puts_rights_in_force(desk, tmp_path):
    before = desk.money(VERA)
    desk.do(buy(SUN, CAT, 5))  # 13 of it are the fee
    desk.do(buy(MOON, VERA, 3))  # 8
    with pytest.raises(NothingDue):
        desk.do(c.FreezeRun(STAFF, CNY))
    desk.wait()
    proven(desk, tmp_path)
    number = desk.do(c.FreezeRun(STAFF, CNY))
    proven(desk, tmp_path)
    run = desk.market.dues.runs[number]
    assert (run.trades, run.gross, run.net) == (2, 800, 500)
    assert {line.member: line.net for line in run.lines} == {
        VERA: 500 - 13 - 300,
        CAT: -500,
        DAN: 300 - 8,
    }
    with pytest.raises(OwnWork):
        desk.do(c.ApproveRun(STAFF, number))
    with pytest.raises(IllegalMove):
        desk.do(c.ExecuteRun(SECOND, number))
    with pytest.raises(RunUnderWay):
        desk.do(c.FreezeRun(SECOND, CNY))
    desk.do(c.ApproveRun(SECOND, number))
    assert desk.do(c.ExecuteRun(STAFF, number)) == 0
    assert desk.money(VERA) == before + 187
    assert (desk.money(CAT), desk.money(CAT, ESCROW)) == (500, 0)
    assert not desk.market.dues.live
    assert not desk.market.dues.owed
    rights = desk.market.rights.live.values()
    assert {str(right.state) for right in rights} == {"active"}
    proven(desk, tmp_path)


def test_a_run_that_is_given_up_leaves_all_as_it_was(desk, tmp_path):
    desk.do(buy(SUN, CAT))
    desk.wait()
    before = desk.wealth(CAT), dict(desk.market.dues.owed)
    number = desk.do(c.FreezeRun(STAFF, CNY))
    desk.do(c.CancelRun(SECOND, number))
    assert (desk.wealth(CAT), desk.market.dues.owed) == before
    with pytest.raises(NotFound):
        desk.do(c.ApproveRun(SECOND, number))
    proven(desk, tmp_path)
    assert desk.run() == (number + 1, 0)


def test_whoever_lacks_money_owes_the_reserve_and_all_others_are_paid(desk, tmp_path):
    sold = desk.money(VERA)
    desk.do(buy(SUN, CAT, 5))
    desk.do(buy(SUN, CAT, 10))
    desk.payout(CAT, 700)  # all that is free
    desk.wait()
    _, debts = desk.run()
    assert debts == 1
    assert desk.money(VERA) == sold + 1_500 - 13 - 25
    (fail,) = desk.market.dues.fails.values()
    assert (fail.member, fail.amount, fail.cause) == (CAT, 1_200, "no_money")
    assert desk.reserve() == RESERVE - 1_200
    states = [str(o.state) for _, o in sorted(desk.market.dues.live.items())]
    assert states == ["failed", "failed"], "whole trades that the debt stands for"
    proven(desk, tmp_path)
    with pytest.raises(DebtOpen):
        desk.do(c.RequestPayout(CAT, CAT, CNY, 1, "bank"))
    with pytest.raises(InsufficientBalance):
        desk.do(c.PayDebt(CAT, CAT, fail.number))
    with pytest.raises(NotFound):
        desk.do(c.PayDebt(DAN, DAN, fail.number))
    desk.payin(CAT, 2_000)
    desk.wait(3)
    assert desk.do(c.PayDebt(CAT, CAT, fail.number)) == 1_200 + 2  # 0.05 % a day
    assert desk.reserve() == RESERVE + 2
    assert not desk.market.dues.live
    proven(desk, tmp_path)


def test_only_the_latest_purchases_wait_for_a_debt(desk):
    first = desk.do(buy(SUN, CAT, 5)).trades[0][0]
    last = desk.do(buy(SUN, CAT, 5)).trades[0][0]
    desk.payout(CAT, 300)
    desk.wait()
    desk.run()  # 1000 owed; 200 in cover, 500 free: 300 are lacking
    assert list(desk.market.dues.live) == [last]
    right = next(r for r in desk.market.rights.live.values() if r.trade == first)
    assert str(right.state) == "active"


def test_a_default_unwinds_what_was_not_paid_and_only_the_reserve_loses(desk, tmp_path):
    desk.do(buy(SUN, CAT, 10))
    desk.payout(CAT, 800)
    desk.wait()
    before = desk.wealth(VERA), desk.wealth(DAN)
    desk.run()
    assert desk.wealth(VERA) == before[0] + 975
    (fail,) = desk.market.dues.fails.values()
    desk.propose("WriteOff", fail.number)
    assert (desk.wealth(VERA), desk.wealth(DAN)) == (before[0] + 975, before[1])
    assert desk.reserve() == RESERVE - fail.amount == RESERVE - 800
    assert desk.market.dues.credit[CAT, CNY] == 0
    assert not desk.market.dues.owed
    assert desk.market.ledger.balance(CAT, SUN) == 0
    proven(desk, tmp_path)


def test_credit_ends_at_the_line_and_then_money_is_needed(desk):
    with pytest.raises(InsufficientBalance):
        desk.do(buy(SUN, CAT, 50))  # 5000: 2000 on credit, 1000 there
    desk.do(buy(SUN, CAT, 30))
    assert (desk.money(CAT), desk.market.dues.owed[CAT, CNY]) == (0, CREDIT)


def test_credit_is_covered_by_the_reserve_always(desk):
    with pytest.raises(ReserveTooSmall):
        desk.do(Propose(STAFF, "SetCredit", (VERA, CNY, 1_001), "more"))
    with pytest.raises(ReserveTooSmall):
        desk.do(Propose(STAFF, "SetReserve", (CNY, 3_999), "less"))
    desk.propose("SetReserve", CNY, 4_000)
    with pytest.raises(InsufficientBalance):
        desk.do(Propose(STAFF, "SetReserve", (CNY, 10**9), "more"))
    number = desk.do(Propose(STAFF, "SetReserve", (CNY, 4_100), "more"))
    with pytest.raises(OwnWork):
        desk.do(Decide(STAFF, number, approve=True))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("SetCycle", (9, "book", 1, 0)),
        ("SetCycle", (CNY, "contest", 1, 0)),
        ("SetCycle", (CNY, "book", 31, 0)),
        ("SetCycle", (CNY, "book", 1, 10_001)),
        ("SetPenalties", (CNY, ((1, 5),))),
        ("SetPenalties", (CNY, ((0, 5), (0, 6)))),
        ("SetPenalties", (CNY, 5)),
        ("SetCredit", (77, CNY, 1)),
        ("SetCredit", (CAT, CNY, -1)),
        ("SetReserve", (CNY, "x")),
        ("WriteOff", ("x",)),
        ("WriteOff", (7,)),
    ],
)
def test_rules_that_cannot_be_are_refused(desk, kind, values):
    with pytest.raises(Refusal):
        desk.do(Propose(STAFF, kind, values, "odd"))


def test_shares_are_netted_with_the_trade_and_given_back_with_a_refund(tmp_path):
    desk = Desk()
    for command in sharing.products(VERA, DAN):
        desk.do(command)
    for command in sharing.agreements(VERA, DAN, CAT, DAN):
        desk.do(command)
    ((trade, _, _),) = desk.do(sharing.buy(sharing.SHARED, CAT, 10)).trades
    desk.wait()
    proven(desk, tmp_path)
    desk.run()
    shares = desk.market.shares.of[trade]
    assert (shares.total, shares.netted) == (945, shares.amounts)
    proven(desk, tmp_path)
    right = next(r for r in desk.market.rights.live.values() if r.trade == trade)
    sale = Sale(trade, CAT, VERA, sharing.SHARED, CNY, 970, 1, right.number)
    number = desk.do(c.OfferRefund(VERA, VERA, sale, 970, "late"))
    desk.do(Decide(SECOND, number, approve=True))
    assert shares.total == 0
    proven(desk, tmp_path)


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("buy"),
            st.sampled_from([(SUN, CAT), (MOON, CAT), (SUN, DAN), (MOON, VERA)]),
            st.integers(1, 12),
        ),
        st.tuples(st.just("out"), st.sampled_from([CAT, DAN]), st.integers(1, 900)),
        st.tuples(st.just("in"), st.sampled_from([CAT, DAN]), st.integers(1, 900)),
        st.tuples(st.just("run"), st.just(0), st.integers(1, 5)),
        st.tuples(st.just("pay"), st.just(0), st.integers(1, 3)),
        st.tuples(st.just("off"), st.just(0), st.integers(1, 3)),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_money_is_kept_and_nobody_but_the_reserve_loses_by_a_default(taken):
    """Whatever happens, what each sold is paid in full on the day of the run."""
    desk = Desk()
    for kind, who, much in taken:
        try:
            if kind == "buy":
                desk.do(buy(who[0], who[1], much))
            elif kind == "out":
                desk.payout(who, much)
            elif kind == "in":
                desk.payin(who, much)
            elif kind == "run":
                desk.wait()
                _check_run(desk)
            elif kind == "pay":
                fail = desk.market.dues.fails.get(much)
                desk.do(c.PayDebt(CAT, fail.member if fail else CAT, much))
            else:
                _check_default(desk, much)
        except Refusal:
            continue
        assert set(desk.market.ledger.totals().values()) == {0}
        has = desk.reserve() + desk.market.dues.advanced(CNY)
        assert has >= desk.market.dues.exposure(CNY)


def _check_run(desk):
    """Run, and hold what each member has against what its trades came to."""
    before = {member: desk.wealth(member) for member in (VERA, CAT, DAN)}
    kept = desk.reserve()
    old = {number: (f.member, f.amount) for number, f in desk.market.dues.fails.items()}
    number = desk.do(c.FreezeRun(STAFF, CNY))
    run = desk.market.dues.runs[number]
    assert sum(line.pays for line in run.lines) == run.gross
    assert sum(line.net + line.fee for line in run.lines) == 0
    desk.do(c.ApproveRun(SECOND, number))
    desk.do(c.ExecuteRun(STAFF, number))
    new = [f for f in desk.market.dues.fails.values() if f.number not in old]
    short = {f.member: f.amount for f in new}
    cured = [one for one in old if one not in desk.market.dues.fails]
    paid = dict.fromkeys(before, 0)
    for one in cured:
        member, amount = old[one]
        paid[member] += amount
    for line in run.lines:
        expected = before[line.member] + line.net + short.get(line.member, 0)
        left = expected - desk.wealth(line.member)
        assert paid[line.member] <= left <= paid[line.member] * 2, "debts alone"
    assert desk.reserve() >= kept - sum(short.values()) + sum(paid.values())


def _check_default(desk, number):
    before = {member: desk.wealth(member) for member in (VERA, CAT, DAN)}
    desk.propose("WriteOff", number)
    assert {member: desk.wealth(member) for member in before} == before
