"""Shares are exact to the cent, in steps or at once, and give back what they had."""

from hypothesis import given
from hypothesis import strategies as st

from settlement.ledger import Ledger, Pocket, Transfer
from settlement.sharing import Shares, Stake, change, grow

weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=20).filter(any)
totals = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


def test_largest_remainder_gives_the_odd_cents():
    assert change(100, (5_000, 3_333, 1_667), (0, 0, 0)) == (50, 33, 17)
    assert change(101, (5_000, 3_333, 1_667), (50, 33, 17)) == (0, 1, 0)
    assert change(0, (5_000, 3_333, 1_667), (50, 34, 17)) == (-50, -34, -17)


@given(weights, totals)
def test_every_step_is_exact_and_the_first_strays_from_no_part_by_a_cent(parts, steps):
    had, whole = [0] * len(parts), sum(parts)
    before = 0
    for total in steps:
        changed = change(total, parts, had)
        assert all(one >= 0 if total >= before else one <= 0 for one in changed)
        had = [a + b for a, b in zip(had, changed, strict=True)]
        assert sum(had) == total
        assert min(had) >= 0
        if not before:  # over many steps cents may add up: see `grow`
            for has, weight in zip(had, parts, strict=True):
                assert abs(has * whole - total * weight) <= whole
        before = total


@given(weights, st.lists(st.integers(0, 60), min_size=1, max_size=120))
def test_in_many_small_steps_nobody_strays_a_cent_or_gives_anything_back(parts, steps):
    had, whole, total = [0] * len(parts), sum(parts), 0
    for more in steps:
        total += more
        changed = grow(total, parts, had)
        assert min(changed) >= 0
        had = [a + b for a, b in zip(had, changed, strict=True)]
        assert sum(had) == total
        for has, weight in zip(had, parts, strict=True):
            assert abs(has * whole - total * weight) < whole


def test_what_is_short_does_not_add_up_over_the_counts_of_a_period():
    """By `change` one of these eight would be more than a cent off at the last step."""
    parts = (1, 4, 1, 1, 4, 1, 1, 4)
    had, whole = [0] * len(parts), sum(parts)
    for total in (1, 2, 3, 6, 8, 11, 12, 13):
        changed = grow(total, parts, had)
        had = [a + b for a, b in zip(had, changed, strict=True)]
        for has, weight in zip(had, parts, strict=True):
            assert abs(has * whole - total * weight) < whole


@given(weights, st.integers(1, 10**9))
def test_what_is_given_back_in_full_leaves_nothing(parts, total):
    had = change(total, parts, [0] * len(parts))
    assert [-one for one in change(0, parts, had)] == list(had)


def test_the_seller_pays_the_others_and_gets_it_back():
    ledger = Ledger()
    stakes = (Stake(1, "vendor", 6_000), Stake(2, "source", 4_000))
    shares = Shares(9, 1, 1, stakes)
    outside = ledger.number(0, 1, Pocket.OPEN)
    ledger.post(1, [Transfer(outside, ledger.number(1, 1, 0), 101, "payin", 1)])
    assert shares.planned(101) == {2: 40}
    ledger.post(2, shares.follow(ledger, 101))
    assert (ledger.balance(1, 1), ledger.balance(2, 1), shares.total) == (61, 40, 101)
    ledger.post(3, shares.follow(ledger, 0))
    assert (ledger.balance(1, 1), ledger.balance(2, 1)) == (101, 0)
    reasons = [transfer.reason for _, _, transfer in ledger.posted]
    assert reasons == ["payin", "share", "share_back"]
