"""A data application on the market, and a right with three seats in it."""

from tests.gates import list_by_api
from tests.programs import FACTS, pay_in

URL = "https://app.vendor.example/open"
APPLICATION = FACTS | {"kind": "application", "source_url": URL}


def application(program, seats=3, url=URL, offline_h=0, units=1, resold=False):
    """Put an application on the market and sell a right; (product, right)."""
    vendor = program("vendor")
    product = vendor.made("/products", APPLICATION)["id"]
    unit = {"symbol": "CITY", "licence": "internal", "mode": "seat", "term_days": 30}
    unit |= {"plan": {"seats": seats}, "transferable": resold}
    instrument = vendor.made(f"/products/{product}/instruments", unit)["id"]
    list_by_api(vendor, program("registrar"), product)
    vendor.put(f"/instruments/{instrument}/price", {"price": 1200})
    where = {"url": url, "offline_h": offline_h}
    assert vendor.put(f"/products/{product}/application", where).status_code == 200
    pay_in(program, "buyer", 5_000)
    order = {"instrument": instrument, "side": "buy", "price": 1200, "quantity": units}
    order |= {"time_in_force": "IOC", "purpose": "internal_analysis"}
    program("buyer").made("/orders", order)
    return product, program("buyer").read("/entitlements")["data"][0]["id"]
