"""Filed deals by pages and by the API: evidence, both sides, the registrar."""

import io

from settlement import clock
from tests.flows.market import location
from tests.programs import V1, program, sun

__all__ = ["program", "sun"]


def test_a_deal_is_filed_confirmed_and_registered_by_pages(visit, people):
    seller, buyer, registrar = visit("vendor"), visit("buyer"), visit("registrar")
    fields = {
        "title": "<b>Sun</b> for a year",
        "side": "sell",
        "member": f"mem_{people['buyer'].member:07}",
        "currency": "CNY",
        "amount": "5000.00",
        "day": "2026-01-15",
        "key": "once",
    }
    assert seller.post("/filings/new", **fields).status_code == 422  # no evidence
    for day in ("2999-01-01", "soon"):
        odd = fields | {"day": day, "evidence": (io.BytesIO(b"x"), "c.pdf")}
        assert seller.post("/filings/new", **odd).status_code == 422
    filled = fields | {"evidence": (io.BytesIO(b"a contract"), "c.pdf")}
    page = location(seller.post("/filings/new", **filled))
    assert visit("other").get(page).status_code == 404
    assert page in buyer.get("/filings").text
    assert "&lt;b&gt;Sun" in buyer.get(page).text
    assert buyer.get(f"{page}/evidence").data == b"a contract"
    assert visit("other").get(f"{page}/evidence").status_code == 404
    assert page not in registrar.get("/staff/filings").text
    assert buyer.post(f"{page}/answer", answer="no").status_code == 422
    location(buyer.post(f"{page}/answer", answer="yes"))
    assert page in registrar.get("/staff/filings").text
    location(registrar.post(f"{page}/decision", answer="yes"))
    assert registrar.get(f"{page}/evidence").data == b"a contract"
    assert registrar.post(f"{page}/decision", answer="yes").status_code == 404
    assert buyer.get("/orders/trades").text.count("Sun") == 0
    assert buyer.get("/staff/filings").status_code == 403


def test_a_deal_is_filed_and_answered_by_programs(program):
    vendor, buyer = program("vendor"), program("buyer")
    asked = {
        "member": buyer.read("/me")["member"],
        "side": "sell",
        "title": "Sun",
        "amount": 500_000,
        "dealt_us": clock.now_us() - clock.DAY_US,
    }

    def file(**more):
        return vendor.client.post(
            f"{V1}/filings",
            query_string=asked | more,
            data=b"a contract",
            content_type="application/octet-stream",
            headers=vendor.headers,
        )

    made = file().json
    assert (made["origin"], made["state"]) == ("filed", "entered")
    assert file(amount=-1).status_code == 422
    assert file(dealt_us=asked["dealt_us"] + 9 * clock.DAY_US).status_code == 422
    path = f"/filings/{made['id']}"
    assert buyer.made(f"{path}/answer", {"agrees": True})["state"] == "confirmed"
    assert vendor.post(f"{path}/withdraw").status_code == 409
    registrar = program("registrar")
    assert [row["id"] for row in registrar.read("/staff/filings")["data"]] == [
        made["id"]
    ]
    no = {"agrees": False, "reason": "not signed"}
    decided = registrar.made(f"/staff{path}/decision", no)
    assert (decided["state"], decided["reason"]) == ("refused", "not signed")
    second = file(title="Moon").json
    withdrawn = vendor.made(f"/filings/{second['id']}/withdraw")
    assert withdrawn["state"] == "withdrawn"
    assert len(buyer.read("/filings")["data"]) == 2
