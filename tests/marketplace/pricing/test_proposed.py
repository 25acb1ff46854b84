"""Prices proposed by imported rows: read with care, offered where they are meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.formats.rows import PRICE, proposal
from marketplace.pricing.proposed import Proposed, proposed


@pytest.mark.parametrize(
    ("price", "currency", "unit", "found"),
    [
        ("1200.00", "CNY", "年", Proposed("per_term", 120_000, 1, 365)),
        ("0.5", "人民币", "按次", Proposed("per_call", 50, 1)),
        ("免费", "", "", Proposed("free", None, 1)),
    ],
)
def test_what_the_importer_kept_is_understood(price, currency, unit, found):
    assert proposed({PRICE: proposal(price, currency, unit)}) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["mode", "price", "currency", "term_days"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@given(said=JSON, mode=st.sampled_from(["free", "per_term", "whole", "x"]))
def test_anything_else_is_no_proposal_and_no_failure(said, mode):
    for extra in (None, {}, {PRICE: said}, {PRICE: {"mode": mode, "price": said}}):
        found = proposed(extra)
        assert found is None or found.mode == "free" or found.price > 0
