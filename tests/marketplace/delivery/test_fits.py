"""What is told of two tables: in steps, with a margin that holds, never of few keys."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.delivery.fits import STEP, NoFit, told

SHARES = st.integers(60, 4_000).flatmap(
    lambda whole: st.tuples(st.just(whole), st.integers(0, whole))
)


def said(offered=1_000, held=1_000, both=500, **more):
    """Return counts as they are on average: one answer in four is wrong."""
    seen = round(0.75 * both + 0.25 * (held - both))
    counts = {"offered": offered, "held": held, "seen": seen, "full": offered}
    counts |= {"filled": 0, "pairs": 0}
    asked = {"measured": False, "targeted": False, "r2": None, "problem": ""}
    return counts | asked | more


def blur(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


@given(SHARES, st.integers(0, 10**6))
def test_a_figure_is_a_step_within_its_margin(
    share: tuple[int, int], seed: int
) -> None:
    whole, part = share
    overlap, _ = told(said(offered=whole, both=part, held=whole), blur(seed))
    assert overlap.percent % STEP == 0
    assert 0 <= overlap.percent <= 100
    assert abs(overlap.percent - 100 * part / whole) <= overlap.margin


def test_the_edges_differ_and_even_out() -> None:
    """Two keys more move a figure by chance, and by their share in the long run."""
    found = [
        told(said(both=both), blur(seed))[0].percent
        for both in (500, 502)
        for seed in range(4_000)
    ]
    before, after = sum(found[:4_000]) / 4_000, sum(found[4_000:]) / 4_000
    assert set(found) == {50, 55}
    assert before == 50
    assert after == pytest.approx(50.2, abs=0.06)


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        (said(offered=49), "too_few"),
        (said(held=49), "too_few"),
        (said(both=48, measured=True), "too_few_pairs"),
        (said(targeted=True, pairs=49), "too_few_pairs"),
        (said(problem="no_column"), "no_column"),
    ],
)
def test_too_little_is_not_told(counts, why) -> None:
    with pytest.raises(NoFit) as refused:
        told(counts, b"x")
    assert refused.value.why == why


def test_what_a_measure_explains_is_told_with_its_error() -> None:
    counts = said(measured=True, targeted=True, full=600, pairs=400, r2=0.64)
    counts["filled"] = 300 + 75  # of 375 that are on both sides, of 125 that are not
    *_, coverage, explained = told(counts, blur(1))
    assert coverage.name == "coverage"
    assert abs(coverage.percent - 80) <= coverage.margin
    assert abs(explained.percent - 64) <= explained.margin <= 13
