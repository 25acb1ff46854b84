"""The allowed revenue of public data: set by the registrar, taken by its vendor."""

from listings import publicdata
from listings.publicdata import Classed
from settlement.ids import decode
from tests.flows.market import location
from tests.programs import authorised, buy, pay_in, program, sun

__all__ = ["program", "sun"]


def test_takings_stand_beside_what_is_allowed(parts, program, sun, visit, people):
    pay_in(program, "buyer", 10_000)
    program("buyer").made("/orders", buy(sun))
    authorisation = authorised(parts)
    number, product = (
        decode("authorisation", authorisation), decode("product", sun.product)
    )  # fmt: skip
    unit = decode("instrument", sun.instrument)
    with parts.writes.begin() as db:
        classed = {unit: Classed("industry", 2_000)}
        publicdata.classify(db, product, number, classed, people["registrar"].id)
    where = f"/staff/public-data/{authorisation}/revenue"
    registrar, vendor = visit("registrar"), visit("vendor")
    typed = {"year": "2026", "currency": "CNY", "amount": "10.00"}
    assert registrar.post(where, **typed).status_code == 422
    location(registrar.post(where, **typed, basis="No. 65 of 2025"))
    assert visit("settlement_officer").post(where, **typed).status_code == 403
    found = program("vendor").read("/revenue")["data"]
    years = {one["year"]: one for one in found}
    assert years[2026]["allowed"] == 1_000
    (year,) = [one for one in found if one["taken"]]  # the year in which it was sold
    assert (year["sales"], year["uses"]) == (1_200, 0)
    api = f"/staff/authorisations/{authorisation}/revenue"
    body = {"year": year["year"], "currency": "CNY", "amount": 1_000, "basis": "x"}
    registered = program("registrar").post(api, body).json["data"]
    (year,) = [one for one in registered if one["taken"]]
    assert (year["left"], year["carried_out"]) == (0, 200)
    assert registered == program("settlement_officer").read(api)["data"]
    assert program("buyer").get("/revenue").status_code == 403
    for page in (registrar.get(where).text, vendor.get("/vendor/revenue").text):
        assert "¥12.00" in page
        assert "¥2.00" in page
    rows = vendor.get("/vendor/revenue.csv").data.decode("utf-8-sig").splitlines()
    assert len(rows) == 1 + len(registered)
    assert registrar.get(f"{where}.xlsx").status_code == 200
