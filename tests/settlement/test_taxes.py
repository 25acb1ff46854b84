"""Tax is a part of the price, to the cent."""

from hypothesis import given
from hypothesis import strategies as st

from settlement.taxes import FIRST, GENERAL_BPS, KINDS, included


def test_the_tax_within_a_price_is_as_the_rules_round_it():
    assert included(10_600, 600) == 600
    assert included(100, 600) == 6  # 5.66
    assert included(11_300, 1_300) == 1_300
    assert (included(0, 600), included(1, 600), included(9, 600)) == (0, 0, 1)


@given(st.integers(0, 10**15), st.integers(0, 3_000))
def test_what_is_left_with_the_tax_on_it_is_the_price(value, bps):
    tax = included(value, bps)
    net = value - tax
    assert 0 <= tax <= value
    assert abs(2 * (net * bps - tax * 10_000)) <= 10_000 + bps


def test_every_kind_has_a_rate_from_the_beginning():
    assert {FIRST.rate(kind) for kind in (*KINDS, "")} == {GENERAL_BPS}
