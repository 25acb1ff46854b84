"""How amounts, numbers and moments are shown in both languages."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from marketplace import formatting
from settlement import money


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (123450, "CNY", "¥1,234.50"),
        (123450, 1, "¥1,234.50"),
        (5, 2, "US$0.05"),
        (-5, 3, "−€0.05"),
        (1234567, 4, "JP¥1,234,567"),
        (0, 1, "¥0.00"),
        (None, 1, "–"),
        (10**15, 1, "¥10,000,000,000,000.00"),
    ],
)
def test_an_amount_has_its_sign_and_all_its_decimals(
    minor: int | None, currency: int | str, shown: str
) -> None:
    assert formatting.amount(minor, currency) == shown


@given(
    minor=st.integers(0, money.AMOUNT_MAX),
    currency=st.sampled_from([currency.code for currency in money.CURRENCIES]),
)
def test_what_is_shown_in_a_field_is_read_back_exactly(
    minor: int, currency: str
) -> None:
    assert money.parse(formatting.plain(minor, currency), currency) == minor
    digits = "".join(filter(str.isdigit, formatting.amount(minor, currency)))
    assert int(digits) == minor


def test_moments_are_shown_in_the_time_of_the_exchange(app: Flask) -> None:
    at_us = 1_793_577_600_000_000 - 1_000_000  # a second before 2026-11-02 00:00 UTC
    with app.test_request_context("/", headers={"Cookie": "language=zh"}):
        assert formatting.date(at_us) == "2026年11月2日"
        assert formatting.time(at_us) == "07:59:59"
        assert formatting.moment(at_us) == (
            '<time datetime="2026-11-01T23:59:59Z">2026年11月2日 07:59</time>'
        )
        assert formatting.date(None) == formatting.time(None) == "–"
    with app.test_request_context("/", headers={"Cookie": "language=en"}):
        assert formatting.date(at_us) == "Nov 2, 2026"


@pytest.mark.parametrize(
    ("bps", "shown"), [(250, "2.5%"), (0, "0%"), (10_000, "100%"), (-1, "−0.01%")]
)
def test_basis_points_are_shown_as_percent(bps: int, shown: str) -> None:
    assert formatting.percent(bps) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (702_464, "686 KiB"),
        (5 * 2**30, "5.0 GiB"),
        (None, "–"),
    ],
)
def test_sizes_are_shown_in_binary_units(count: int | None, shown: str) -> None:
    assert formatting.size(count) == shown


def test_templates_have_the_filters(app: Flask) -> None:
    template = "{{ 33 | id('order') }} {{ 1234567 | number }} {{ 100 | money(4) }}"
    with app.test_request_context("/"):
        made = app.jinja_env.from_string(template).render()
    assert made == "ord_0000011 1,234,567 JP¥100"


def test_a_deadline_at_midnight_is_the_day_before_at_24(app: Flask) -> None:
    midnight_us = 20_000 * 86_400_000_000 - 8 * 3_600_000_000
    with app.test_request_context("/", headers={"Cookie": "language=zh"}):
        assert formatting.date(midnight_us - 1) in formatting.deadline(midnight_us)
        assert "24:00" in formatting.deadline(midnight_us)
        later_us = midnight_us + 60_000_000
        assert formatting.deadline(later_us) == formatting.moment(later_us)
        assert formatting.deadline(None) == "–"
