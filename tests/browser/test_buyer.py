from hashlib import sha256
from pathlib import Path

import pytest

from tests.browser.market import confirm, fill_ticket, free_cny, listing
from tests.browser.window import Look

BUYER = "zhujiang"


def test_a_buyer_pays_in_buys_and_downloads(visit, look):
    buyer, officer = visit(BUYER, look), visit("settlement-officer", look)
    before = free_cny(buyer)
    reference = f"TEST-{look}"
    buyer.page.fill("#f-amount", "50000")
    buyer.page.fill("#f-reference", reference)
    buyer.follow("form[action$='/cash/payins'] button")
    assert free_cny(buyer) == before

    officer.go("/staff/money")
    officer.follow(f"tr:has-text('{reference}') form[action$='/confirm'] button")
    assert free_cny(buyer) == before + 50_000_00

    listing(buyer)
    fill_ticket(buyer, "now")
    promise = buyer.text(".promise")
    confirm(buyer)
    assert "placed=1" in buyer.page.url
    assert buyer.text(".promise") != promise
    assert buyer.page.locator("main .state--good").count() >= 1
    assert free_cny(buyer) < before + 50_000_00

    buyer.go("/rights/")
    buyer.follow("main article h2 a")
    promised = buyer.text("#files-h ~ .table-region tbody td.hash")
    with buyer.page.expect_download() as waiting:
        buyer.page.click("form[data-download] button >> nth=0")
    content = Path(waiting.value.path()).read_bytes()
    assert sha256(content).hexdigest() == promised.strip()
    buyer.page.reload()
    buyer.look_over()
    assert promised.strip() in buyer.text("section[aria-labelledby=receipts-h]")


def test_a_bid_below_the_price_waits_until_it_is_cancelled(visit, other_look):
    buyer = visit(BUYER, other_look)
    free = free_cny(buyer)
    listing(buyer)
    fill_ticket(buyer, "bid", "12.00")
    confirm(buyer)
    order = buyer.page.url.rpartition("/")[2].partition("?")[0]
    assert free_cny(buyer) == free - 12_00
    buyer.go("/orders/")
    assert order in buyer.page.locator("#live-h + *").inner_html()
    buyer.go(f"/orders/{order}")
    buyer.page.click("details.confirm > summary")
    buyer.follow("details.confirm[open] button")
    assert free_cny(buyer) == free
    buyer.go("/orders/")
    assert order not in buyer.page.locator("#live-h + *").inner_html()


def test_what_is_wrong_in_a_ticket_is_said_at_the_field(visit, other_look):
    buyer = visit(BUYER, other_look)
    listing(buyer)
    buyer.page.fill("#f-price", "1.234567")
    with buyer.page.expect_navigation():
        buyer.page.click("#ticket button[type=submit]")
    assert buyer.complaints  # the browser reports the status of the refusal
    buyer.complaints.clear()
    buyer.look_over()
    assert buyer.page.locator("#f-purpose-problem").is_visible()
    assert buyer.page.locator("#f-price").input_value() == "1.234567"


def test_a_purchase_needs_no_mouse(visit):
    buyer = visit(BUYER, Look("zh", 1280))
    listing(buyer)
    keys, page = buyer.page.keyboard, buyer.page
    page.locator("body").press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    keys.press("Enter")
    _tab_to(page, "#kind-now")
    _tab_to(page, "#f-purpose")
    keys.press("ArrowDown")
    _tab_to(page, "#ticket button[type=submit]")
    with page.expect_navigation():
        keys.press("Enter")
    buyer.look_over()
    _tab_to(page, "#f-accept")
    keys.press("Space")
    _tab_to(page, "main form:has(#f-accept) button[type=submit]")
    with page.expect_navigation():
        keys.press("Enter")
    buyer.look_over()
    assert "placed=1" in page.url
    assert buyer.page.locator("main .state--good").count() >= 1


def _tab_to(page, css):
    """Press Tab until the focus is there, and visibly so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("css => document.activeElement.matches(css)", css):
            break
    else:
        pytest.fail(f"the keyboard does not reach {css}")
    ring = page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement);"
        " return s.outlineStyle + s.boxShadow; }"
    )
    assert ring != "nonenone", css


def test_a_purchase_needs_no_javascript(visit, other_look):
    visit(BUYER, other_look)  # signs in
    buyer = visit(BUYER, other_look, scripts=False)
    listing(buyer)
    fill_ticket(buyer, "now")
    confirm(buyer)
    assert "placed=1" in buyer.page.url
    assert buyer.page.locator("main .state--good").count() >= 1
    buyer.go("/rights/")
    buyer.follow("main article h2 a")
    with buyer.page.expect_download() as waiting:
        buyer.page.click("form[data-download] button >> nth=0")
    assert Path(waiting.value.path()).stat().st_size > 0
    buyer.go("/market?q=weather")
    assert buyer.page.locator("article.hit").count() > 1
    buyer.go("/statistics/")
    figures = buyer.page.locator("figure:has(.chart__canvas) table")
    assert figures.count() > 1
    assert figures.first.is_visible()


def test_a_buyer_asks_in_a_clean_room_and_is_told_why_not(visit, look):
    buyer = visit(BUYER, look)
    buyer.go("/rights/")
    buyer.follow("main article:has-text('OPDFLOW-ROOM') h2 a")
    buyer.follow("section[aria-labelledby=room-h] a.btn")
    buyer.follow("#question button[type=submit]")
    assert buyer.page.locator("#answer tbody tr").count() == 5
    assert "rcp_" in buyer.text("#answer .soft")
    buyer.page.fill("#f-sql", "SELECT max(visits) FROM opdflow")
    buyer.page.locator("#question button[type=submit]").click()
    assert "max" in buyer.text(".refusal")
    assert buyer.complaints  # the browser reports the status of the refusal
    buyer.complaints.clear()
    buyer.look_over()
    assert buyer.page.input_value("#f-sql") == "SELECT max(visits) FROM opdflow"
