"""JSON is read as RFC 8259 has it, and nothing ambiguous is."""

import math

import pytest
from werkzeug.exceptions import BadRequest

from marketplace.api.reader import flat, parse


def test_what_is_well_formed_is_read_as_it_is():
    body = '{"a": [1, -2, "数据 \\u6570 \\ud83d\\ude00"], "b": null, "c": true}'
    expected = {"a": [1, -2, "数据 数 😀"], "b": None, "c": True}
    assert parse(body.encode()) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1, "a": 1}',
        b'[{"b": {"a": 1, "a": 2}}]',
        b"NaN",
        b"[Infinity]",
        b'"\\udc00"',
        b'{"\\ud800": 1}',
        b'"\xff"',
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda body: repr(body[:16]),
)
def test_what_is_malformed_or_ambiguous_is_refused(body):
    with pytest.raises(BadRequest):
        parse(body)


def test_a_number_beyond_every_field_is_read_without_counting_its_digits():
    assert parse(b"9" * 1_000_000) == math.inf
    assert parse(b"9" * 40) == 10**40 - 1


def test_problems_deep_inside_are_named_by_their_path():
    messages = {"orders": {3: {"price": ["odd"], "side": ["gone", "bad"]}}, "key": "no"}
    assert flat(messages) == [
        ("orders.3.price", ["odd"]),
        ("orders.3.side", ["gone", "bad"]),
        ("key", ["no"]),
    ]
