"""Designated vendors: put under obligations by staff, seen by both, measured."""

from tests.flows.market import location
from tests.programs import program, sun

__all__ = ["program", "sun"]
OWED = {"symbol": "SUN", "spread_bps": "1000", "size": "5", "present_bps": "8000"}


def test_staff_designates_and_both_see_what_was_kept(visit, sun):
    desk, vendor = visit("surveillance"), visit("vendor")
    assert "尚未指定任何供方" in desk.get("/staff/makers").text
    assert "您不是任何标的的指定供方" in vendor.get("/vendor/makers").text
    assert visit("buyer").get("/vendor/makers").status_code == 403
    assert visit("registrar").post("/staff/makers", **OWED).status_code == 403
    assert desk.post("/staff/makers", **OWED | {"size": "0"}).status_code == 422
    assert desk.post("/staff/makers", **OWED | {"symbol": "NO"}).status_code == 404
    location(desk.post("/staff/makers", **OWED))
    page = vendor.get("/vendor/makers").text
    assert "80%" in page
    assert "未达到" in page
    location(desk.post("/staff/makers/dsg_0000001/end"))
    assert "dsg_0000001/end" not in desk.get("/staff/makers").text


def test_programs_designate_read_what_was_kept_and_end_it(visit, program, sun):
    desk, vendor = program("surveillance"), program("vendor")
    owed = {"symbol": "SUN", "spread_bps": 1000, "size": 5, "present_bps": 8000}
    assert vendor.post("/staff/designations", owed).status_code == 403
    assert program("buyer").get("/designations").status_code == 403
    assert desk.post("/staff/designations", owed | {"size": 0}).status_code == 422
    assert desk.post("/staff/designations", owed | {"symbol": "NO"}).status_code == 404
    made = desk.made("/staff/designations", owed)
    path = f"/staff/designations/{made['id']}"
    assert (made["instrument"], made["until_us"]) == (sun.instrument, None)
    (own,) = vendor.read("/designations")["data"]
    assert own["months"][0]["kept"] is False  # nothing waits on both sides
    assert desk.read(path)["spread_bps"] == 1000
    again = desk.made("/staff/designations", owed | {"size": 6})
    assert desk.read(path)["until_us"] == again["from_us"]
    ended = desk.made(f"/staff/designations/{again['id']}/end")
    assert ended["until_us"] is not None
    assert desk.post("/staff/designations/dsg_00000zz/end").status_code == 404
    listed = desk.read("/staff/designations")["data"]
    assert {one["id"] for one in listed} == {made["id"], again["id"]}
