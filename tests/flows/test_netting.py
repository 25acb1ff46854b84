"""A netting run by two officers, by page and API; a debt is paid by its member."""

import pytest
from sqlalchemy import update

from settlement.cycle_tables import obligations
from settlement.ids import encode
from tests.flows.market import location
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def deferred(program, sun, visit, parts, people):
    """A trade of the book that is due: what one officer proposed another decided."""
    pay_in(program, "buyer", 10_000)
    officer, approver = visit("settlement_officer"), visit("settlement_approver")
    typed = {"currency": "CNY", "origin": "book", "days": "1", "cover": "20"}
    bad = officer.post("/staff/netting/cycles", **typed)
    assert bad.status_code == 422
    location(officer.post("/staff/netting/cycles", **typed, reason="T+1"))
    own = officer.post(
        f"/staff/netting/decisions/{encode('proposal', 1)}", step="approve"
    )
    assert own.status_code == 403
    location(
        approver.post(
            f"/staff/netting/decisions/{encode('proposal', 1)}", step="approve"
        )
    )
    trade = program("buyer").made("/orders", buy(sun))["trades"][0]["trade"]
    for owed in parts.gateway._door.market.dues.live.values():
        owed.due_us = 0
    with parts.writes.begin() as db:
        db.execute(update(obligations).values(due_us=0))
    return trade


def test_two_officers_make_a_run(program, visit, deferred):
    assert program("").read("/cycles")["data"] == [
        {"currency": "CNY", "origin": "book", "days": 1, "cover_bps": 2_000}
    ]
    officer, approver = visit("settlement_officer"), visit("settlement_approver")
    assert deferred in visit("buyer").get("/cash/runs").text
    page = officer.get("/staff/netting").text
    assert "¥12.00" in page
    run = location(officer.post("/staff/netting/runs", currency="CNY"))
    assert officer.post(f"{run}/approve").status_code == 403
    assert officer.post(f"{run}/execute").status_code == 409
    location(approver.post(f"{run}/approve"))
    location(officer.post(f"{run}/execute"))
    assert visit("buyer").get("/cash/runs").status_code == 200
    (line,) = program("buyer").read("/runs")["data"]
    assert (line["pays"], line["net"], line["state"]) == (1_200, -1_200, "executed")
    (behind,) = program("buyer").read(f"/runs/{line['run']}/trades")["data"]
    assert (behind["trade"], behind["obligation"]) == (deferred, "settled")
    assert deferred in visit("buyer").get(f"/cash/runs/{line['run']}").text
    statement = officer.get(f"{run}/{line['member']}").text
    assert deferred in statement
    assert program("vendor").read("/balances")["data"][0]["free"] == 1_170
    assert program("buyer").read("/entitlements")["data"][0]["state"] == "active"


def test_the_api_runs_too_and_refuses_what_is_not_due(program, deferred):
    officer, approver = program("settlement_officer"), program("settlement_approver")
    (found,) = officer.read("/staff/runs/preview")["data"]
    assert (found["trades"], found["gross"], found["net"]) == (1, 1_200, 1_200)
    run = officer.made("/staff/runs", {"currency": "CNY"})["id"]
    assert approver.post(f"/staff/runs/{run}/approval").json["state"] == "approved"
    assert officer.post(f"/staff/runs/{run}/cancellation").json["state"] == "cancelled"
    run = officer.made("/staff/runs", {"currency": "CNY"})["id"]
    approver.post(f"/staff/runs/{run}/approval")
    assert officer.post(f"/staff/runs/{run}/execution").json["state"] == "executed"
    again = officer.post("/staff/runs", {"currency": "CNY"})
    assert (again.status_code, again.json["code"]) == (409, "nothing_due")
    assert program("buyer").read("/debts")["data"] == []
    assert len(officer.read("/staff/runs")["data"]) == 2
