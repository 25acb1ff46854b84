"""Use is counted within what the records can hold, and money owed is paid first."""

import pytest

from listings.plans import UNITS_MAX, Plan, Tier, dump
from marketplace.trading import commands as c
from settlement.canonical import canonical
from settlement.errors import InsufficientBalance
from settlement.money import AMOUNT_MAX
from settlement.store import connect
from tests.floor import CASH, CAT, CNY, STAFF, VERA, money, proven, trading

USED = 1_001


@pytest.fixture
def gateway(tmp_path):
    with trading(f"sqlite:///{tmp_path / 'floor.db'}") as gateway:
        yield gateway


@pytest.fixture
def engine(gateway, tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'floor.db'}")
    yield engine
    engine.dispose()


def granted(gateway, plan, mode="per_record"):
    body = canonical({"mode": mode, "plan": dump(plan)})
    gateway.submit(
        c.ListInstrument(
            STAFF, USED, "USED", VERA, CNY, 1, 1, body, (), None, None,
            transferable=False,
        )
    )  # fmt: skip
    return gateway.submit(c.GrantRight(STAFF, CAT, USED, 1, "analysis")).result


def count(gateway, right, place, records, calls=1):
    line = (right, 0, calls, calls, records)
    gateway.submit(c.CountUse(0, "m", place, place + 1, (line,)))


def test_no_call_costs_more_than_the_records_can_hold(gateway, engine):
    """What was put on the market before such plans were refused goes on."""
    right = granted(gateway, Plan(tiers=(Tier(1, 0), Tier(None, AMOUNT_MAX))))
    count(gateway, right, 0, 500_000)
    count(gateway, right, 1, 500_000)
    gateway.submit(c.SetStanding(STAFF, CAT, verified=True))  # it goes on
    assert proven(engine)


def test_a_period_counts_no_more_units_than_there_can_be(gateway, engine):
    right = granted(gateway, Plan(tiers=(Tier(None, 1),)))
    count(gateway, right, 0, UNITS_MAX)
    count(gateway, right, 1, UNITS_MAX)
    assert proven(engine)


def test_use_beyond_what_was_set_aside_is_paid_before_any_more(gateway, engine):
    right = granted(gateway, Plan(tiers=(Tier(None, 1),)))
    gateway.submit(c.SetBudget(CAT, CAT, right, 10))
    count(gateway, right, 0, 500)
    assert money(engine, VERA) == 10 - 1  # less the fee
    gateway.submit(c.SetBudget(CAT, CAT, right, 0))  # nothing is asked for that
    gateway.submit(c.SetBudget(CAT, CAT, right, 5))
    assert money(engine, VERA) == 500 - 13
    assert (money(engine, CAT), money(engine, CAT, 1)) == (CASH - 505, 5)
    count(gateway, right, 1, 3)
    assert money(engine, VERA) == 503 - 13
    assert proven(engine)


def test_who_cannot_pay_what_is_owed_sets_nothing_aside(gateway, engine):
    right = granted(gateway, Plan(tiers=(Tier(None, 1),)))
    count(gateway, right, 0, CASH)
    with pytest.raises(InsufficientBalance):
        gateway.submit(c.SetBudget(CAT, CAT, right, 1))
    assert (money(engine, CAT), money(engine, VERA)) == (CASH, 0)
    assert proven(engine)
