"""A month's statement by page, file and API: the same figures, only one's own."""

import csv
import io
import json

import pytest
from python_calamine import CalamineWorkbook

from settlement.ids import encode
from tests.flows.market import location
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def traded(program, sun):
    pay_in(program, "buyer", 10_000)
    return program("buyer").made("/orders", buy(sun))["trades"][0]["trade"]


def test_a_statement_is_the_same_by_page_file_and_api(program, traded, visit, people):
    said = program("buyer").read("/statements")
    (one,) = said["data"]
    assert (one["opening"], one["closing"]) == (0, 10_000 - 1_200)
    assert {line["figure"]: line["amount"] for line in one["figures"]} == {
        "payins": 10_000,
        "purchases": -1_200,
    }
    assert (one["net"], one["tax"]["purchases"]) == (-1_200, 68)
    buyer, month = visit("buyer"), said["month"]
    page = buyer.get(f"/cash/statements?month={month}").text
    assert "¥88.00" in page
    assert json.loads(buyer.get(f"/cash/statements/{month}.json").text) == said
    lines = list(csv.DictReader(io.StringIO(
        buyer.get(f"/cash/statements/{month}.csv").data.decode("utf-8-sig")
    )))  # fmt: skip
    by_figure = {line["figure"]: line["amount"] for line in lines}
    assert (by_figure["closing"], by_figure["purchases"]) == ("88.00", "'-12.00")
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(buyer.get(f"/cash/statements/{month}.xlsx").data)
    )
    assert len(book.get_sheet_by_index(0).to_python()) == len(lines) + 1
    paper = buyer.get(f"/cash/statements/{month}.pdf").data
    assert paper.startswith(b"%PDF")
    assert paper == buyer.get(f"/cash/statements/{month}.pdf").data
    assert encode("member", people["buyer"].member) == said["member"]


def test_each_figure_opens_its_transfers(program, traded, visit):
    vendor, month = program("vendor"), program("vendor").read("/statements")["month"]
    rows = vendor.read("/statements/transfers", currency="CNY", figure="sales")["data"]
    assert [(row["amount"], row["subject"]) for row in rows] == [(1_200, traded)]
    page = visit("vendor").get(f"/cash/statements/{month}/CNY/fees").text
    assert traded in page
    assert "¥0.30" in page
    other = visit("buyer").get(f"/cash/statements/{month}/CNY/fees")
    assert traded not in other.text  # the seller bears it


def test_what_is_no_month_and_no_figure_is_not_found(program, traded, visit):
    buyer = visit("buyer")
    for path in ("2026-13.csv", "2026.pdf", "2026-11/CNY/thefts", "2026-11/ABC/fees"):
        assert buyer.get(f"/cash/statements/{path}").status_code == 404
    assert buyer.get("/cash/statements?month=never").status_code == 404
    asked = program("buyer").get("/statements", month="2026-13")
    assert asked.status_code == 422
    assert program("buyer").get("/statements", month="0000-01").status_code == 404
    assert program("buyer").read("/statements", month="2020-01")["data"] == []


def test_staff_see_breaks_and_rules_by_api(program):
    officer, approver = program("settlement_officer"), program("settlement_approver")
    assert officer.read("/staff/rails") == {"data": []}
    content = (
        "day,currency,amount,reference,text,party\n"
        "2026-01-05,CNY,250.00,B-1,no reference,Somebody\n"
    )
    taken = officer.client.post(
        "/api/v1/staff/bank-statements", data=content, headers=officer.headers
    )
    assert taken.status_code == 201, taken.text
    assert taken.json["unmatched"] == 1
    assert officer.read("/staff/bank-statements")["data"][0]["lines"] == 1
    (one,) = officer.read("/staff/breaks")["data"]
    assert (one["cause"], one["amount"]) == ("bank_unknown", 25_000)
    assert one["journal"] == {"debit": "bank", "credit": "suspense"}
    where = f"/staff/breaks/{one['id']}"
    journal = one["journal"] | {"reason": "looked into"}
    proposed = officer.post(f"{where}/journals", journal).json
    assert proposed["waiting"]["reason"] == "looked into"
    own = officer.post(f"{where}/decisions", {"decision": "approve"})
    assert own.json["code"] == "own_work"
    done = approver.post(f"{where}/decisions", {"decision": "approve"}).json
    assert (done["how"], officer.read("/staff/breaks")["data"]) == ("corrected", [])
    assert officer.read(where)["ended_us"]
    (rail,) = officer.read("/staff/rails")["data"]
    assert (rail["theirs"], rail["ours"], rail["unexplained"]) == (25_000, 25_000, 0)
    assert officer.post("/staff/breaks/compare", {}).json == {"new": 0, "ended": 0}
    none = officer.post("/staff/payout-files", {"currency": "CNY"})
    assert none.status_code == 404


def test_rules_of_settlement_take_two_persons_by_api(program):
    officer, approver = program("settlement_officer"), program("settlement_approver")
    rule = {"kind": "SetCycle", "reason": "weekly", "currency": "CNY"}
    assert officer.post("/staff/settlement-rules", rule).status_code == 422
    rule |= {"origin": "auction", "days": 1, "cover_bps": 2_000}
    made = officer.post("/staff/settlement-rules", rule).json["proposal"]
    (waits,) = officer.read("/staff/settlement-rules")["data"]
    assert (waits["id"], waits["values"]) == (made, [1, "auction", 1, 2_000])
    where = f"/staff/settlement-rules/{made}/decisions"
    assert officer.post(where, {"decision": "approve"}).json["code"] == "own_work"
    assert approver.post(where, {"decision": "approve"}).status_code == 204
    assert approver.read("/cycles")["data"][0]["days"] == 1
    steps = [{"from_day": 0, "bps": 5}, {"from_day": 7, "bps": 10}]
    table = {"kind": "SetPenalties", "reason": "x", "currency": "CNY", "steps": steps}
    number = officer.post("/staff/settlement-rules", table).json["proposal"]
    no = f"/staff/settlement-rules/{number}/decisions"
    assert approver.post(no, {"decision": "reject"}).status_code == 204


def test_an_invoice_is_asked_for_issued_and_credited(program, traded, visit):
    buyer, vendor = program("buyer"), program("vendor")
    asked = buyer.made("/invoices", {"trades": [traded], "note": "Company 2"})
    assert (asked["state"], asked["number"], asked["amount"]) == ("asked", "", 1_200)
    again = buyer.post("/invoices", {"trades": [traded]})
    assert again.json["code"] == "wrong_order"
    own = buyer.post(f"/invoices/{asked['id']}/issue", {"outside": "1"})
    assert own.status_code == 404
    where = f"/cash/invoices/{asked['id']}"
    seller = visit("vendor")
    assert asked["id"] in seller.get("/cash/invoices").text
    assert "Company 2" in seller.get(where).text
    assert seller.post(f"{where}/issue", outside="no number!").status_code == 422
    assert seller.post(f"{where}/issue", outside="2431200000").status_code == 303
    issued = buyer.read(f"/invoices/{asked['id']}")
    assert (issued["state"], issued["outside"]) == ("issued", "2431200000")
    assert issued["number"].endswith("-000001")
    assert issued["lines"] == [
        {"trade": traded, "amount": 1_200, "bps": 600, "tax": 68}
    ]
    paper = visit("buyer").get(f"{where}.pdf")
    assert paper.data.startswith(b"%PDF")
    refund = {"amount": 200, "reason": "late"}
    offered = vendor.post(f"/trades/{traded}/refunds", refund)
    assert offered.status_code in (200, 201), offered.text
    decision = f"/staff/decisions/{offered.json['proposal']}"
    location(visit("settlement_approver").post(decision, step="approve"))
    note, first = buyer.read("/invoices")["data"]
    assert (note["series"], note["corrects"], note["amount"]) == (
        "credit",
        first["id"],
        200,
    )
    assert note["number"].startswith("CN-")
    assert visit("settlement_officer").get(where).status_code == 404


def test_a_page_asks_and_the_seller_refuses_with_a_reason(program, traded, visit):
    buyer, seller = visit("buyer"), visit("vendor")
    assert traded in buyer.get("/cash/invoices").text
    assert buyer.post("/cash/invoices", note="x").status_code == 422
    there = buyer.post("/cash/invoices", trade=traded, note="to us").headers["Location"]
    assert traded not in buyer.get("/cash/invoices").text
    assert seller.post(f"{there}/refuse", reason="which tax number?").status_code == 303
    assert "which tax number?" in buyer.get(there).text
    assert buyer.get(f"{there}.pdf").status_code == 404
    assert traded in buyer.get("/cash/invoices").text
