"""Escrow in a browser: a buyer accepts, another dispute is answered and agreed."""

from tests.browser.window import Look


def test_a_buyer_accepts_what_was_delivered(visit):
    buyer = visit("zhujiang", Look("zh", 390))
    buyer.go("/orders/trades")
    buyer.page.click("section[aria-labelledby=waiting-h] details.confirm > summary")
    buyer.follow("details.confirm[open] button")
    assert buyer.page.locator("main .state--good").count() >= 1
    assert buyer.page.locator("#escrow-h").is_visible()


def test_a_dispute_is_answered_and_settled_by_agreement(visit):
    vendor, buyer = visit("yuntu", Look("zh", 1280)), visit("zhujiang", Look("en", 390))
    vendor.go("/orders/disputes")
    vendor.follow("main tbody th a[href$='dsp_0000001']")
    address = vendor.page.url
    vendor.page.fill("#f-note", "The last batch follows tomorrow.")
    vendor.page.fill("#f-offer", "100")
    vendor.follow("form[action$='/answer'] button")
    buyer.go("/orders/disputes")
    buyer.follow("main tbody th a")
    assert buyer.page.url == address
    buyer.page.click("details.confirm > summary >> nth=0")
    buyer.follow("details.confirm[open] button")
    assert buyer.page.locator("form[action$='/agree']").count() == 0
    assert "100.00" in buyer.text("section[aria-labelledby=facts-h]")


def test_the_desk_sees_what_waits(visit, other_look):
    desk = visit("settlement-officer", other_look)
    for page in ("/staff/escrows", "/staff/disputes", "/staff/calendar", "/staff/fees"):
        desk.go(page)
        assert desk.page.locator("h1").is_visible()
