"""Limits, halts, replacement, a member's own switch: on the pages and in the API."""

import re

import pytest

from settlement.ids import encode
from settlement.invariants import violations
from tests.flows.market import buy, headline, listed, location, pay_in
from tests.programs import buy as order
from tests.programs import pay_in as pay_in_by_api
from tests.programs import program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def product(visit):
    """A product with a posted price of 120; its last trade was at that; cash is left.

    Returns its number, its instrument's number and symbol.
    """
    product = listed(visit("vendor"), visit("registrar"))
    page = visit("buyer").get(f"/listings/{product}").text
    symbol = re.search(r"<code>(PORTS-\w+)</code>", page)[1]
    unit = re.search(r'name="instrument" value="(ins_\w+)"', page)[1]
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    return product, unit, symbol


def test_two_persons_put_a_band_in_force_and_it_is_refused_in_words(visit, product):
    number, unit, symbol = product
    admin = visit("admin")
    where = f"/staff/market/limits?symbol={symbol}"
    assert admin.post(where, instrument=unit, dynamic_bps="x").status_code == 422
    location(admin.post(where, instrument=unit, dynamic_bps="1000", reason="Thin book"))
    page = admin.get(f"/staff/market?symbol={symbol}").text
    assert "Thin book" in page
    decide = f"/staff/market/proposals/{encode('proposal', 1)}"
    assert admin.post(f"{decide}?step=approve").status_code == 403
    location(visit("surveillance").post(f"{decide}?step=approve"))
    page = admin.get(f"/staff/market?symbol={symbol}").text
    assert "Thin book" not in page
    refused = buy(visit("buyer"), number, kind="bid", price="100.00")
    assert refused.status_code == 422
    assert "超出目前接受委托的区间" in refused.text


def test_a_waiting_order_is_replaced_on_its_page(visit, product, parts):
    number, *_ = product
    buyer = visit("buyer")
    first = location(buy(buyer, number, kind="bid", price="100.00", quantity="2"))
    first = first.partition("?")[0]
    assert "新的限价" in buyer.get(first).text
    second = location(buyer.post(f"{first}/replace", price="110.00", quantity="3"))
    assert first not in second
    assert "已由新委托替换" in buyer.get(first).text
    assert "¥110.00" in buyer.get(second).text
    wrong = buyer.post(f"{first}/replace", price="110.00", quantity="3")
    assert wrong.status_code == 404
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_one_instrument_is_halted_and_says_why(visit, product):
    number, unit, symbol = product
    admin, instrument = visit("admin"), None
    page = admin.get(f"/staff/market?symbol={symbol}").text
    instrument = re.search(r'<option value="(\d{4,})">', page)[1]
    halt = {"everybody": "1", "scope": instrument, "reason": "News is due"}
    location(admin.post("/staff/market/stop", **halt))
    refused = buy(visit("buyer"), number, kind="bid", price="110.00")
    assert refused.status_code == 409, headline(refused)
    assert "News is due" in refused.text
    end = f"/staff/market/stops/{encode('member', 0)}/{instrument}/end"
    assert admin.post(end).status_code == 403
    location(visit("surveillance").post(end))
    location(buy(visit("buyer"), number, kind="bid", price="110.00"))
    assert unit


def test_a_member_stops_its_own_trading(visit, product):
    number, *_ = product
    buyer = visit("buyer")
    location(buy(buyer, number, kind="bid", price="100.00"))
    location(buyer.post("/orders/stop", reason="A program runs wild"))
    page = buyer.get("/orders").text
    assert "A program runs wild" in page
    assert buy(buyer, number, kind="bid", price="100.00").status_code == 409
    assert buyer.post("/orders/stop/end").status_code == 403


def test_programs_replace_stop_and_read_the_limits(program, sun):
    pay_in_by_api(program, "buyer", 5000)
    buyer = program("buyer")
    bid = order(sun) | {"price": 1000, "time_in_force": "GTC"}
    first = buyer.made("/orders", bid)["order"]
    new = {"price": 1100, "quantity": 1}
    placed = buyer.post(f"/orders/{first}/replace", new).json
    assert placed["order"] != first
    assert buyer.read(f"/orders/{first}")["reason"] == "amended"
    limits = program("").read(f"/instruments/{sun.instrument}/limits")
    assert set(limits.values()) == {None}
    proposed = {
        "instrument": sun.instrument,
        "limits": {"value_max": 1_050},
        "reason": "Slips",
    }
    made = program("admin").post("/staff/proposals", proposed).json["proposal"]
    (waiting,) = program("admin").read("/staff/proposals")["data"]
    assert (waiting["id"], waiting["limits"]["value_max"]) == (made, 1_050)
    where = f"/staff/proposals/{made}/decision"
    assert program("admin").post(where, {"approve": True}).status_code == 403
    done = program("surveillance").post(where, {"approve": True})
    assert done.status_code == 204
    limits = program("").read(f"/instruments/{sun.instrument}/limits")
    assert limits["value_max"] == 1_050
    assert buyer.post("/orders", bid | {"price": 1_100}).json["code"] == (
        "order_too_large"
    )
    assert buyer.post("/stop", {"reason": "Runaway"}).json == {"orders": 1}
    assert buyer.post("/orders", bid).json["code"] == "trading_stopped"
    assert buyer.post("/stop/end").status_code == 403
