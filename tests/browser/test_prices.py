"""A vendor's menu with its lint, what a buyer computes and buys, what staff see."""

import re

from tests.browser.market import confirm, fill_ticket, listing

VENDOR, BUYER, STAFF = "yuntu", "jinghua", "surveillance"
SEATS, CALLS, HALF = "CITYOPS-INT", "ADDRAPI-METER", "CITYOPS-HALF"


def test_a_menu_is_linted_computed_bought_and_watched(visit, other_look):
    vendor, buyer = visit(VENDOR, other_look), visit(BUYER, other_look)
    product = listing(visit("", other_look), SEATS).partition("?")[0]
    product = product.rpartition("/")[2]
    vendor.go(f"/vendor/products/{product}")
    assert HALF in vendor.text("#units-h ~ .alert-warning")
    listing(buyer, CALLS)
    buyer.page.fill("#f-use", "250000")
    buyer.follow("#prices form button")
    assert "¥607.80" not in buyer.text("#prices h2")
    assert "¥807.80" in buyer.text("#prices")
    assert buyer.page.locator(f"#prices tr:has-text('{CALLS}') .chip").count() == 1
    fill_ticket(buyer, "now")
    confirm(buyer)
    assert CALLS in buyer.text("main")
    staff = visit(STAFF, other_look)
    staff.go("/staff/dispersion")
    row = staff.page.locator("main tbody tr a").first
    assert re.search(r"/staff/dispersion/ins_", row.get_attribute("href") or "")
    staff.follow("main tbody tr a")
    staff.go("/disclosure/2026")
