"""Fees: of the seller, rounded up, never cheaper in pieces (reliability M8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.canonical import canonical
from settlement.fees import FIRST, TRADE_BPS_MAX, FeeSchedule, Rate, Rule, rules_of
from settlement.invariants import charges
from settlement.money import AMOUNT_MAX, split

part = st.integers(0, TRADE_BPS_MAX)


@st.composite
def rates(draw):
    """Return a possible rate: tiers ascend, and take less and less."""
    ends = sorted(draw(st.sets(st.integers(1, AMOUNT_MAX), max_size=4)))
    taken = sorted(draw(st.tuples(*[part] * (len(ends) + 1))), reverse=True)
    fixed, least = draw(st.tuples(*[st.integers(0, 5_000)] * 2))
    return Rate(taken[-1], fixed, least, tuple(zip(ends, taken, strict=False)))


@pytest.mark.parametrize(
    ("value", "fee"), [(0, 0), (1, 1), (39, 1), (40, 1), (41, 2), (10_000, 250)]
)
def test_the_first_schedule_takes_two_and_a_half_percent_rounded_up(value, fee):
    assert FIRST.fee(value) == fee


@pytest.mark.parametrize(
    ("value", "fee", "net"),
    [(600_00, 18_00, 582_00), (1_000_00, 30_00, 970_00)],
)
def test_the_vectors_of_the_domain_at_three_percent(value, fee, net):
    rate = Rate(300)
    assert (rate.fee(value), value - rate.fee(value)) == (fee, net)


@pytest.mark.parametrize(
    ("value", "stages", "fees"),
    [
        (12_000_00, (3_600_00, 4_800_00, 3_600_00), (108_00, 144_00, 108_00)),
        (20_000_00, (6_000_00, 8_000_00, 6_000_00), (180_00, 240_00, 180_00)),
        (100_01, (30_00, 40_00, 30_01), (90, 120, 91)),
    ],
)
def test_a_fee_taken_stage_by_stage_comes_to_the_vectors_of_the_domain(
    value, stages, fees
):
    rate, paid, charged = Rate(300), 0, []
    for stage in stages:
        charged.append(rate.fee(paid + stage) - sum(charged))
        paid += stage
    assert tuple(charged) == fees
    assert sum(charged) == rate.fee(value)
    assert sum(split(value, (30, 40, 30))) == value


def test_fixed_minimum_and_tiers_add_up_and_never_exceed_the_value():
    assert Rate(0, fixed=20_00).fee(600_00) == 20_00
    assert Rate(100, minimum=5_00).fee(100_00) == 5_00
    assert Rate(100, minimum=5_00).fee(3_00) == 3_00
    tiered = Rate(100, tiers=((10_000_00, 300), (50_000_00, 200)))
    assert tiered.fee(10_000_00) == 300_00
    assert tiered.fee(60_000_00) == 300_00 + 800_00 + 100_00
    assert tiered.fee(0) == 0


def test_the_first_rule_that_covers_a_trade_is_taken():
    rules = (
        Rule(0, "", "", 7, Rate(0)),
        Rule(1, "dataset", "auction", 0, Rate(100, 5)),
        Rule(0, "dataset", "", 0, Rate(200)),
    )
    schedule = FeeSchedule(2, 300, rules)
    assert schedule.choose(1, "dataset", "auction", 7) == 1
    assert schedule.choose(1, "dataset", "auction", 8) == 2
    assert schedule.choose(2, "dataset", "auction", 8) == 3
    assert schedule.choose(2, "service", "book", 8) == 0
    assert [schedule.rate(n).bps for n in range(4)] == [300, 0, 100, 200]
    assert rules_of(rules) == rules


@given(rates(), st.lists(st.integers(0, AMOUNT_MAX // 10), max_size=10))
def test_splitting_an_order_never_costs_less(rate, pieces):
    assert sum(map(rate.fee, pieces)) >= rate.fee(sum(pieces))


@given(rates(), st.integers(0, AMOUNT_MAX))
def test_a_fee_is_never_more_than_the_trade_is_worth_and_the_audit_agrees(rate, value):
    assert 0 <= rate.fee(value) <= value
    listed = canonical([(1, "", "", 0, rate)])
    assert charges.due(9, listed, 1, value) == rate.fee(value)
    assert charges.due(250, listed, 0, value) == FIRST.fee(value)
    assert charges.due(250, listed, 2, value) is None
