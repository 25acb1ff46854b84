"""Bought together by page and API: all lines for at most a total, or none."""

import pytest

from tests.flows.market import key_on, location
from tests.programs import pay_in, program, put_on_market

__all__ = ["program"]


@pytest.fixture
def pair(program):
    """Two products, at 12.00 and 30.00 yuan."""
    pay_in(program, "buyer", 10_000)
    return put_on_market(program, "SUN", 1_200), put_on_market(program, "MOON", 3_000)


def lines(pair, *quantities):
    return [
        {
            "instrument": sold.instrument, "side": "buy", "price": None,
            "quantity": quantity, "purpose": "internal_analysis",
        }
        for sold, quantity in zip(pair, quantities, strict=True)
    ]  # fmt: skip


def take_down(program, sold):
    """Let the vendor take its posted price down."""
    vendor = program("vendor")
    live = vendor.read("/orders", which="live")["data"]
    (posted,) = [one for one in live if one["instrument"] == sold.instrument]
    vendor.made(f"/orders/{posted['id']}/cancel")


def cash(program):
    (found,) = [b for b in program("buyer").read("/balances")["data"] if b["currency"]]
    return found["free"]


def test_programs_buy_all_or_none(program, pair):
    buyer = program("buyer")
    dear = buyer.post("/baskets", {"orders": lines(pair, 1, 2), "total_max": 7_199})
    assert (dear.status_code, dear.json["code"]) == (409, "over_total")
    assert (dear.json["total"], cash(program)) == (7_200, 10_000)
    take_down(program, pair[1])
    gone = buyer.post("/baskets", {"orders": lines(pair, 1, 1), "total_max": 9_000})
    assert gone.json["code"] == "blocked_line"
    assert (gone.json["line"], gone.json["symbol"]) == (2, "MOON")
    assert (gone.json["why"], cash(program)) == ("not_offered", 10_000)
    program("vendor").put(f"/instruments/{pair[1].instrument}/price", {"price": 3_000})
    made = buyer.made("/baskets", {"orders": lines(pair, 1, 2), "total_max": 7_200})
    assert [one["placed"]["state"] for one in made["orders"]] == ["filled", "filled"]
    assert cash(program) == 2_800


def test_the_page_prices_the_lines_and_names_the_one_in_the_way(visit, program, pair):
    buyer = visit("buyer")
    products = [("id", sold.product) for sold in pair]
    compared = buyer.get("/compare", query_string=products).text
    assert "一并购买" in compared
    assert "购物篮中尚无商品" in buyer.get("/basket").text
    fields = {
        "unit": [sold.instrument for sold in pair],
        "quantity": ["1", "2"],
    }
    page = buyer.get("/basket", query_string=fields).text
    assert "¥72.00" in page
    assert 'value="72.00"' in page
    typed = fields | {"key": key_on(page), "purpose": "internal_analysis"}
    assert buyer.post("/basket", **typed, total="72.00").status_code == 422
    typed["accept"] = "1"
    dear = buyer.post("/basket", **typed, total="71.99")
    assert dear.status_code == 409
    assert "超过所设总价" in dear.text
    take_down(program, pair[1])
    gone = buyer.post("/basket", **typed | {"key": "later"}, total="72.00")
    assert gone.status_code == 409
    assert "第 2 行无法成交" in gone.text
    assert "没有这么多可供" in gone.text
    program("vendor").put(f"/instruments/{pair[1].instrument}/price", {"price": 3_000})
    again = buyer.post("/basket", **typed | {"key": "another"}, total="80.00")
    assert location(again) == "/orders/trades"
    assert cash(program) == 2_800
