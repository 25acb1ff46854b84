"""Personal data: found by check digits, rarely where there is none."""

from random import Random

import pytest

from listings.quality.personal import find, is_card, is_citizen, kinds_in, masked

CITIZEN = "11010519491231002X"  # GB 11643-1999's own example
CARD = "6222021234567890128"


def test_the_check_digit_decides():
    assert is_citizen(CITIZEN)
    assert not is_citizen(CITIZEN[:-1] + "1")
    assert not is_citizen("110105194913310021")  # no thirteenth month
    digits = [c for c in "0123456789" if is_card(CARD[:-1] + c)]
    assert len(digits) == 1


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (f"身份证 {CITIZEN}。", {"citizen"}),
        ("电话:13812345678", {"mobile"}),
        ("+86 138-1234-5678", set()),
        ("+8613812345678", {"mobile"}),
        ("li.lei@corp.cn", {"email"}),
        ("info@corp.cn", set()),
        ("12012345678", set()),
        ("2026-01-01 13:00:00", set()),
        ("121.4737013", set()),
        ("1795748052304896", set()),
    ],
)
def test_texts_show_what_they_show(text, kinds):
    assert kinds_in(text) == kinds
    if kinds:
        assert masked(text, kinds) != text
        assert not kinds_in(masked(text, kinds))


def test_a_column_of_random_numbers_is_nobody():
    random = Random(1)
    for length in (11, 16, 18, 19):
        cells = [
            (n, str(random.randrange(10 ** (length - 1), 10**length)))
            for n in range(1, 2_001)
        ]
        assert find(cells) == [], length
    mobiles = [(n, f"138{random.randrange(10**8):08}") for n in range(1, 100)]
    assert [(f.kind, f.cells) for f in find(mobiles)] == [("mobile", 99)]
