"""Group buys by pages and by the API."""

from settlement import clock
from tests.flows.market import location
from tests.programs import pay_in, pooled, program, sun

__all__ = ["program", "sun"]


def test_a_group_buy_is_opened_joined_and_watched_by_pages(visit, program, sun):
    vendor, buyer = visit("vendor"), visit("buyer")
    assert sun.instrument in vendor.get("/groups/new").text
    fields = {
        "instrument": sun.instrument,
        "number": ["1", "2", ""],
        "price": ["11.00", "9.00", ""],
        "least": "2",
        "closes": "2099-01-01T20:00",
    }
    near = f"{clock.moment(clock.now_us() + 2 * clock.DAY_US):%Y-%m-%dT%H:%M}"
    for turn, wrong in enumerate(
        (
            {"number": ["2", "3", ""]},
            {"price": ["x", "9.00", ""]},
            {"price": ["9.00", "11.00", ""]},
            {},
        )
    ):
        odd = fields | {"key": f"odd {turn}"} | wrong
        assert vendor.post("/groups/new", **odd).status_code == 422
    page = location(vendor.post("/groups/new", **fields | {"closes": near, "key": "x"}))
    assert page in visit("").get("/groups/").text
    assert visit("").get(page).status_code == 200
    joins = {"purpose": "internal_analysis", "accept": "1"}
    assert buyer.post(page, **joins, key="a").status_code == 402
    pay_in(program, "buyer", 5_000)
    assert buyer.post(page, purpose="internal_analysis", key="b").status_code == 422
    location(buyer.post(page, **joins, key="c"))
    assert buyer.post(page, **joins, key="d").status_code == 409
    assert page in buyer.get("/groups/mine").text
    assert 'value="1"' in buyer.get(f"{page}/progress").text
    assert vendor.post(f"{page}/cancel").status_code == 409
    assert buyer.get("/groups/grp_0000009").status_code == 404


def test_a_group_buy_is_opened_joined_and_called_off_by_programs(program, sun):
    vendor, buyer = program("vendor"), program("buyer")
    first, second = pooled(program, sun), pooled(program, sun)
    assert vendor.made(f"/groups/{second}/cancel")["state"] == "cancelled"
    pay_in(program, "buyer", 5_000)
    joined = buyer.made(f"/groups/{first}/members", {"purpose": "internal_analysis"})
    assert (joined["joined"], joined["tiers"][1]) == (1, {"least": 2, "price": 900})
    assert [row["id"] for row in buyer.read("/groups")["data"]] == [first]
    assert vendor.post(f"/groups/{first}/cancel").status_code == 409
    assert buyer.read(f"/groups/{first}")["price"] is None
    wanted = {"instrument": sun.instrument, "tiers": [], "least": 1, "closes_us": 1}
    assert vendor.post("/groups", wanted).status_code == 422
    assert buyer.post("/groups", wanted).status_code == 403
