"""Charges are exact, grow with use, and are rounded once, against whoever uses."""

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from listings.plans import Bill, Plan, Tier, charge, charge_periods, dump, load, wrong

units = st.integers(0, 5_000)


@st.composite
def plans(draw: st.DrawFn, *, falling: bool = False) -> Plan:
    ends = sorted(draw(st.sets(st.integers(1, 4_000), max_size=4)))
    prices = draw(
        st.lists(st.integers(0, 900), min_size=len(ends) + 1, max_size=len(ends) + 1)
    )
    if falling:
        prices.sort(reverse=True)
    return Plan(
        pack=draw(st.sampled_from([1, 7, 100, 10_000])),
        tiers=tuple(map(Tier, [*ends, None], prices)),
        free_units=0 if falling else draw(st.integers(0, 1_500)),
        spend_cap=None if falling else draw(st.none() | st.integers(0, 100_000)),
        quota=None if falling else draw(st.none() | st.integers(1, 5_000)),
    )


def unrounded(plan: Plan, used: int) -> Fraction:
    """Price every single unit by the tier that it is in: the naive twin."""
    worth = Fraction(0)
    served = used if plan.quota is None else min(used, plan.quota)
    for number in range(1, served - plan.free_units + 1):
        tier = next(t for t in plan.tiers if t.up_to is None or number <= t.up_to)
        worth += Fraction(tier.price, plan.pack)
    return worth


@given(plans(), units)
def test_the_graduated_sum_is_exact_and_rounded_up_once(plan: Plan, used: int) -> None:
    bill = charge(plan, used)
    gross = sum(line.amount for line in bill.lines if line.kind != "cap")
    assert gross == ceil(unrounded(plan, used))
    cap = plan.spend_cap
    assert bill.total == (gross if cap is None else min(gross, cap))
    assert bill.total == sum(line.amount for line in bill.lines)


@given(plans(), units, units)
def test_more_use_never_costs_less(plan: Plan, used: int, more: int) -> None:
    assert charge(plan, used).total <= charge(plan, used + more).total


@given(plans(), units)
def test_every_unit_is_free_in_a_tier_or_refused(plan: Plan, used: int) -> None:
    bill = charge(plan, used)
    assert sum(line.units for line in bill.lines) + bill.refused == used
    assert bill.refused == max(0, used - (plan.quota or used))
    assert all(line.amount >= 0 for line in bill.lines if line.kind != "cap")


@given(plans(falling=True), st.lists(units, min_size=1, max_size=5))
def test_with_falling_tiers_splitting_over_periods_never_pays_less(
    plan: Plan, periods: list[int]
) -> None:
    assert charge_periods(plan, periods) >= charge(plan, sum(periods)).total


@given(plans(), units, units)
def test_a_second_period_gives_the_free_units_again_and_no_more(
    plan: Plan, first: int, second: int
) -> None:
    whole = plan._replace(spend_cap=None, quota=None)
    dearest = max(tier.price for tier in plan.tiers)
    one_price = whole._replace(tiers=(Tier(None, dearest),))
    together = charge(one_price, first + second).total
    gift = ceil(Fraction(plan.free_units * dearest, plan.pack))
    assert charge_periods(one_price, [first, second]) >= together - gift


@given(plans())
def test_a_plan_comes_back_from_json_and_is_right(plan: Plan) -> None:
    assert load(dump(plan)) == plan
    assert wrong(plan, "per_call") == {}
    assert charge(plan, 0) == Bill((), 0, 0)
