"""Rights: in force from when until when, how often, and by which events they end."""

from itertools import product

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from settlement.entitlements import (
    Entitlement,
    EntitlementEvent,
    EntitlementState,
    QuotaUsedUp,
    Register,
    RightEnded,
    check,
)
from settlement.errors import IllegalMove, NotFound

ANN, BOB, SUN = 1, 2, 1_000
State, Event = EntitlementState, EntitlementEvent
ENDED = {State.EXPIRED, State.REVOKED}


def right(number=1, holder=ANN, quantity=1, until_us=None, limit=None, **rest):
    """Return a right in SUN, in force since 10."""
    state = rest.get("state", State.ACTIVE)
    return Entitlement(
        number, None, holder, SUN, quantity, 1, "analysis", 10, until_us, 0, limit,
        state,
    )  # fmt: skip


def registered(*rights):
    """Return a register of these rights."""
    register = Register()
    for one in rights:
        register.grant(one)
    return register


def test_a_right_is_found_until_it_ends_and_then_never_again():
    register = registered(right(1), right(2))
    register.move(register.get(1), Event.REVOKE)
    with pytest.raises(NotFound):
        register.get(1)
    assert [one.number for one in register.of(ANN, SUN)] == [2]
    assert register.changed[1].state is State.REVOKED


def test_a_holders_rights_come_oldest_first():
    register = registered(right(1), right(2, BOB), right(3))
    assert [one.number for one in register.of(ANN, SUN)] == [1, 3]
    assert list(register.of(ANN, SUN + 1)) == []


@pytest.mark.parametrize("event", [Event.SUSPEND, Event.RESTORE])
def test_a_step_out_of_turn_is_refused_and_changes_nothing(event):
    state = State.ACTIVE if event is Event.RESTORE else State.SUSPENDED
    register = registered(right(state=state))
    with pytest.raises(IllegalMove):
        register.move(register.get(1), event)
    assert register.get(1).state is state
    assert register.changed == {}


def test_deliveries_are_counted_up_to_the_quota():
    register = registered(right(limit=2))
    for _ in range(2):
        register.count_delivery(register.get(1), 20)
    with pytest.raises(QuotaUsedUp) as refused:
        register.count_delivery(register.get(1), 20)
    assert refused.value.deliveries_max == 2
    assert register.get(1).deliveries == 2


def test_without_a_quota_there_is_no_end_of_deliveries():
    register = registered(right())
    for _ in range(1_000):
        register.count_delivery(register.get(1), 20)
    assert register.get(1).deliveries == 1_000


@pytest.mark.parametrize(("at_us", "opens"), [(99, True), (100, False), (101, False)])
def test_a_right_ends_on_the_microsecond_even_before_it_is_marked(at_us, opens):
    held = right(until_us=100)
    if opens:
        check(held, at_us)
        return
    with pytest.raises(RightEnded) as refused:
        check(held, at_us)
    assert refused.value.state == "expired"


def test_a_suspended_right_opens_nothing():
    register = registered(right())
    register.move(register.get(1), Event.SUSPEND)
    with pytest.raises(RightEnded):
        register.count_delivery(register.get(1), 20)
    register.move(register.get(1), Event.RESTORE)
    register.count_delivery(register.get(1), 20)
    assert register.get(1).deliveries == 1


def test_what_is_due_comes_in_the_order_of_its_end():
    register = registered(
        right(1, until_us=30), right(2, until_us=20), right(3), right(4, until_us=40)
    )
    assert register.next_due_us() == 20
    due = []
    for one in register.due(30):
        due.append(one.number)
        register.move(one, Event.EXPIRE)
    assert due == [2, 1]
    assert register.next_due_us() == 40


def test_what_was_revoked_is_never_due():
    register = registered(right(1, until_us=20), right(2, until_us=30))
    register.move(register.get(1), Event.REVOKE)
    assert register.next_due_us() == 30
    assert [one.number for one in register.due(99)] == [2]


def test_a_right_sold_in_part_stays_and_sold_whole_ends():
    register = registered(right(quantity=5))
    register.give_up(register.get(1), 2)
    assert register.get(1).quantity == 3
    register.give_up(register.get(1), 3)
    with pytest.raises(NotFound):
        register.get(1)
    assert (register.changed[1].quantity, register.changed[1].state) == (
        0,
        State.REVOKED,
    )


class Rights(RuleBasedStateMachine):
    """Whatever happens to rights, a plain dictionary of them agrees."""

    def __init__(self):
        super().__init__()
        self.register = Register()
        self.plain = {}  # number → [holder, quantity, state, until]
        self.now = 10

    @rule(holder=st.integers(1, 2), quantity=st.integers(1, 4), lasts=st.integers(0, 9))
    def grant(self, holder, quantity, lasts):
        number, until = self.register.last + 1, self.now + lasts if lasts else None
        self.register.grant(right(number, holder, quantity, until))
        self.plain[number] = [holder, quantity, State.ACTIVE, until]

    @precondition(lambda self: self.plain)
    @rule(
        data=st.data(),
        event=st.sampled_from([Event.SUSPEND, Event.RESTORE, Event.REVOKE]),
    )
    def move(self, data, event):
        number = data.draw(st.sampled_from(sorted(self.plain)))
        state = self.plain[number][2]
        legal = {
            (State.ACTIVE, Event.SUSPEND): State.SUSPENDED,
            (State.SUSPENDED, Event.RESTORE): State.ACTIVE,
            (State.ACTIVE, Event.REVOKE): State.REVOKED,
            (State.SUSPENDED, Event.REVOKE): State.REVOKED,
        }.get((state, event))
        try:
            self.register.move(self.register.get(number), event)
        except (IllegalMove, NotFound):
            assert legal is None
            return
        assert legal is not None
        self.plain[number][2] = legal

    @precondition(lambda self: any(one[2] not in ENDED for one in self.plain.values()))
    @rule(data=st.data())
    def give_up(self, data):
        live = [n for n, one in self.plain.items() if one[2] not in ENDED]
        number = data.draw(st.sampled_from(live))
        held = self.plain[number]
        part = data.draw(st.integers(1, held[1]))
        self.register.give_up(self.register.get(number), part)
        held[1] -= part
        if not held[1]:
            held[2] = State.REVOKED

    @rule(passed=st.integers(0, 5))
    def let_time_pass(self, passed):
        self.now += passed
        for one in self.register.due(self.now):
            self.register.move(one, Event.EXPIRE)
        for one in self.plain.values():
            if one[2] not in ENDED and one[3] is not None and one[3] <= self.now:
                one[2] = State.EXPIRED

    @invariant()
    def both_agree(self):
        live = {n: one for n, one in self.plain.items() if one[2] not in ENDED}
        assert {
            number: [one.holder, one.quantity, one.state, one.until_us]
            for number, one in self.register.live.items()
        } == live
        for holder in (1, 2):
            theirs = [n for n, one in live.items() if one[0] == holder]
            assert [one.number for one in self.register.of(holder, SUN)] == theirs
        ends = [one[3] for one in live.values() if one[3] is not None]
        assert self.register.next_due_us() == min(ends, default=None)


TestRights = Rights.TestCase


def test_every_state_answers_a_delivery():
    for state, until_us, used in product(State, (None, 5, 50), (0, 1)):
        held = right(until_us=until_us, limit=1, state=state)
        held.deliveries = used
        opens = state is State.ACTIVE and until_us != 5 and not used
        try:
            check(held, 20)
        except (RightEnded, QuotaUsedUp):
            assert not opens
        else:
            assert opens
