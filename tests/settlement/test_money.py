"""Money: read strictly, written plainly, split exactly, rounded up."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.money import (
    AMOUNT_MAX,
    BY_ASSET,
    BY_CODE,
    INSTRUMENT_MIN,
    NotAnAmount,
    parse,
    plain,
    share_up,
    split,
)

amounts = st.integers(0, AMOUNT_MAX)
codes = st.sampled_from(sorted(BY_CODE))
bps = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("12.30", "CNY", 1_230),
        ("12.3", "CNY", 1_230),
        ("0.01", "EUR", 1),
        ("007", "USD", 700),
        (" 5 ", "CNY", 500),
        ("500", "JPY", 500),
        ("10000000000000.00", "CNY", AMOUNT_MAX),
    ],
)
def test_an_amount_is_read_in_the_currencys_own_minor_units(text, currency, amount):
    assert parse(text, currency) == amount


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "-1", "+1", "1.", ".5", "1.234", "0.001", "1,5", "1_000", "1 000",
        "1e3", "0x10", "NaN", "inf", "١٢٣", "１２", "1.٥", "①", "Ⅷ", "²", "1.0.0",
        "12\n34", "1\x00", "true", "10000000000000.01", "9" * 17, "9" * 4_300,
    ],
)  # fmt: skip
def test_anything_else_is_no_amount(text):
    with pytest.raises(NotAnAmount):
        parse(text, "CNY")


@pytest.mark.parametrize("text", ["1.5", "1.0", "1."])
def test_yen_have_no_decimals(text):
    with pytest.raises(NotAnAmount):
        parse(text, "JPY")


@given(amounts, codes)
def test_what_is_written_is_read_back(amount, code):
    assert parse(plain(amount, code), code) == amount
    assert plain(-amount - 1, code) == "-" + plain(amount + 1, code)


@given(st.text(max_size=12), codes)
def test_no_text_is_read_as_more_than_the_limit(text, code):
    try:
        amount = parse(text, code)
    except NotAnAmount:
        return
    assert 0 <= amount <= AMOUNT_MAX
    assert text.strip().isascii()


weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@given(amounts, weights)
def test_a_split_is_exact_and_nobody_is_a_whole_unit_off(total, shares):
    parts = split(total, shares)
    whole = sum(shares)
    assert sum(parts) == total
    for part, weight in zip(parts, shares, strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1
        assert weight or not part


@given(amounts, weights)
def test_the_odd_units_go_to_the_largest_remainders_first_come_first(total, shares):
    whole = sum(shares)
    floors = [total * weight // whole for weight in shares]
    rests = [total * weight % whole for weight in shares]
    lucky = [
        (-rest, i)
        for i, (part, floor, rest) in enumerate(
            zip(split(total, shares), floors, rests, strict=True)
        )
        if part > floor
    ]
    others = [(-rest, i) for i, rest in enumerate(rests) if (-rest, i) not in lucky]
    assert not lucky or not others or max(lucky) < min(others)


def test_a_third_each_of_ten_is_four_three_three():
    assert split(10, [1, 1, 1]) == (4, 3, 3)


@given(amounts, bps)
def test_a_share_is_rounded_up_by_less_than_one_unit(amount, rate):
    exact = Fraction(amount * rate, 10_000)
    assert 0 <= share_up(amount, rate) - exact < 1
    assert share_up(amount, rate) <= amount


@given(st.lists(amounts, max_size=20), bps)
def test_cutting_in_pieces_never_makes_it_cheaper(pieces, rate):
    whole = share_up(sum(pieces), rate)
    assert sum(share_up(piece, rate) for piece in pieces) >= whole


def test_every_currency_has_its_own_number_below_the_instruments():
    assert len(BY_ASSET) == len(BY_CODE)
    assert max(BY_ASSET) < INSTRUMENT_MIN
    assert {code: BY_CODE[code].exponent for code in ("CNY", "JPY")} == {
        "CNY": 2,
        "JPY": 0,
    }
