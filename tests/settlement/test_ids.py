"""Public ids: typed, one for each number, read back even if copied by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.errors import NotFound
from settlement.ids import ALPHABET, KINDS, NUMBER_MAX, decode, encode

kinds = st.sampled_from(sorted(KINDS))
numbers = st.integers(0, NUMBER_MAX)


@given(kinds, numbers)
def test_a_number_comes_back_from_its_id_in_any_case(kind, number):
    text = encode(kind, number)
    assert decode(kind, text) == decode(kind, text.upper()) == number


@given(kinds, kinds, numbers)
def test_the_id_of_one_kind_is_none_of_another(kind, other, number):
    if kind != other:
        with pytest.raises(NotFound):
            decode(other, encode(kind, number))


def test_letters_that_look_like_digits_are_read_as_these():
    assert decode("order", "ord_OIL") == decode("order", "ord_011")


@pytest.mark.parametrize(
    "text",
    [
        "", "ord", "ord_", "_1", "ord-1", "ord_u", "ord_1 ", "ord_-1", "ord_１",
        "ord_1_1", "ord_" + "z" * 13, "ord_" + "0" * 14, "trd_0000001", "ord_\n",
    ],
)  # fmt: skip
def test_anything_else_is_not_found(text):
    with pytest.raises(NotFound):
        decode("order", text)


@given(st.text(max_size=30))
def test_no_text_leads_to_anything_but_a_number_or_not_found(text):
    try:
        number = decode("order", text)
    except NotFound:
        return
    assert 0 <= number <= NUMBER_MAX


def test_prefixes_are_distinct_and_the_alphabet_has_no_look_alikes():
    assert len(set(KINDS.values())) == len(KINDS)
    assert not set("ilou") & set(ALPHABET)
    assert len(ALPHABET) == 32


@pytest.mark.parametrize("number", [-1, -33, -(2**70)])
def test_a_number_below_zero_is_written_and_is_nobodys_id(number):
    with pytest.raises(NotFound):
        decode("order", encode("order", number))
