"""Money in and out: announced, confirmed, approved, paid; never by one hand alone."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from settlement.errors import (
    IllegalMove,
    InsufficientBalance,
    NotFound,
    OwnWork,
    Refusal,
)
from settlement.ledger import HOUSE, Ledger, Pocket
from settlement.money import AMOUNT_MAX, BY_CODE
from settlement.payments.payins import (
    ALONE_MAX,
    AmountOutOfRange,
    Payin,
    Payins,
    UnknownCurrency,
    check_amount,
)
from settlement.payments.payouts import Payout, Payouts

CAT, CNY, JPY = 2, 1, 4
ASKER, STAFF, SECOND, THIRD = 20, 901, 902, 903
FREE, HELD, OPEN = Pocket.FREE, Pocket.HELD, Pocket.OPEN
LIMIT = ALONE_MAX * 100


class Counter:
    """A desk for each way, one ledger, and the commands that reach them."""

    def __init__(self):
        self.ledger, self.payins, self.payouts = Ledger(), Payins(), Payouts()

    def announce(self, amount, by=ASKER, currency=CNY):
        number = self.payins.last + 1
        payin = Payin(number, 5, CAT, currency, amount, "ref", by)
        return self.payins.open(payin, by, 1, 5)

    def confirm(self, number, by=STAFF):
        return self.payins.confirm(self.ledger, number, by, 2, 6)

    def approve(self, number, by=SECOND):
        self.payins.approve(self.ledger, number, by, 3, 7)

    def ask(self, amount, by=ASKER):
        number = self.payouts.last + 1
        payout = Payout(number, 5, CAT, CNY, amount, "bank", by)
        return self.payouts.request(self.ledger, payout, 4)

    def purse(self):
        balance = self.ledger.balance
        return balance(CAT, CNY, FREE), balance(CAT, CNY, HELD)


@pytest.fixture
def counter():
    """A counter at which nothing has happened."""
    return Counter()


@pytest.fixture
def rich(counter):
    """A counter at which cat has paid in 1,000 fen."""
    counter.confirm(counter.announce(1_000))
    return counter


# ── in ──


def test_an_announced_payin_credits_nothing(counter):
    counter.announce(1_000)
    assert counter.purse() == (0, 0)


def test_a_confirmed_payin_comes_from_the_world_outside(counter):
    assert counter.confirm(counter.announce(1_000)) == "succeeded"
    assert counter.purse() == (1_000, 0)
    assert counter.ledger.balance(HOUSE, CNY, OPEN) == -1_000
    assert counter.payins.waiting == {}


@pytest.mark.parametrize(
    ("currency", "amount", "state"),
    [
        (CNY, LIMIT, "succeeded"),
        (CNY, LIMIT + 1, "pending"),
        (JPY, ALONE_MAX, "succeeded"),
        (JPY, ALONE_MAX + 1, "pending"),
        (CNY, ALONE_MAX + 1, "succeeded"),
    ],
)
def test_above_the_limit_a_second_person_must_agree(counter, currency, amount, state):
    number = counter.announce(amount, currency=currency)
    assert counter.confirm(number) == state
    credited = counter.ledger.balance(CAT, currency)
    assert credited == (amount if state == "succeeded" else 0)
    if state == "pending":
        counter.approve(number)
        assert counter.ledger.balance(CAT, currency) == amount


def test_nobody_confirms_their_own_payin(counter):
    number = counter.announce(1_000, by=STAFF)
    with pytest.raises(OwnWork):
        counter.confirm(number, by=STAFF)
    with pytest.raises(OwnWork):
        counter.payins.reject(number, STAFF, 2, 6)
    assert counter.purse() == (0, 0)


@pytest.mark.parametrize("by", [ASKER, STAFF])
def test_who_asked_or_confirmed_does_not_approve(counter, by):
    number = counter.announce(LIMIT + 1)
    counter.confirm(number)
    with pytest.raises(OwnWork):
        counter.approve(number, by=by)
    assert counter.purse() == (0, 0)


def test_a_payin_is_credited_once(rich):
    with pytest.raises(NotFound):
        rich.confirm(1)
    with pytest.raises(NotFound):
        rich.approve(1)
    number = rich.announce(LIMIT + 1)
    rich.confirm(number)
    with pytest.raises(IllegalMove):
        rich.confirm(number, by=THIRD)
    assert rich.purse() == (1_000, 0)


def test_what_was_not_confirmed_cannot_be_approved(counter):
    number = counter.announce(LIMIT + 1)
    with pytest.raises(IllegalMove):
        counter.approve(number)


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_rejected_payin_is_closed_for_good(counter, confirmed):
    number = counter.announce(LIMIT + 1)
    if confirmed:
        counter.confirm(number)
    counter.payins.reject(number, SECOND, 3, 7)
    for step in (counter.confirm, counter.approve):
        with pytest.raises(NotFound):
            step(number)
    assert counter.purse() == (0, 0)


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1])
def test_an_amount_outside_the_limits_is_refused(amount):
    with pytest.raises(AmountOutOfRange):
        check_amount(CNY, amount)
    check_amount(CNY, AMOUNT_MAX)


def test_rights_and_unknown_assets_are_no_currency():
    for asset in (0, 5, 1_000):
        with pytest.raises(UnknownCurrency):
            check_amount(asset, 1)
    for currency in BY_CODE.values():
        check_amount(currency.asset, 1)


# ── out ──


def test_money_asked_for_is_held_until_it_has_left(rich):
    number = rich.ask(400)
    assert rich.purse() == (600, 400)
    rich.payouts.approve(number, SECOND, 5, 8)
    assert rich.purse() == (600, 400)
    rich.payouts.pay(rich.ledger, number, THIRD, 6, 9)
    assert rich.purse() == (600, 0)
    assert rich.ledger.balance(HOUSE, CNY, OPEN) == -600


@pytest.mark.parametrize(("first", "second"), [(1_001, None), (600, 401)])
def test_no_more_is_paid_out_than_is_free(rich, first, second):
    if second is not None:
        rich.ask(first)
    asked = len(rich.payouts.waiting)
    with pytest.raises(InsufficientBalance):
        rich.ask(second or first)
    assert len(rich.payouts.waiting) == asked


def test_nobody_approves_pays_or_fails_their_own_payout(rich):
    number = rich.ask(400)
    with pytest.raises(OwnWork):
        rich.payouts.approve(number, ASKER, 5, 8)
    with pytest.raises(OwnWork):
        rich.payouts.fail(rich.ledger, number, ASKER, 5, 8)
    rich.payouts.approve(number, SECOND, 5, 8)
    for by in (ASKER, SECOND):
        with pytest.raises(OwnWork):
            rich.payouts.pay(rich.ledger, number, by, 6, 9)
    assert rich.purse() == (600, 400)


def test_what_nobody_approved_is_not_paid(rich):
    number = rich.ask(400)
    with pytest.raises(IllegalMove):
        rich.payouts.pay(rich.ledger, number, THIRD, 6, 9)


@pytest.mark.parametrize("approved", [False, True])
def test_a_failed_payout_gives_the_money_back_once(rich, approved):
    number = rich.ask(400)
    if approved:
        rich.payouts.approve(number, SECOND, 5, 8)
    rich.payouts.fail(rich.ledger, number, SECOND, 6, 9)
    assert rich.purse() == (1_000, 0)
    with pytest.raises(NotFound):
        rich.payouts.fail(rich.ledger, number, SECOND, 7, 10)


def test_a_member_withdraws_its_own_payout_before_it_is_approved_only(rich):
    number = rich.ask(400)
    with pytest.raises(NotFound):
        rich.payouts.cancel(rich.ledger, number, CAT + 1, 30, 5, 8)
    rich.payouts.cancel(rich.ledger, number, CAT, ASKER, 5, 8)
    assert rich.purse() == (1_000, 0)
    number = rich.ask(400)
    rich.payouts.approve(number, SECOND, 5, 8)
    with pytest.raises(IllegalMove):
        rich.payouts.cancel(rich.ledger, number, CAT, ASKER, 6, 9)


def test_every_state_reached_is_noted_with_who_and_when(rich):
    number = rich.ask(400)
    rich.payouts.approve(number, SECOND, 5, 8)
    rich.payouts.pay(rich.ledger, number, THIRD, 6, 9)
    assert [(a.state, a.seq, a.at_us, a.by_user) for a in rich.payouts.arrivals] == [
        ("requested", 4, 5, ASKER),
        ("approved", 5, 8, SECOND),
        ("submitted", 6, 9, THIRD),
        ("paid", 6, 9, THIRD),
    ]
    assert [(a.state, a.by_user) for a in rich.payins.arrivals] == [
        ("created", ASKER),
        ("pending", STAFF),
        ("succeeded", STAFF),
    ]


numbers = st.integers(1, 8)
users = st.sampled_from([ASKER, STAFF, SECOND, THIRD])
amounts = st.sampled_from([1, 700, LIMIT, LIMIT + 1])


class Counters(RuleBasedStateMachine):
    """Whatever hands do: what is inside came in, and no hand did two steps."""

    def __init__(self):
        super().__init__()
        self.counter = Counter()

    def _try(self, step, *values):
        before = self.counter.ledger.balances.copy()
        try:
            step(*values)
        except Refusal:
            after = self.counter.ledger.balances
            assert after[: len(before)] == before
            assert not any(after[len(before) :])

    @rule(amount=amounts, by=users)
    def announce(self, amount, by):
        self._try(self.counter.announce, amount, by)

    @rule(number=numbers, by=users)
    def confirm(self, number, by):
        self._try(self.counter.confirm, number, by)

    @rule(number=numbers, by=users)
    def approve(self, number, by):
        self._try(self.counter.approve, number, by)

    @rule(amount=amounts, by=users)
    def ask(self, amount, by):
        self._try(self.counter.ask, amount, by)

    @rule(number=numbers, by=users, step=st.sampled_from(["approve", "pay", "fail"]))
    def move(self, number, by, step):
        desk, ledger = self.counter.payouts, self.counter.ledger
        first = () if step == "approve" else (ledger,)
        self._try(getattr(desk, step), *first, number, by, 9, 9)

    @invariant()
    def inside_is_what_came_in_less_what_went_out(self):
        done = {"payin": 0, "payout": 0}
        for desk, state in (
            (self.counter.payins, "succeeded"),
            (self.counter.payouts, "paid"),
        ):
            for item in desk.opened:
                done[desk.kind] += item.amount if item.state == state else 0
        assert sum(self.counter.purse()) == done["payin"] - done["payout"]
        held = sum(item.amount for item in self.counter.payouts.waiting.values())
        assert self.counter.purse()[1] == held

    @invariant()
    def no_hand_does_two_steps(self):
        for item in self.counter.payins.opened:
            hands = [item.requested_by, item.confirmed_by, item.approved_by]
            assert len({hand for hand in hands if hand}) == len(
                list(filter(None, hands))
            )
            if item.state == "succeeded":
                assert item.confirmed_by
                assert item.approved_by or item.amount <= LIMIT
        for item in self.counter.payouts.opened:
            hands = [item.requested_by, item.approved_by, item.paid_by]
            assert len({hand for hand in hands if hand}) == len(
                list(filter(None, hands))
            )
            assert item.state != "paid" or all(hands)


TestCounters = Counters.TestCase
