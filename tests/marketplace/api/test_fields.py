"""The fields of the API take what they say and nothing that resembles it."""

import math
import re

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from marketplace.api.fields import (
    Body,
    Code,
    Currency,
    Cursor,
    Digits,
    Flag,
    Id,
    Int,
    Text,
    pattern,
)
from settlement import ids

NUMBER, DIGITS = Int(1, 100), Digits(1, 100)
ODD = [True, False, 1.0, 1.5, math.inf, "1", "", None, [], {}, 0, 101, -1, 2**63]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_only_a_whole_number_within_the_range_is_one(value):
    with pytest.raises(ValidationError):
        NUMBER.deserialize(value)


@given(st.integers(1, 100))
def test_whole_numbers_are_taken_and_digits_in_addresses(value):
    assert NUMBER.deserialize(value) == value
    assert DIGITS.deserialize(str(value)) == value


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", "١", " 1", "1" * 17])
def test_other_digits_are_none(text):
    with pytest.raises(ValidationError):
        DIGITS.deserialize(text)


@given(st.sampled_from(sorted(ids.KINDS)), st.integers(0, 32**12 - 1))
def test_an_id_comes_back_as_it_went_and_looks_as_described(kind, number):
    field = Id(kind)
    text = field.serialize("x", {"x": number})
    assert re.search(pattern(kind), text)
    assert field.deserialize(text) == number


@pytest.mark.parametrize("value", ["", "ord_", "trd_0000001", "ord_!", 1, None, []])
def test_what_is_no_id_of_that_kind_is_refused(value):
    with pytest.raises(ValidationError):
        Id("order").deserialize(value)


def test_a_currency_is_its_code_outside_and_its_asset_inside():
    assert Currency().deserialize("JPY") == 4
    assert Currency().serialize("x", {"x": 1}) == "CNY"
    for odd in ("cny", "ZZZ", 1, ""):
        with pytest.raises(ValidationError):
            Currency().deserialize(odd)


def test_a_flag_is_true_or_false():
    assert Flag().deserialize(True) is True
    assert Flag().serialize("x", {"x": 0}) is False
    for odd in (0, 1, "true", "", []):
        with pytest.raises(ValidationError):
            Flag().deserialize(odd)


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "\ud800", "\ue000", "x" * 11])
def test_text_has_a_length_and_no_control_characters(text):
    with pytest.raises(ValidationError):
        Text(10).deserialize(text)


def test_text_of_several_lines_may_have_them():
    assert Text(10, lines=True).deserialize("a\n\tb") == "a\n\tb"
    with pytest.raises(ValidationError):
        Text(10, lines=True).deserialize("a\0")


def test_a_body_refuses_what_it_does_not_know():
    class Side(Body):
        side = Code("buy", "sell", required=True)

    assert Side().load({"side": "buy"}) == {"side": "buy"}
    for odd in ({"side": "hold"}, {"side": "buy", "fee": 0}, {}, []):
        with pytest.raises(ValidationError):
            Side().load(odd)


def test_a_cursor_is_opaque_and_of_one_list():
    app = Flask("lists")
    app.secret_key = "not a secret"
    app.add_url_rule("/a", "a", lambda: Cursor().serialize("x", {"x": 7}))
    app.add_url_rule("/a/<cursor>", "read", lambda cursor: cursor)
    cursor = app.test_client().get("/a").text
    assert cursor != "7"
    with app.test_request_context("/a"):
        assert Cursor().deserialize(cursor) == 7
    with app.test_request_context("/a/x"), pytest.raises(ValidationError):
        Cursor().deserialize(cursor)
    with app.test_request_context("/a"), pytest.raises(ValidationError):
        Cursor().deserialize("7")
