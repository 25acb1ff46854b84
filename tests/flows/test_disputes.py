"""Disputes and refunds by API and pages: said, answered, agreed, decided by two."""

import pytest

from tests.flows.market import location
from tests.programs import buy, pay_in, program, put_on_market

__all__ = ["program"]
NOTE = {"reason": "quality", "note": "Every second row is empty."}


@pytest.fixture
def moon(program):
    """A dataset that is paid within seven working days of its delivery."""
    return put_on_market(program, "MOON", 1200, mode="per_call", acceptance_days=7)


@pytest.fixture
def bought(program, moon):
    """The trade of one unit, 12.00 yuan."""
    pay_in(program, "buyer", 10_000)
    return program("buyer").made("/orders", buy(moon))["trades"][0]["trade"]


def cash(program, who):
    (found,) = [b for b in program(who).read("/balances")["data"] if b.get("currency")]
    return found["free"], found["escrow"]


def test_a_dispute_is_decided_by_two_of_the_desk(program, bought):
    buyer, vendor = program("buyer"), program("vendor")
    officer, approver = program("settlement_officer"), program("settlement_approver")
    assert vendor.post(f"/trades/{bought}/dispute", NOTE).status_code == 404
    found = buyer.made(f"/trades/{bought}/dispute", NOTE)
    assert (found["state"], found["frozen"], found["offer"]) == ("open", 1_200, None)
    path = f"/disputes/{found['id']}"
    assert [d["id"] for d in vendor.read("/disputes")["data"]] == [found["id"]]
    assert program("other").get(path).status_code == 404
    assert cash(program, "buyer") == (8_800, 1_200)
    assert buyer.read("/entitlements")["data"][0]["state"] == "suspended"
    propose = f"/staff{path}/resolution"
    half = {"refund": 700, "reason": "Half of the rows are empty, as it shows."}
    assert officer.post(propose, half).json["code"] == "illegal_move"
    vendor.made(f"{path}/answer", {"note": "They are optional.", "offer": 300})
    assert vendor.post(f"{path}/answer", {"note": "Twice."}).status_code == 409
    assert buyer.post(propose, half).status_code == 403
    number = officer.made(propose, half)["proposal"]
    (waits,) = approver.read("/staff/decisions")["data"]
    assert (waits["id"], waits["amount"], waits["dispute"]) == (
        *(number, 700, found["id"]),
    )
    decide = f"/staff/decisions/{number}"
    assert officer.post(decide, {"approve": True}).json["code"] == "own_work"
    limits = f"/staff/proposals/{number}/decision"
    assert program("surveillance").post(limits, {"approve": True}).status_code == 404
    assert approver.post(decide, {"approve": True}).status_code == 204
    found = buyer.read(path)
    assert (found["state"], found["refund"]) == ("decided", 700)
    assert cash(program, "buyer") == (9_500, 0)
    assert cash(program, "vendor") == (500 - 13, 0)
    assert buyer.read("/entitlements")["data"][0]["state"] == "active"
    assert buyer.read(f"/trades/{bought}")["state"] == "settled"


def test_the_pages_lead_a_dispute_from_objection_to_agreement(visit, program, bought):
    buyer, vendor, desk = visit("buyer"), visit("vendor"), visit("settlement_officer")
    page = buyer.get(f"/orders/trades/{bought}").text
    assert "对交付有异议" in page
    assert (
        buyer.post(f"/orders/trades/{bought}/dispute", reason="quality").status_code
        == 422
    )
    address = location(buyer.post(f"/orders/trades/{bought}/dispute", **NOTE))
    assert NOTE["note"] in vendor.get(address).text
    assert NOTE["note"] in desk.get(address.replace("/orders", "/staff")).text
    assert address in vendor.get("/orders/disputes").text
    assert visit("other").get(address).status_code == 404
    said = {"note": "They are optional.", "offer": "4.00"}
    location(vendor.post(f"{address}/answer", **said))
    page = buyer.get(address).text
    assert "提出退还 ¥4.00" in page
    location(buyer.post(f"{address}/agree"))
    assert cash(program, "buyer") == (9_200, 0)
    assert "协商结束" in buyer.get(address).text
    assert "没有进行中的争议" in desk.get("/staff/disputes").text


def test_a_settled_sale_is_refunded_with_the_exchange_as_second_person(
    visit, program, bought
):
    vendor, officer = visit("vendor"), visit("settlement_officer")
    address = f"/orders/trades/{bought}"
    early = vendor.post(f"{address}/refund", refund="5.00", why="late")
    assert early.status_code == 404
    program("buyer").made(f"/trades/{bought}/acceptance", {})
    location(vendor.post(f"{address}/refund", refund="12.00", why="Sold by mistake."))
    page = officer.get("/staff/disputes").text
    assert "供方退款" in page
    assert "Sold by mistake." in page
    (waits,) = program("settlement_officer").read("/staff/decisions")["data"]
    location(officer.post(f"/staff/decisions/{waits['id']}", step="approve"))
    assert cash(program, "buyer") == (10_000, 0)
    assert cash(program, "vendor") == (0, 0)
    assert program("buyer").read("/entitlements")["data"][0]["state"] == "revoked"
    (back,) = program("vendor").read(f"/trades/{bought}/refunds")["data"]
    assert (back["amount"], back["fee"]) == (1_200, 30)
    (line,) = program("vendor").read("/income")["data"]
    assert (line["gross"], line["fee"], line["net"]) == (0, 0, 0)


def test_a_vendor_gives_a_sale_back(visit, program, bought):
    location(visit("vendor").post(f"/orders/trades/{bought}/return"))
    assert cash(program, "buyer") == (10_000, 0)
    assert program("buyer").read(f"/trades/{bought}")["state"] == "unwound"
    assert program("vendor").post(f"/trades/{bought}/return").status_code == 404
