"""Shares by API and page: proposed, consented to, paid, stated; taxes in the price."""

import pytest

from settlement.ids import encode
from tests.flows.market import headline, location
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def parties(people):
    """The numbers of the vendor's and the buyer's member."""
    return {role: encode("member", people[role].member) for role in ("vendor", "buyer")}


def test_a_party_consents_shares_and_gets_a_statement(program, sun, parties):
    pay_in(program, "buyer", 10_000)
    vendor, buyer = program("vendor"), program("buyer")
    part = {"member": parties["buyer"], "role": "source", "bps": 2_000}
    wanted = {"product": sun.product, "parts": [part]}
    both = wanted | {"parts": [part | {"product": sun.product}]}
    assert vendor.post("/splits", both).status_code == 422
    assert buyer.post("/splits", wanted).status_code == 403
    made = vendor.made("/splits", wanted)
    assert (made["state"], made["consents"]) == (
        "waiting",
        [{"member": parties["buyer"], "agreed": False}],
    )
    assert vendor.post("/splits", wanted).json["code"] == "split_waits"
    agreed = buyer.post(f"/splits/{made['id']}/agree").json
    assert agreed["state"] == "in_force"
    assert buyer.read("/splits")["data"] == [agreed]
    trade = buyer.made("/orders", buy(sun))["trades"][0]["trade"]
    lines = buyer.read(f"/trades/{trade}/shares")["data"]
    assert [(one["role"], one["amount"]) for one in lines] == [
        ("vendor", 936),
        ("source", 234),
    ]
    assert buyer.read("/shares")["data"] == [lines[1]]
    (total,) = buyer.read("/shares/totals")["data"]
    assert total == {"currency": "CNY", "role": "source", "trades": 1, "amount": 234}
    assert buyer.read("/shares", until_us=1)["data"] == []
    moved = {one["reason"]: one for one in buyer.read("/transfers")["data"]}
    assert (moved["share"]["amount"], moved["share"]["subject"]) == (234, trade)


def test_the_pages_propose_consent_and_state(program, sun, parties, visit):
    pay_in(program, "buyer", 10_000)
    vendor, buyer = visit("vendor"), visit("buyer")
    assert "SUN" not in buyer.get("/cash/shares").text
    typed = {
        "product": sun.product,
        "party-1": parties["buyer"],
        "role-1": "operator",
        "percent-1": "12.5",
    }
    bad = vendor.post("/vendor/shares", **(typed | {"party-1": "nobody"}))
    assert bad.status_code == 422
    assert "nobody" in bad.text, "what was typed stays"
    half = vendor.post("/vendor/shares", **(typed | {"percent-1": ""}))
    assert half.status_code == 422
    location(vendor.post("/vendor/shares", **typed))
    assert "87.5" in vendor.get("/vendor/shares").text
    location(buyer.post(f"/cash/splits/{encode('split', 1)}/agree"))
    program("buyer").made("/orders", buy(sun))
    page = buyer.get("/cash/shares").text
    assert "SUN" in page
    assert "¥1.46" in page  # 12.5 % of 11.70
    trade = program("vendor").read("/trades")["data"][0]["id"]
    contract = vendor.get(f"/orders/trades/{trade}").text
    assert "¥10.24" in contract
    assert buyer.get("/cash/shares?month=2001-01").status_code == 200
    assert buyer.get("/cash/shares?month=x").status_code == 404
    again = typed | {"party-1": "", "percent-1": ""}
    location(vendor.post("/vendor/shares", **again))
    location(buyer.post(f"/cash/splits/{encode('split', 2)}/reject"))
    assert headline(buyer.get("/cash/shares"))


def test_the_tax_within_a_price_is_told_with_its_rate(program, sun):
    pay_in(program, "buyer", 10_000)
    trade = program("buyer").made("/orders", buy(sun))["trades"][0]["trade"]
    lines = {"bps": 600, "amount": 68, "fee_bps": 600, "fee_amount": 2}
    assert program("vendor").read(f"/trades/{trade}/taxes") == lines
    rates = program("").read("/taxes")
    assert rates["version"] == 1
    assert {"kind": "dataset", "bps": 600} in rates["rates"]
