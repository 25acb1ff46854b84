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
