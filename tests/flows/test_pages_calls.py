"""Calls on the pages: collected, shown, uncrossed; and the stop of trading."""

import re

import pytest

from settlement.ids import encode
from settlement.invariants import violations
from tests.flows.market import buy, headline, listed, location, pay_in


@pytest.fixture
def product(visit):
    """A product with a posted price of 120 that is traded by call."""
    product = listed(visit("vendor"), visit("registrar"))
    page = visit("buyer").get(f"/listings/{product}").text
    symbol = re.search(r"<code>(PORTS-\w+)</code>", page)[1]
    unit = re.search(r'name="instrument" value="(ins_\w+)"', page)[1]
    admin = visit("admin")
    where = f"/staff/market/{unit}"
    location(admin.post(f"{where}/phase", phase="call", reference="100.00"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    return product, symbol, where


def test_a_bid_is_collected_and_trades_at_the_one_price(visit, product, parts):
    number, symbol, where = product
    buyer, admin = visit("buyer"), visit("surveillance")
    location(buy(buyer, number, kind="bid", price="130.00", quantity="2"))
    public = visit("").get(f"/listings/{number}").text
    assert re.search(r"参考成交价</dt><dd class=\"number\">\s*¥120.00", public)
    page = admin.get(f"/staff/market?symbol={symbol}").text
    assert "¥120.00" in page
    location(admin.post(f"{where}/uncross"))
    assert (
        "¥760.00" in buyer.get("/cash").text
    )  # 1,000 less twice 120; the rest is free
    assert "¥120.00" in admin.get(f"/staff/market?symbol={symbol}").text
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_a_market_bid_holds_the_edge_of_the_band(visit, product):
    number, _, where = product
    buyer = visit("buyer")
    location(buy(buyer, number, kind="collect", price=""))
    assert "¥800.00" in buyer.get("/cash").text
    location(visit("admin").post(f"{where}/phase", phase="continuous"))
    assert "¥880.00" in buyer.get("/cash").text


def test_a_limit_outside_the_band_is_refused_in_words(visit, product):
    refused = buy(visit("buyer"), product[0], kind="bid", price="201.00")
    assert refused.status_code == 422
    assert "超出目前接受委托的区间" in refused.text


def test_a_timetable_is_set_and_ended(visit, product):
    _, symbol, where = product
    admin = visit("admin")
    location(admin.post(f"{where}/timetable", at="15:00", days="workdays"))
    page = admin.get(f"/staff/market?symbol={symbol}").text
    assert "时间表下次执行" in page
    wrong = admin.post(f"{where}/timetable", at="25:00", days="workdays")
    assert wrong.status_code == 422
    location(admin.post(f"{where}/timetable", days="workdays"))
    page = admin.get(f"/staff/market?symbol={symbol}").text
    assert "时间表下次执行" not in page


def test_only_surveillance_and_administrators_control_the_market(visit, product):
    _, symbol, where = product
    registrar = visit("registrar")
    page = registrar.get(f"/staff/market?symbol={symbol}").text
    assert f"{where}/phase" not in page
    for path in (f"{where}/phase", f"{where}/uncross", "/staff/market/stop"):
        assert registrar.post(path, phase="closed").status_code == 403


def test_trading_stops_at_once_and_another_person_lets_it_go_on(visit, product):
    number, *_ = product
    buyer, admin = visit("buyer"), visit("admin")
    location(buy(buyer, number, kind="bid", price="110.00"))
    assert admin.post("/staff/market/stop", everybody="1").status_code == 422
    location(
        admin.post("/staff/market/stop", everybody="1", cancel="1", reason="A drill")
    )
    assert "¥1,000.00" in buyer.get("/cash").text
    refused = buy(buyer, number, kind="bid", price="110.00")
    assert refused.status_code == 409, headline(refused)
    house = encode("member", 0)
    own = admin.post(f"/staff/market/stops/{house}/end")
    assert own.status_code == 403
    location(visit("surveillance").post(f"/staff/market/stops/{house}/end"))
    location(buy(buyer, number, kind="bid", price="110.00"))


def test_the_help_works_its_examples_by_the_markets_own_code(visit):
    page = visit("").get("/help/auction").text
    assert page.count(">已选") == 8
