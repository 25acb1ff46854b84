"""Erroneous trades by pages and API: questioned by one, decided by another, told."""

import re

import pytest

from marketplace.correcting import Corrector
from marketplace.warehouse import Feed
from settlement.statistics.warehouse import Warehouse
from tests.flows.market import location
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]
WHY = {"reason": "120.00 was meant to be 12.00."}


@pytest.fixture
def bought(program, sun):
    """Two trades of one unit each, at 12.00 yuan."""
    pay_in(program, "buyer", 10_000)
    pay_in(program, "other", 10_000)
    other = program("other").made("/orders", buy(sun))["trades"][0]["trade"]
    return program("buyer").made("/orders", buy(sun))["trades"][0]["trade"], other


def cash(program, who):
    (found,) = [b for b in program(who).read("/balances")["data"] if b.get("currency")]
    return found["free"]


def test_a_bust_takes_two_persons_and_both_parties_are_told(
    program, sun, bought, parts, tell, tmp_path
):
    trade, _ = bought
    buyer, desk = program("buyer"), program("surveillance")
    step = Corrector(parts.reads, parts.writes).step
    assert tell() == 2
    path = f"/staff/trades/{trade}/questions"
    assert buyer.post(path, WHY).status_code == 403
    number = desk.made(path, WHY)["proposal"]
    assert desk.post(path, WHY | {"price": 7}).json["code"] == "wrong_order"
    (waits,) = program("settlement_officer").read("/staff/questions")["data"]
    assert (waits["id"], waits["trade"], waits["price"]) == (number, trade, None)
    assert step() == 0
    decide = f"/staff/questions/{number}"
    assert desk.post(decide, {"approve": True}).json["code"] == "own_work"
    other_desk = f"/staff/proposals/{number}/decision"
    assert desk.post(other_desk, {"approve": True}).status_code == 404
    yes = {"approve": True}
    assert program("settlement_officer").post(decide, yes).status_code == 204
    assert (cash(program, "buyer"), cash(program, "vendor")) == (10_000, 1_170)
    assert buyer.read("/entitlements")["data"][0]["state"] == "revoked"
    (done,) = buyer.read(f"/trades/{trade}/busts")["data"]
    assert (done["price"], done["amount"], done["fee"]) == (None, 1_200, 30)
    assert program("other").get(f"/trades/{trade}/busts").status_code == 404
    assert buyer.read(f"/trades/{trade}")["corrected"] == "busted"
    (income,) = program("vendor").read("/income")["data"]
    assert (income["trades"], income["gross"], income["fee"]) == (1, 1_200, 30)
    Feed(parts.reads, tmp_path / "tape").step()
    assert (step(), step()) == (1, 0)
    Feed(parts.reads, tmp_path / "tape").step()
    market = Warehouse(tmp_path / "tape")
    assert market.ask("SELECT count(*), sum(value) FROM trades").rows == [(1, 1_200)]
    market.close()
    told = program("").read(f"/instruments/{sun.instrument}/trades")["data"]
    assert [row["price"] for row in told] == [1_200]
    for who in ("buyer", "vendor"):
        kinds = [n["kind"] for n in program(who).read("/notices")["data"]]
        assert kinds[:2] == ["trade_busted", "trade_questioned"]


def test_an_adjusted_trade_counts_at_its_new_price(
    visit, program, sun, bought, parts, tell, tmp_path
):
    _, other = bought
    officer, desk = visit("settlement_officer"), visit("surveillance")
    tell()
    address = f"/staff/trades/{other}"
    assert address in desk.get("/staff/trades").text
    assert location(desk.get("/staff/trades", query_string={"trade": other}))
    assert "对这笔成交提出疑问" in desk.get(address).text
    refused = desk.post(f"{address}/question", price="5.00")
    assert refused.status_code == 422
    location(desk.post(f"{address}/question", price="5.00", **WHY))
    page = officer.get("/staff/trades").text
    assert "建议调整为每单位 ¥5.00" in page
    (number,) = re.findall(r"/staff/trades/questions/(prp_\w+)", page)[:1]
    refused = desk.post(f"/staff/trades/questions/{number}", step="approve")
    assert refused.status_code == 403
    assert "可能被撤销" in visit("other").get(f"/orders/trades/{other}").text
    location(officer.post(f"/staff/trades/questions/{number}", step="approve"))
    assert (cash(program, "other"), cash(program, "vendor")) == (
        *(9_500, 500 - 13 + 1_170),
    )
    page = visit("other").get(f"/orders/trades/{other}").text
    assert "已调整为每单位 ¥5.00" in page
    assert WHY["reason"] in page
    assert "已调价" in desk.get("/staff/trades").text
    Corrector(parts.reads, parts.writes).step()
    Feed(parts.reads, tmp_path / "tape").step()
    market = Warehouse(tmp_path / "tape")
    asked = "SELECT price, value, fee FROM trades ORDER BY id"
    assert market.ask(asked).rows == [(500, 500, 13), (1_200, 1_200, 30)]
    market.close()
    told = program("").read(f"/instruments/{sun.instrument}/trades")["data"]
    assert sorted(row["price"] for row in told) == [500, 1_200]
