"""Plans: sub-cent prices, tiers, free units, the cap as a line, the quota."""

import pytest

from listings.plans import (
    UNITS_MAX,
    Line,
    Plan,
    Tier,
    Usage,
    charge,
    counted,
    wrong,
)
from settlement.money import AMOUNT_MAX

CALLS = Plan(10_000, (Tier(100_000, 2_800), Tier(None, 2_000)), free_units=1_000)


def test_a_call_below_a_cent_is_charged_by_the_pack():
    """¥28 for 10,000 calls is 0.28 fen a call."""
    plan = Plan(10_000, (Tier(None, 2_800),))
    assert charge(plan, 1).total == 1
    assert charge(plan, 10_000).total == 2_800
    assert charge(plan, 10_001).total == 2_801


def test_each_tier_prices_the_units_inside_it():
    bill = charge(CALLS, 151_000)
    assert bill.lines == (
        Line("free", 1_000, 0, 0),
        Line("tier", 100_000, 2_800, 28_000),
        Line("tier", 50_000, 2_000, 10_000),
    )
    assert bill.total == 38_000


def test_the_cap_is_a_line_of_its_own():
    bill = charge(CALLS._replace(spend_cap=30_000), 151_000)
    assert bill.lines[-1] == Line("cap", 0, 0, -8_000)
    assert bill.total == 30_000


def test_use_ends_at_the_quota():
    bill = charge(CALLS._replace(quota=1_500), 2_000)
    assert (bill.refused, bill.total) == (500, 140)


def test_no_period_costs_more_than_an_account_can_hold():
    plan = Plan(tiers=(Tier(1, 0), Tier(None, AMOUNT_MAX)))
    bill = charge(plan, 500_000)
    assert bill.total == AMOUNT_MAX == sum(line.amount for line in bill.lines)
    assert "tiers" in wrong(plan, "per_record")
    assert charge(plan, UNITS_MAX).total == AMOUNT_MAX


def test_the_highest_price_is_that_of_a_pack():
    plan = Plan(1_000_000, (Tier(None, 10**12),))
    assert wrong(plan, "per_record") == {}
    assert "tiers" in wrong(plan._replace(pack=1), "per_record")


def test_only_hits_count_where_only_hits_are_charged():
    usage = Usage(calls=10, hits=4, records=70)
    assert counted("per_hit", usage) == 4
    assert counted("per_call", usage) == 10
    assert counted("per_record", usage) == 70


@pytest.mark.parametrize(
    ("plan", "mode", "field"),
    [
        (Plan(tiers=()), "per_call", "tiers"),
        (Plan(tiers=(Tier(10, 5),)), "per_call", "tiers"),
        (Plan(tiers=(Tier(10, 5), Tier(10, 4), Tier(None, 1))), "per_call", "tiers"),
        (Plan(tiers=(Tier(None, 5), Tier(None, 4))), "per_call", "tiers"),
        (Plan(tiers=(Tier(None, -1),)), "per_call", "tiers"),
        (Plan(tiers=tuple(Tier(n, 1) for n in range(1, 12))), "per_call", "tiers"),
        (Plan(tiers=(Tier(None, 5),)), "whole", "tiers"),
        (Plan(seats=5), "whole", "seats"),
        (Plan(seats=0), "seat", "seats"),
        (CALLS._replace(pack=0), "per_call", "pack"),
        (CALLS._replace(quota=0), "per_call", "quota"),
        (CALLS._replace(spend_cap=-1), "per_call", "spend_cap"),
        (CALLS._replace(period_days=367), "per_call", "period_days"),
    ],
)
def test_a_plan_that_cannot_be_names_the_field(plan, mode, field):
    assert field in wrong(plan, mode)
