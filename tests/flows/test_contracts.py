"""Contracts by pages and by the API: three parties, stages, papers with one hash."""

import io
import json
import re
from hashlib import sha256

import pytest

from settlement import clock
from settlement.ids import decode
from tests.flows.market import location
from tests.programs import V1, pay_in, program, sun

__all__ = ["program", "sun"]

STAGES = {
    "stage": ["On signing", "Middle", "End"],
    "share": ["30", "40", "30"],
    "within": ["0", "10", "20"],
}


@pytest.fixture
def fields(people, sun):
    """What a vendor types into the form."""
    return {
        "model": "provision",
        "title": "Sun <b>for</b> a year",
        "member": f"mem_{people['buyer'].member:07}",
        "instrument": sun.instrument,
        "price": "12000.00",
        "quantity": "1",
        "purpose": "internal_analysis",
        "days": "7",
        "until": "2099-01-01",
        "house": "1",
        "key": "once",
        **STAGES,
    }


def test_three_sign_by_pages_and_each_stage_is_paid(visit, program, fields, sun):
    vendor, buyer, registrar = visit("vendor"), visit("buyer"), visit("registrar")
    form = vendor.get(f"/contracts/new?instrument={sun.instrument}&model=fusion").text
    assert 'value="fusion" checked' in form
    for wrong in (
        {"share": ["30", "40", "31"]},
        {"share": ["x", "40", "30"]},
        {"within": ["5", "5", "20"]},
        {"days": "0"},
        {"member": "nobody"},
        {"model": "existing"},
    ):
        odd = fields | wrong | {"key": f"not {next(iter(wrong))}"}
        assert vendor.post("/contracts/new", **odd).status_code == 422
    page = location(vendor.post("/contracts/new", **fields))
    assert page in buyer.get("/contracts").text
    assert page in registrar.get("/staff/contracts").text
    assert visit("other").get(page).status_code == 404
    text = buyer.get(page).text
    assert "Sun &lt;b&gt;for" in text
    digest = re.search(r'name="sha256" value="([0-9a-f]{64})"', text)[1]
    told = buyer.get(f"{page}/json").data
    assert sha256(told).hexdigest() == digest
    assert json.loads(told)["contract"]["amount"] == 1_200_000
    paper = buyer.get(f"{page}/pdf")
    assert paper.data.startswith(b"%PDF-")
    assert digest.encode() in paper.data
    assert paper.data == vendor.get(f"{page}/pdf").data
    assert buyer.get(f"{page}/original").status_code == 404
    signs = {"sha256": digest, "accept": "1"}
    assert buyer.post(f"{page}/sign", **signs).status_code == 402  # no money yet
    pay_in(program, "buyer", 2_000_000)
    assert registrar.post(f"{page}/sign", sha256=digest).status_code == 422
    for signer in (registrar, buyer, vendor):
        location(signer.post(f"{page}/sign", **signs))
    assert page not in registrar.get("/staff/contracts").text
    trade = re.search(r"/orders/trades/(trd_\w+)", buyer.get(page).text)[1]
    for stage in range(3):
        if stage:
            location(vendor.post(f"/orders/trades/{trade}/deliver", units="1"))
        location(buyer.post(f"/orders/trades/{trade}/accept"))
        assert (
            len(re.findall("accepted and paid|已验收付款", buyer.get(page).text))
            == stage + 1
        )
    assert page in buyer.get(f"/orders/trades/{trade}").text


def test_a_contract_is_returned_drafted_anew_and_withdrawn(visit, fields):
    vendor, buyer = visit("vendor"), visit("buyer")
    page = location(vendor.post("/contracts/new", **fields))
    assert buyer.post(f"{page}/return").status_code == 422
    location(buyer.post(f"{page}/return", reason="Too dear."))
    assert "Too dear." in vendor.get(page).text
    old = page.rpartition("/")[2]
    again = f"/contracts/new?follows={old}&model=provision"
    assert "Sun &lt;b&gt;for" in buyer.get(again).text
    assert visit("other").get(again).status_code == 404
    anew = fields | {"follows": old, "price": "9000.00", "key": "twice"}
    page = location(vendor.post("/contracts/new", **anew))
    assert old in vendor.get(page).text
    location(vendor.post(f"{page}/return"))
    assert vendor.get("/contracts").text.count("agr_") > 1


def test_a_contract_on_paper_is_brought_with_its_hash(visit, fields):
    vendor, buyer = visit("vendor"), visit("buyer")
    fields = fields | {"model": "existing"}
    for content in (b"", b"no pdf at all"):
        paper = (io.BytesIO(content), "contract.pdf")
        answer = vendor.post("/contracts/new", **fields, paper=paper)
        assert answer.status_code == 422
    content = b"%PDF-1.7 signed by both"
    paper = (io.BytesIO(content), "contract.pdf")
    page = location(vendor.post("/contracts/new", **fields, paper=paper))
    assert buyer.get(f"{page}/original").data == content
    told = json.loads(buyer.get(f"{page}/json").data)["contract"]
    assert told["evidence"] == sha256(content).hexdigest()


def test_a_quote_becomes_a_contract_and_both_end_it(program, sun, visit):
    vendor, buyer = program("vendor"), program("buyer")
    pay_in(program, "buyer", 2_000_000)
    far_us = clock.now_us() + 9 * clock.DAY_US
    quote = {
        "instrument": sun.instrument,
        "member": buyer.read("/me")["member"],
        "price": 1_000_000,
        "quantity": 1,
        "reason": "need",
        "note": "bulk",
        "expires_us": far_us,
    }
    offer = vendor.made("/offers", quote)["id"]
    assert offer in visit("buyer").get(f"/contracts/new?offer={offer}").text
    stages = zip(("a", "b"), (5_000, 5_000), (0, 9), strict=True)
    wanted = {
        "member": vendor.read("/me")["member"],
        "instrument": sun.instrument,
        "price": 1_000_000,
        "purpose": "internal_analysis",
        "stages": [{"name": n, "bps": b, "days": d} for n, b, d in stages],
        "acceptance_days": 5,
        "expires_us": far_us,
        "house": False,
        "model": "processing",
        "title": "Work",
        "clauses": [{"code": "subject", "text": "Only this."}],
        "offer": offer,
    }
    assert buyer.post("/contracts", wanted | {"price": 1}).status_code == 422
    made = buyer.made("/contracts", wanted, Idempotency_Key="k")
    assert buyer.made("/contracts", wanted, Idempotency_Key="k")["id"] == made["id"]
    path = f"/contracts/{made['id']}"
    text = vendor.get(f"{path}/text")
    assert sha256(text.data).hexdigest() == made["sha256"]
    assert "Only this." in text.text
    assert vendor.post(f"{path}/signature", {"sha256": "0" * 64}).status_code == 409
    signs = {"sha256": made["sha256"]}
    assert buyer.made(f"{path}/signature", signs)["state"] == "signing"
    assert buyer.post(f"{path}/signature", signs).status_code == 409
    signed = vendor.made(f"{path}/signature", signs)
    assert signed["state"] == "signed"
    assert vendor.read(f"/offers/{offer}")["trade"] == signed["trade"]
    trade = f"/trades/{signed['trade']}"
    ask = {"agrees": True, "reason": "plans changed"}
    asked = buyer.made(f"{trade}/cancellation", ask)
    assert asked["asked_by"] == buyer.read("/me")["member"]
    page = visit("vendor").get(f"/orders{trade}").text
    assert 'name="answer" value="no"' in page
    answer = visit("vendor").post(f"/orders{trade}/cancel", answer="yes")
    location(answer)
    ended = buyer.read(f"{trade}/escrow")
    assert (ended["state"], ended["left"]) == ("unwound", 0)
    assert program("other").post(f"{trade}/cancellation", ask).status_code == 404
    assert decode("agreement", made["id"]) == 1
    assert buyer.client.get(V1 + path).status_code == 401
    second = vendor.made(
        "/contracts", {**wanted, "member": quote["member"], "offer": "off_0000000"}
    )
    returned = buyer.made(f"/contracts/{second['id']}/return", {"reason": "no"})
    assert (returned["state"], returned["reason"]) == ("returned", "no")
    assert [row["id"] for row in buyer.read("/contracts")["data"]] == [
        second["id"],
        made["id"],
    ]
    assert program("registrar").read("/staff/contracts")["data"] == []
