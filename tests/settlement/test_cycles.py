"""Netting: positions add up, penalties run by the day, cover never asks too much."""

from hypothesis import given
from hypothesis import strategies as st

from settlement.cycles import Owed, Position, cover, penalty, positions

member = st.integers(1, 6)
owed = st.lists(
    st.builds(
        lambda buyer, other, value, fee, held: Owed(
            buyer,
            other + (other >= buyer),
            value,
            min(value, fee),
            min(value, held),
        ),
        member,
        st.integers(1, 5),
        st.integers(1, 10**6),
        st.integers(0, 10**4),
        st.integers(0, 10**6),
    ),
    max_size=40,
)


@given(owed)
def test_what_is_netted_is_the_sum_of_what_is_owed(obligations):
    found = positions(obligations)
    assert sum(p.pays for p in found) == sum(o.value for o in obligations)
    assert sum(p.gets for p in found) == sum(o.value for o in obligations)
    assert sum(p.net + p.fee for p in found) == 0
    assert [p.member for p in found] == sorted({p.member for p in found})


def test_a_circle_nets_to_its_fees():
    circle = [Owed(1, 2, 100, 3, 0), Owed(2, 3, 100, 3, 0), Owed(3, 1, 100, 3, 0)]
    assert [p.net for p in positions(circle)] == [-3, -3, -3]


def test_shares_go_from_the_seller_to_the_party():
    (buyer, seller, party) = positions([Owed(1, 2, 100, 3, 20)], [(2, 3, 10)])
    assert buyer == Position(1, 100, 0, 0, 0, 20)
    assert (seller.net, party.net, buyer.net) == (87, 10, -100)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=20),
    st.integers(0, 10_000),
    st.integers(0, 10**7),
)
def test_many_fills_never_need_more_than_one_order(values, bps, headroom):
    whole, left, held = cover(sum(values), bps, headroom), headroom, 0
    for value in values:
        part = cover(value, bps, left)
        assert 0 <= part <= value
        held, left = held + part, left - (value - part)
    assert held <= whole
    assert left >= 0


def test_a_debt_costs_by_the_steps_that_have_begun():
    steps = ((0, 5), (2, 10))
    costs = [penalty(1_000_000, days, steps) for days in (-1, 0, 1, 2, 3)]
    assert costs == [0, 500, 1_000, 2_000, 3_000]
    assert penalty(1, 0, steps) == 1
