"""The unified social credit code, against codes that stand in the public register."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.members.credit_code import (
    ALPHABET,
    NotACreditCode,
    check,
    organisation_check,
    parse,
)

# Codes of well-known companies, as their websites and annual reports print them.
PUBLIC = (
    "91330100799655058B",  # Alibaba (China) Technology
    "9144030071526726XG",  # Tencent Computer Systems
    "914403001922038216",  # Huawei Technologies
    "91110000802100433B",  # Baidu Online Network Technology
    "91110000600037341L",  # a company in Beijing with a foreign parent
    "91350100M000100Y43",  # the example in the standard
)


@pytest.mark.parametrize("code", PUBLIC)
def test_public_codes_pass(code: str) -> None:
    assert parse(code) == code


def test_a_code_may_be_typed_in_lower_case_and_groups() -> None:
    assert parse(" 9144 0300 7152 6726xg ") == "9144030071526726XG"


@pytest.mark.parametrize("code", PUBLIC)
@given(place=st.integers(0, 17), letter=st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(
    code: str, place: int, letter: str
) -> None:
    wrong = code[:place] + letter + code[place + 1 :]
    if wrong != code:
        with pytest.raises(NotACreditCode):
            parse(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "91310000", "9133010079965505８B", "I1330100799655058B", "9" * 5000, "91\x00"],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(NotACreditCode):
        parse(text)


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8))
def test_a_code_with_computed_check_characters_passes(organisation: str) -> None:
    first = f"91310000{organisation}{organisation_check(organisation)}"
    assert parse(first + check(first)) == first + check(first)
