"""Allowed revenue: what was taken too much is the next year's to bear."""

import pytest

from marketplace.pricing import allowance
from marketplace.pricing.allowance import Account
from settlement.errors import Invalid, NotFound
from settlement.ids import decode
from tests.programs import authorised


def account(allowed, taken, carried=0, uses=0):
    return Account(1, "Group", 2026, 1, allowed, carried, taken, uses, "No. 1")


@pytest.mark.parametrize(
    ("one", "may_take", "left", "carried_out"),
    [
        (account(1_000, 400), 1_000, 600, 0),
        (account(1_000, 900, uses=300), 1_000, 0, 200),
        (account(1_000, 100, carried=300), 700, 600, 0),
        (account(1_000, 900, carried=300), 700, 0, 200),
        (account(100, 50, carried=300), 0, 0, 250),  # too small to bear it at once
        (account(None, 700), None, None, 0),
        (account(None, 700, carried=300), None, None, 300),
    ],
)
def test_over_recovery_is_deducted_from_the_next_year(one, may_take, left, carried_out):
    assert (one.may_take, one.left, one.carried_out) == (may_take, left, carried_out)
    row = allowance.table([one])[0]
    assert dict(zip(allowance.COLUMNS, row, strict=True))["currency"] == "CNY"


def test_the_newest_word_holds_and_what_cannot_be_is_refused(parts):
    number = decode("authorisation", authorised(parts))
    with parts.writes.begin() as db:
        assert allowance.accounts(db, number) == []
        for amount in (500, 700):
            allowance.allow(db, number, 2026, "CNY", amount, "No. 1", 1)
        (one, *_) = allowance.accounts(db, number)
        assert (one.year, one.allowed, one.taken) == (2026, 700, 0)
        for odd in (
            (2025, "CNY", 1, "x"), (2026, "ABC", 1, "x"), (2026, "CNY", -1, "x"),
            (2026, "CNY", 1, " "),
        ):  # fmt: skip
            with pytest.raises(Invalid):
                allowance.allow(db, number, *odd, 1)
        with pytest.raises(NotFound):
            allowance.accounts(db, 999)
