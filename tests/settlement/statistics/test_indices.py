"""Index numbers keep the identities that index numbers have."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.statistics import indices
from settlement.statistics.indices import BASE, Constituent, chained, link, weights

CONSTITUENTS = st.builds(Constituent, st.floats(0.01, 1e6), st.integers(1, 1_000_000))
WEEKS = st.dictionaries(st.integers(1, 8), CONSTITUENTS, min_size=1, max_size=8)
SERIES = st.lists(WEEKS, min_size=1, max_size=6)


def numbered(weeks: list) -> dict:
    return dict(enumerate(weeks))


def scaled(week: dict, by: float) -> dict:
    return {n: one._replace(price=one.price * by) for n, one in week.items()}


@given(WEEKS)
def test_a_week_like_the_one_before_moves_nothing(week):
    moved = link(week, week)
    assert moved.laspeyres == pytest.approx(1)
    assert moved.paasche == pytest.approx(1)
    assert moved.fisher == pytest.approx(1)


@given(WEEKS, WEEKS, st.floats(0.1, 10))
def test_prices_times_a_factor_move_the_index_by_it(before, now, factor):
    moved = link(before, now)
    if moved is None:
        assert not before.keys() & now.keys()
        return
    more = link(before, scaled(now, factor))
    for name in ("laspeyres", "paasche", "fisher"):
        assert getattr(more, name) == pytest.approx(getattr(moved, name) * factor)


@given(WEEKS, WEEKS)
def test_fisher_lies_between_and_turns_round_with_time(before, now):
    there, back = link(before, now), link(now, before)
    if there is None:
        assert back is None
        return
    low, high = sorted((there.laspeyres, there.paasche))
    assert low * (1 - 1e-9) <= there.fisher <= high * (1 + 1e-9)
    assert there.fisher * back.fisher == pytest.approx(1)
    assert there.laspeyres * back.paasche == pytest.approx(1)


@given(WEEKS, WEEKS)
def test_fisher_of_prices_times_that_of_quantities_is_the_ratio_of_values(before, now):
    common = before.keys() & now.keys()
    if not common:
        return
    there = link(before, now)

    def turned(week):
        return {n: Constituent(week[n].quantity, week[n].price) for n in common}

    quantities = link(turned(before), turned(now))
    old, new = (sum(week[n].value for n in common) for week in (before, now))
    assert there.fisher * quantities.fisher == pytest.approx(new / old)


@given(SERIES, WEEKS)
def test_what_is_listed_or_delisted_moves_no_price_index(weeks, others):
    shifted = {n + 100: one for n, one in others.items()}
    usual = chained(numbered(weeks))
    for place in range(len(weeks)):
        changed = [dict(week) for week in weeks]
        changed[place] |= shifted
        for before, after in zip(usual, chained(numbered(changed)), strict=True):
            assert after.laspeyres == before.laspeyres
            assert after.fisher == before.fisher


@given(SERIES)
def test_the_first_week_is_1000_and_the_chain_is_the_product_of_links(weeks):
    levels = chained(numbered(weeks))
    assert levels[0].laspeyres == levels[0].fisher == levels[0].activity == BASE
    product = BASE
    for before, now in pairwise(weeks):
        moved = link(before, now)
        product *= moved.laspeyres if moved else 1
    assert levels[-1].laspeyres == pytest.approx(product, abs=0.01, rel=1e-6)
    whole = sum(one.value for one in weeks[-1].values())
    first = sum(one.value for one in weeks[0].values())
    assert levels[-1].activity == pytest.approx(BASE * whole / first, abs=0.01)


@given(WEEKS, WEEKS)
def test_weights_are_shares_of_one(before, now):
    found = weights(before, now)
    assert math.fsum(one.share for one in found) == pytest.approx(1)
    assert {one.instrument for one in found} == now.keys()
    assert [one.share for one in found] == sorted(
        (one.share for one in found), reverse=True
    )


def test_a_worked_example():
    before = {1: Constituent(10.0, 6), 2: Constituent(20.0, 2)}
    now = {1: Constituent(12.0, 5), 2: Constituent(15.0, 4), 3: Constituent(9.0, 9)}
    moved = link(before, now)
    assert moved.laspeyres == pytest.approx((12 * 6 + 15 * 2) / 100)
    assert moved.paasche == pytest.approx((12 * 5 + 15 * 4) / (10 * 5 + 20 * 4))
    assert moved.common == 2


def test_rows_of_the_question_become_weeks_by_group():
    row = {"begins_us": 7, "instrument": 1, "price": 2.0, "quantity": 3, "class": "x"}
    found = indices.weekly([row, row | {"instrument": 2, "class": "y"}], ("class",))
    assert found == {
        ("x",): {7: {1: Constituent(2.0, 3)}},
        ("y",): {7: {2: Constituent(2.0, 3)}},
    }
