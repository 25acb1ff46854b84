"""Order files: what a line may hold, and what each fault is called."""

import io
import json

import pytest

from marketplace.trading import orderfile
from marketplace.trading.orderfile import LINE_MAX, Cancel, Flush, Place, Reduce
from marketplace.trading.orders import GTC, GTD, Side
from settlement.errors import Refusal

PLACE = {"op": "place", "id": "1", "side": "buy", "price": 100, "quantity": 10}


def op_of(line):
    return orderfile.understand(orderfile.read(line))


def code_of(line):
    with pytest.raises(Refusal) as refused:
        op_of(line if isinstance(line, bytes) else json.dumps(line).encode())
    return refused.value.code


def test_a_place_may_leave_out_what_has_a_default():
    line = json.dumps(PLACE).encode()
    expected = Place(None, "1", None, None, Side.BUY, 100, 10, GTC, None, False)
    assert op_of(line) == expected


def test_a_place_may_tell_everything():
    more = {"member": "甲", "instrument": "SUN", "post_only": True, "at_us": 5}
    fields = {**PLACE, **more, "time_in_force": "GTD", "expires_us": 9}
    line = json.dumps(fields, ensure_ascii=False).encode() + b"\r\n"
    expected = Place(5, "1", "甲", "SUN", Side.BUY, 100, 10, GTD, 9, True)
    assert op_of(line) == expected


def test_the_other_operations_are_understood():
    assert op_of(b'{"op":"cancel","id":"1"}\n') == Cancel(None, "1")
    assert op_of(b'{"op":"reduce","id":"1","quantity":5}') == Reduce(None, "1", 5)
    assert op_of(b'{"op":"flush","at_us":3}') == Flush(3)


def test_a_price_of_null_is_a_market_order():
    assert op_of(json.dumps({**PLACE, "price": None}).encode()).price is None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "not_json"),
        (b"  \n", "not_json"),
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b'{"op":"flush",}', "not_json"),
        (b'{"price":NaN}', "not_json"),
        (b'{"price":-Infinity}', "not_json"),
        (b'{"price":' + b"9" * 5_000 + b"}", "not_json"),
        (b"[" * 60_000, "not_json"),
        (b'{"id":' * 10_000, "not_json"),
        ('{"op":"flush"}'.encode("utf-16"), "not_utf8"),
        (b'{"op":"fl\xffush"}', "not_utf8"),
        (b" " * (LINE_MAX + 1), "line_too_long"),
        (b'{"op":"flush","op":"flush"}', "duplicate_field"),
        (b'{"op":"cancel","id":{"a":1,"a":2}}', "duplicate_field"),
        (b"[]", "not_an_object"),
        (b'"flush"', "not_an_object"),
        (b"null", "not_an_object"),
        (b"{}", "unknown_op"),
        (b'{"op":null}', "unknown_op"),
        (b'{"op":["place"]}', "unknown_op"),
        (b'{"op":"PLACE"}', "unknown_op"),
        (b'{"op":"flush","id":"1"}', "unknown_field"),
        (b'{"op":"cancel","id":"1","member":"a"}', "unknown_field"),
        (b'{"op":"cancel"}', "missing_field"),
        (b'{"op":"reduce","id":"1"}', "missing_field"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_malformed_line_has_a_code(line, code):
    assert code_of(line) == code


@pytest.mark.parametrize("field", ["id", "side", "price", "quantity"])
def test_a_place_needs_its_fields(field):
    assert code_of({k: v for k, v in PLACE.items() if k != field}) == "missing_field"


@pytest.mark.parametrize(
    ("field", "code", "values"),
    [
        ("id", "bad_id", [None, "", 1, True, "a\n", "\ud800", "x" * 129, ["1"]]),
        ("member", "bad_member", ["", 1, False, {}, "\x00"]),
        ("instrument", "bad_instrument", ["", 1, [], "x" * 129]),
        ("side", "bad_side", ["BUY", "", None, 1, ["buy"], True]),
        ("price", "bad_price", [0, -1, 1.0, 1.5, "100", True, 10**12 + 1, 10**400]),
        ("quantity", "bad_quantity", [0, -1, 1.0, "1", True, None, 10**9 + 1, []]),
        ("time_in_force", "bad_time_in_force", ["gtc", "", None, 1, ["GTC"], "DAY"]),
        ("post_only", "bad_post_only", [None, 0, 1, "true"]),
        ("at_us", "bad_time", [-1, 1.0, "1", True, 10**16 + 1]),
        ("expires_us", "bad_expiry", [-1, 1.0, "1", True, 5]),  # not with GTC
        ("colour", "unknown_field", ["blue", None]),
    ],
)
def test_a_wrong_field_has_its_own_code(field, code, values):
    assert [code_of({**PLACE, field: value}) for value in values] == [code] * len(
        values
    )


def test_an_order_good_till_a_date_needs_the_date():
    assert code_of({**PLACE, "time_in_force": "GTD"}) == "bad_expiry"


def test_an_order_may_be_worth_only_so_much():
    assert code_of({**PLACE, "price": 10**12, "quantity": 1_001}) == "value_too_large"
    line = json.dumps({**PLACE, "price": 10**12, "quantity": 1_000}).encode()
    assert op_of(line).quantity == 1_000


def test_the_id_of_a_refused_line_is_told_if_it_could_be_one():
    assert orderfile.id_of({"id": "7", "op": "?"}) == "7"
    assert orderfile.id_of({"id": 7}) is None
    assert orderfile.id_of({}) is None


def test_lines_are_read_one_by_one_with_and_without_an_end():
    stream = io.BytesIO(b"\xef\xbb\xbfone\r\n\n\xef\xbb\xbfthree")
    found = list(orderfile.lines(stream))
    assert found == [b"one\r\n", b"\n", b"\xef\xbb\xbfthree"]


def test_an_overlong_line_is_cut_and_the_next_one_is_whole():
    stream = io.BytesIO(b"x" * (5 * LINE_MAX) + b"\n" + b'{"op":"flush"}\n')
    long, after = orderfile.lines(stream)
    assert len(long) < 2 * LINE_MAX
    assert code_of(long) == "line_too_long"
    assert op_of(after) == Flush(None)


def test_a_line_of_exactly_the_limit_is_read():
    text = b'{"op":"flush"}'.ljust(LINE_MAX)
    for end in (b"\n", b"\r\n", b""):
        found, *more = orderfile.lines(io.BytesIO(text + end))
        assert (op_of(found), more) == (Flush(None), [])
