"""Escrow by API and pages: delivered, accepted in parts, lapsed, given back, seen."""

import pytest
import time_machine

from marketplace.trading.commands import Tick
from settlement import clock
from tests.flows.market import location
from tests.programs import FACTS, buy, pay_in, program, put_on_market

__all__ = ["program"]


@pytest.fixture
def moon(program):
    """A dataset that is paid within seven working days of its delivery in three."""
    times = {"acceptance_days": 7, "delivery_days": 3}
    return put_on_market(program, "MOON", 1200, mode="per_call", **times)


@pytest.fixture
def bought(program, moon):
    """The trade of two units."""
    pay_in(program, "buyer", 10_000)
    placed = program("buyer").made("/orders", buy(moon, quantity=2))
    return placed["trades"][0]["trade"]


def later(parts, days):
    """Let days pass, and the exchange notice."""
    moment = clock.moment(clock.now_us() + days * clock.DAY_US)
    with time_machine.travel(moment, tick=False):
        parts.gateway.submit(Tick())


def balance(program, who):
    (cash,) = [b for b in program(who).read("/balances")["data"] if b.get("currency")]
    return cash["free"], cash["escrow"]


def test_a_delivery_in_parts_is_accepted_part_by_part_by_the_api(
    program, bought, moon, parts
):
    vendor, buyer = program("vendor"), program("buyer")
    assert buyer.read(f"/instruments/{moon.instrument}")["acceptance_days"] == 7
    assert balance(program, "buyer") == (7_600, 2_400)
    (waits,) = buyer.read("/escrows")["data"]
    assert (waits["trade"], waits["state"], waits["left"]) == (
        bought,
        "escrowed",
        2_400,
    )
    assert waits == vendor.read("/escrows", side="sell")["data"][0]
    accept, deliver = f"/trades/{bought}/acceptance", f"/trades/{bought}/deliveries"
    assert buyer.post(accept, {}).json["code"] == "nothing_to_accept"
    assert vendor.post(deliver, {"units": 3}).json["code"] == "not_so_many"
    assert buyer.post(deliver, {"units": 1}).status_code == 403
    shown = vendor.made(deliver, {"units": 1})
    assert (shown["delivered"], shown["accept_by_us"] > clock.now_us()) == (1, True)
    shown = buyer.made(accept, {"units": 1}, Idempotency_Key="once-only")
    assert (shown["released"], shown["fee"], shown["left"]) == (1_200, 30, 1_200)
    assert buyer.made(accept, {"units": 1}, Idempotency_Key="once-only") == shown
    assert balance(program, "vendor") == (1_170, 0)
    later(parts, 6)
    shown = buyer.read(f"/trades/{bought}/escrow")
    assert (shown["state"], shown["refunded"], shown["returned"]) == (
        "settled",
        1_200,
        1,
    )
    (right,) = buyer.read("/entitlements")["data"]
    assert (right["quantity"], right["state"]) == (1, "active")
    (line,) = vendor.read("/income")["data"]
    assert (line["gross"], line["fee"], line["net"], line["units"]) == (
        1_200,
        30,
        1_170,
        1,
    )


def test_money_moves_are_listed_to_both_sides(program, bought):
    program("vendor").made(f"/trades/{bought}/deliveries", {"units": 2})
    program("buyer").made(f"/trades/{bought}/acceptance", {})
    moved = {
        who: [
            (t["reason"], t["amount"]) for t in program(who).read("/transfers")["data"]
        ]
        for who in ("buyer", "vendor")
    }
    assert moved["buyer"][:2] == [("accepted", -2_400), ("escrow", 0)]
    assert moved["vendor"] == [("accepted_fee", -60), ("accepted", 2_400)]


def test_the_pages_lead_a_purchase_from_escrow_to_payment(
    visit, program, bought, parts
):
    buyer, vendor = visit("buyer"), visit("vendor")
    address = f"/orders/trades/{bought}"
    page = vendor.get("/vendor/pending").text
    assert bought in page
    assert "待供方交付。" in page
    assert "前未交付则退款" in page
    assert f"{address}/accept" not in buyer.get("/orders/trades").text
    assert vendor.post(f"{address}/deliver", units="9").status_code == 409
    assert location(vendor.post(f"{address}/deliver", units="2")).endswith(address)
    for place in ("/orders/trades", "/rights/", address):
        text = buyer.get(place).text
        assert f"{address}/accept" in text, place
        assert "使用不视为验收" in text, place
    assert bought in visit("settlement_officer").get("/staff/escrows").text
    location(buyer.post(f"{address}/accept", units=""))
    assert "已结算" in buyer.get(address).text
    assert bought not in vendor.get("/vendor/pending").text


def test_the_calendar_is_published_by_the_officer_and_read_by_all(program, visit):
    officer = visit("settlement_officer")
    assert "2026-10-01" in officer.get("/staff/calendar?year=2026").text, "filled in"
    wrong = officer.post("/staff/calendar", off="soon")
    assert wrong.status_code == 422
    location(
        officer.post(
            "/staff/calendar", off="2026-10-01 2026-10-02", worked="2026-10-10"
        )
    )
    days = program("").read("/workdays")["data"]
    assert days[0] == {"day": "2026-10-01", "worked": False}
    assert days[2] == {"day": "2026-10-10", "worked": True}
    more = {"data": [{"day": "2027-01-01", "worked": False}]}
    made = program("settlement_officer").made("/staff/workdays", more)
    assert len(made["data"]) == 4
    assert program("buyer").post("/staff/workdays", more).status_code == 403


def test_a_vendor_chooses_acceptance_in_the_form(visit, program):
    vendor, product = visit("vendor"), program("vendor").made("/products", FACTS)["id"]
    unit = {
        "symbol": "LUNA", "licence": "internal", "mode": "whole", "currency": "1",
        "settlement": "escrow", "acceptance_days": "5",
    }  # fmt: skip
    page = f"/vendor/products/{product}"
    both = vendor.post(f"{page}/instruments", **unit, transferable="1")
    assert "一律即时结算" in both.text
    location(vendor.post(f"{page}/instruments", **unit))
    assert "验收后结算，5 个工作日" in vendor.get(page).text
