"""Contracts and group buys in a browser, from all sides at once."""

import pytest

from tests.browser.window import Look

SIGN = "form[action$='/sign'] button"
DESK = "section[aria-labelledby=do-h]"


def test_a_contract_is_signed_by_three_and_its_first_stage_is_paid(visit):
    vendor, buyer = visit("yuntu", Look("zh", 1280)), visit("yunfang", Look("en", 390))
    registrar = visit("registrar", Look("en", 1280))
    buyer.go("/contracts")
    buyer.follow("tbody tr:has(.state--wait) th a")
    page = buyer.page.url.removeprefix(buyer.site)
    assert "1 of 3" in buyer.text("#signed-h")
    buyer.page.check("#sign-accept")
    buyer.follow(SIGN)
    assert "2 of 3" in buyer.text("#signed-h")
    registrar.go("/staff/contracts")
    registrar.follow(f"a[href='{page}']")
    registrar.page.check("#sign-accept")
    registrar.follow(SIGN)
    vendor.go(page)
    assert "3/3" in vendor.text("#signed-h")
    buyer.glance(page)
    buyer.page.click(f"{DESK} details.confirm > summary")
    buyer.follow("details.confirm[open] button")
    buyer.go(page)
    assert buyer.text().count("accepted and paid") == 1
    vendor.glance(page)
    vendor.follow(f"{DESK} form[action$='/deliver'] button")
    vendor.go(page)


def test_a_contract_is_drafted_and_returned_with_the_reason(visit):
    vendor, buyer = visit("yuntu", Look("en", 390)), visit("yaolin", Look("zh", 1280))
    buyer.go("/contracts")
    buyer.follow("tbody tr:has(.state--bad) th a")
    buyer.follow(f"{DESK} a[href*='follows']")
    buyer.page.fill("#f-until", "2099-01-01")
    buyer.page.uncheck("#f-house")
    buyer.follow("form[enctype] button[type=submit]")
    page = buyer.page.url.removeprefix(buyer.site)
    vendor.go(page)
    vendor.page.click(f"{DESK} details:not(.confirm) > summary")
    vendor.page.fill("#f-reason", "Too little time.")
    vendor.follow("form[action$='/return'] button")
    buyer.go(page)
    assert "Too little time." in buyer.text(DESK)


@pytest.mark.parametrize(
    ("who", "look"),
    [("lvneng", Look("zh", 390)), ("tuoyue", Look("en", 1280))],
    ids=str,
)
def test_a_buyer_joins_a_group_buy_and_the_vendor_sees_it_grow(visit, who, look):
    vendor, buyer = visit("yuntu", Look("en", 1280)), visit(who, look)
    vendor.go("/groups/")
    vendor.follow("main tbody th a")
    page = vendor.page.url.removeprefix(vendor.site)
    before = vendor.page.locator("#progress progress").get_attribute("value")
    buyer.go(page)
    buyer.page.select_option("#f-purpose", index=1)
    buyer.page.check("#f-accept")
    buyer.follow(f"form[action='{page}'] button")
    assert buyer.page.locator("#f-purpose").count() == 0
    vendor.glance(page)
    after = vendor.page.locator("#progress progress").get_attribute("value")
    assert int(after or 0) == int(before or 0) + 1
    vendor.go("/groups/new")
