"""A month is closed by two officers, by page and API; what follows has a code."""

import pytest
import time_machine

from marketplace.monthend import named
from marketplace.trading.closing import bounds, following
from settlement import clock
from settlement.invariants import violations
from tests.flows.market import location
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]
BANK = "day,currency,amount,reference,text,party\n{day},CNY,250.00,B-1,none,Somebody\n"


@pytest.fixture
def month(program, sun):
    """The present month with a trade in it."""
    pay_in(program, "buyer", 10_000)
    program("buyer").made("/orders", buy(sun))
    return named(clock.now_us())


def after(month):
    """A moment after the month is over."""
    later_us = bounds(month)[1] + clock.HOUR_US
    return time_machine.travel(clock.moment(later_us), tick=True)


def test_two_officers_close_a_month(program, visit, month, parts):
    officer, approver = visit("settlement_officer"), visit("settlement_approver")
    page = officer.get(f"/staff/closings/{month}").text
    assert f"{month}/propose" not in page
    where = f"/staff/closings/{month}"
    early = officer.post(f"{where}/propose", reason="too early")
    assert early.status_code == 409
    with after(month):
        officer, approver = visit("settlement_officer"), visit("settlement_approver")
        assert month in officer.get("/staff/closings").text
        assert officer.post(f"{where}/propose", reason="no audit").status_code == 409
        location(officer.post(f"{where}/audit"))
        assert f"{month}/propose" in officer.get(where).text
        assert officer.post(f"{where}/propose").status_code == 422
        location(officer.post(f"{where}/propose", reason="all in order"))
        assert officer.post(f"{where}/propose", reason="again").status_code == 409
        (waits,) = program("settlement_officer").read(where)["waiting"]
        decide = f"/staff/closings/decisions/{waits['id']}"
        assert officer.post(decide, decision="approve").status_code == 403
        assert visit("buyer").post(decide, decision="approve").status_code == 403
        location(approver.post(decide, decision="approve"))
        page = officer.get(where).text
        assert "SHA-256" in page
        assert "¥99.70" in page
        found = program("settlement_officer").read(where)
        assert (found["is_closed"], found["checks"]) == (True, [])
        ended = {line["place"]: line["closing"] for line in found["lines"]}
        assert ended == {"bank": -10_000, "free": 9_970, "income": 30}
        listed = program("settlement_officer").read("/staff/closings")
        assert listed["following"] == following(month)
        assert [one["month"] for one in listed["data"]] == [month]
        begins = program("settlement_officer").read(
            f"/staff/closings/{following(month)}"
        )
        opened = {line["place"]: line["opening"] for line in begins["lines"]}
        assert opened == ended
        rows = officer.get(f"{where}.csv").data.decode("utf-8-sig").splitlines()
        assert len(rows) == 1 + len(ended)
        assert officer.get(f"{where}.xlsx").status_code == 200
        fees_are_invoiced(program, visit, month, officer)
        code_is_asked_for(program, visit, month)
        with parts.reads.connect() as db:
            assert list(violations(db)) == []


def test_the_first_month_that_is_closed_is_that_of_the_first_record(program, month):
    before = named(bounds(month)[0] - clock.HOUR_US)
    with after(month):
        desk = program("settlement_officer")
        assert desk.post("/staff/audits", {}).status_code == 201
        body = {"month": before, "reason": "from further back"}
        refused = desk.post("/staff/closings", body)
        assert refused.json["code"] == "not_in_turn", refused.text


def fees_are_invoiced(program, visit, month, officer):
    """The exchange invoices its fee of 30 with the VAT in it, once."""
    where = f"/staff/closings/{month}"
    assert f"{where}/invoices" in officer.get(where).text
    location(officer.post(f"{where}/invoices"))
    again = program("settlement_officer").post(f"{where}/invoices", {}).json
    assert (again["invoiced"], again["uninvoiced"]) == (1, 0)
    (bill,) = program("vendor").read("/invoices")["data"]
    line = {"trade": None, "amount": 30, "bps": 600, "tax": 2}
    assert (bill["period"], bill["lines"], bill["state"]) == (month, [line], "issued")
    assert bill["number"].startswith("INV-")
    vendor = visit("vendor")
    assert month in vendor.get(f"/cash/invoices/{bill['id']}").text
    assert vendor.get(f"/cash/invoices/{bill['id']}.pdf").data.startswith(b"%PDF")
    assert bill["number"] in vendor.get(f"/cash/statements?month={month}").text
    assert program("buyer").get(f"/invoices/{bill['id']}").status_code == 404


def code_is_asked_for(program, visit, month):
    """A bank line of the closed month that comes now is corrected with a code."""
    officer, approver = program("settlement_officer"), program("settlement_approver")
    content = BANK.format(day=f"{month}-05")
    officer.client.post(
        "/api/v1/staff/bank-statements", data=content, headers=officer.headers
    )
    (one,) = officer.read("/staff/breaks")["data"]
    assert one["closed_month"] == month
    page = visit("settlement_officer").get("/staff/reconciliation").text
    assert 'name="code"' in page
    where, journal = f"/staff/breaks/{one['id']}", one["journal"] | {"reason": "late"}
    bare = officer.post(f"{where}/journals", journal)
    assert (bare.status_code, bare.json["code"]) == (422, "wrong_order")
    officer.post(f"{where}/journals", journal | {"code": "late"})
    done = approver.post(f"{where}/decisions", {"decision": "approve"}).json
    assert done["how"] == "corrected"


def test_a_month_by_api_and_what_is_none(program, month):
    officer, approver = program("settlement_officer"), program("settlement_approver")
    for odd in ("2026-13", "never", "0000-01"):
        assert officer.get(f"/staff/closings/{odd}").status_code == 404
    asked = {"month": month, "reason": "x"}
    assert officer.post("/staff/closings", asked).status_code == 409
    with after(month):
        made = officer.post("/staff/audits", {})
        assert (made.status_code, made.json["violations"]) == (201, 0), made.text
        checks = officer.read(f"/staff/closings/{month}")["checks"]
        assert [one["open"] for one in checks] == [0] * len(checks)
        asked["month"] = following(month)
        assert officer.post("/staff/closings", asked).status_code == 409
        asked["month"] = month
        number = officer.post("/staff/closings", asked).json["proposal"]
        where = f"/staff/closings/{number}/decisions"
        own = officer.post(where, {"decision": "approve"})
        assert own.json["code"] == "own_work"
        no = approver.post(where, {"decision": "reject"}).json
        assert (no["is_closed"], no["may_close"], no["waiting"]) == (False, True, [])
        assert approver.post(where, {"decision": "reject"}).status_code == 404
        assert program("buyer").get("/staff/closings").status_code == 403
