"""Ways to agree a price in a browser, from both sides at once, each in its window."""

import sqlite3

import pytest

from settlement import clock
from settlement.ids import encode
from tests.browser.market import SYMBOL
from tests.browser.window import Look

DAY = "2099-01-01"
SOON = f"{clock.moment(clock.now_us() + 30 * clock.DAY_US):%Y-%m-%d}"
DESK = "section[aria-labelledby=do-h]"
DESKTOP, PHONE = Look("zh", 1280), Look("en", 390)
BUYER, NAMES = "shixun", ("拾讯", "Shixun")


def path_of(window) -> str:
    """Return the path of the page that is open."""
    return window.page.url.removeprefix(window.site)


@pytest.fixture(scope="module")
def rows(data):
    """Return the answer of a question to the records."""

    def rows(query):
        with sqlite3.connect(f"file:{data / 'databourse.db'}?mode=ro", uri=True) as db:
            return db.execute(query).fetchall()

    return rows


def open_summary(window, css):
    """Open what is folded away."""
    window.page.locator(css).first.evaluate("part => { part.open = true; }")


def test_a_request_without_a_name_is_quoted_changed_countered_and_taken(visit, rows):
    (found,) = rows(
        "SELECT b.instrument, m.name_en, u.email FROM books b JOIN members m"
        " ON m.id = b.vendor JOIN users u ON u.member = m.id"
        f" WHERE b.symbol = '{SYMBOL}'"
    )
    unit, seller = encode("instrument", found[0]), found[2].partition("@")[0]
    buyer, vendor = visit(BUYER, DESKTOP), visit(seller, PHONE)
    buyer.go(f"/demands/new?instrument={unit}")
    buyer.page.check("#f-anonymous")
    buyer.page.fill("#f-quantity", "1")
    buyer.page.fill("#f-until", SOON)
    buyer.follow("main form button[type=submit]")
    demand = path_of(buyer)
    vendor.go("/demands/asked")
    vendor.follow(f"a[href='{demand}']")
    vendor.page.select_option("#f-instrument", value=unit)
    vendor.page.fill("#f-price", "20.00")
    vendor.page.fill("#f-until", DAY)
    vendor.follow("form[action$='/quotes'] button[type=submit]")
    quote = path_of(vendor)
    assert not any(name in vendor.text() for name in NAMES)
    buyer.go(demand)
    buyer.follow(f"a[href='{quote}']")
    open_summary(buyer, "details:has(#topic-price)")
    buyer.page.check("#topic-price")
    buyer.page.fill("#f-text", "两份以内希望 18 元。")
    buyer.follow("form[action$='/changes'] button")
    vendor.go(quote)
    assert "18 元" in vendor.text(DESK)
    vendor.page.fill("#f-price", "18.00")
    vendor.page.fill("#f-until", DAY)
    vendor.follow("form[action$='/counter'] button")
    changed = path_of(vendor)
    buyer.go(changed)
    open_summary(buyer, "details:has(#f-price)")
    buyer.page.fill("#f-price", "17.00")
    buyer.page.fill("#f-until", DAY)
    buyer.page.select_option("#f-purpose", index=1)
    buyer.page.check("#f-accept")
    buyer.follow("form[action$='/counter'] button")
    countered = path_of(buyer)
    vendor.go(countered)
    assert not any(name in vendor.text() for name in NAMES)
    vendor.follow("form[action$='/take'] button")
    assert any(name in vendor.text() for name in NAMES)
    buyer.go(countered)
    assert buyer.page.locator(f"{DESK} a[href*='/trades/']").count() == 1


def test_a_tender_is_opened_scored_and_awarded_and_deposits_go_back(visit, rows):
    (tender,) = rows("SELECT id, buyer FROM tenders WHERE state = 'closed'")
    emails = dict(rows("SELECT member, email FROM users ORDER BY id DESC"))
    bidders = rows(f"SELECT vendor FROM tender_bids WHERE demand = {tender[0]}")
    page = f"/demands/{encode('demand', tender[0])}"
    buyer = visit(emails[tender[1]].partition("@")[0], DESKTOP)
    vendors = [visit(emails[one].partition("@")[0], PHONE) for (one,) in bidders]
    vendors[0].go(page)
    assert "Deposit held" in vendors[0].text()
    vendors[0].follow("form[action$='/opening'] button")
    buyer.go(page)
    forms = buyer.page.locator("form[action$='/scores']")
    for turn in range(forms.count()):
        form = forms.nth(turn)
        form.locator("[name=technical]").fill(f"{90 - 10 * turn}")
        form.locator("[name=qualification]").fill("80")
        with buyer.page.expect_navigation():
            form.locator("button").click()
    buyer.look_over()
    assert forms.count() == len(vendors)
    best = rows(
        "SELECT o.id FROM offers o JOIN bid_scores s ON s.offer = o.id"
        f" WHERE o.demand = {tender[0]}"
        " ORDER BY 40.0 * s.technical + 30.0 * s.qualification + 3000.0 *"
        f" (SELECT min(price * quantity) FROM offers WHERE demand = {tender[0]})"
        " / (o.price * o.quantity) DESC LIMIT 1"
    )
    buyer.go(f"/quotes/{encode('offer', best[0][0])}")
    buyer.page.select_option("#take-purpose", index=1)
    buyer.page.check("#take-accept")
    buyer.follow("form[action$='/take'] button")
    for vendor in vendors:
        vendor.go(page)
        assert "Deposit returned" in vendor.text()


def test_a_deal_is_filed_confirmed_and_put_on_record(visit, rows):
    (number,) = rows("SELECT member FROM users WHERE email LIKE 'tuoyue@%'")[0]
    seller, buyer = visit("heye", DESKTOP), visit("tuoyue", PHONE)
    registrar = visit("registrar", Look("en", 1280))
    seller.go("/filings/new")
    seller.page.fill("#f-title", "农机轨迹数据一次性交付")
    seller.page.select_option("#f-side", value="sell")
    seller.page.fill("#f-member", encode("member", number))
    seller.page.fill("#f-amount", "3600.00")
    seller.page.fill("#f-day", "2026-01-05")
    seller.page.set_input_files(
        "#f-evidence",
        {"name": "deal.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 deal"},
    )
    seller.follow("form[enctype] button[type=submit]")
    page = path_of(seller)
    buyer.go("/filings")
    buyer.follow(f"a[href='{page}']")
    buyer.page.check("#answer-yes")
    buyer.follow(f"{DESK} form button")
    registrar.go("/staff/filings")
    registrar.follow(f"a[href='{page}']")
    registrar.page.check("#answer-yes")
    registrar.follow(f"{DESK} form button")
    buyer.go(page)
    assert "On record" in buyer.text("h1 ~ *, .page-head")


def test_a_call_collects_from_two_sides_and_trades_at_one_price(visit, rows):
    _, found = rows(
        "SELECT b.instrument, b.product FROM trades t JOIN books b"
        " ON b.instrument = t.instrument WHERE b.transferable = 1 AND b.currency = 1"
        " AND b.state = 'listed' AND b.audience IS NULL"
        " GROUP BY b.instrument ORDER BY count(*) DESC LIMIT 2"
    )
    unit = encode("instrument", found[0])
    room = f"/listings/{encode('product', found[1])}/book?instrument={unit}"
    (symbol,) = rows(f"SELECT symbol FROM books WHERE instrument = {found[0]}")[0]
    desk, buyer = visit("surveillance", DESKTOP), visit("zhonghui", PHONE)
    watcher = visit("", DESKTOP)
    desk.go(f"/staff/market?symbol={symbol}")
    where = f"/staff/market/{unit}"
    desk.page.select_option(f"form[action^='{where}/phase'] [name=phase]", value="call")
    desk.follow(f"form[action^='{where}/phase'] button")
    buyer.go(room)
    price = rows(
        "SELECT max(price) FROM orders WHERE side = 'sell' AND state IN"
        f" ('open', 'partial') AND instrument = {found[0]}"
    )[0][0]
    buyer.page.locator("#ticket [name=kind][value=bid]").check()
    buyer.page.locator("#ticket [name=price]").fill(f"{price // 100}.{price % 100:02}")
    buyer.page.locator("#ticket [name=quantity]").fill("1")
    buyer.page.locator("#ticket [name=purpose]").select_option(index=1)
    buyer.follow("#ticket button[type=submit]")
    buyer.page.locator("main form [name=accept]").check()
    buyer.follow("main form:has([name=accept]) button[type=submit]")
    order = path_of(buyer)
    watcher.go(room)
    traded = rows("SELECT count(*) FROM trades WHERE origin = 'auction'")[0][0]
    desk.go(f"/staff/market?symbol={symbol}")
    desk.page.click(f"details:has(form[action^='{where}/uncross']) > summary")
    desk.follow(f"form[action^='{where}/uncross'] button")
    buyer.go(order)
    assert rows("SELECT count(*) FROM trades WHERE origin = 'auction'")[0][0] > traded
    desk.go(f"/staff/market?symbol={symbol}")
    desk.page.select_option(
        f"form[action^='{where}/phase'] [name=phase]", value="continuous"
    )
    desk.follow(f"form[action^='{where}/phase'] button")


def test_two_bid_against_each_other_while_the_vendor_watches(visit, rows):
    (found,) = rows(
        "SELECT c.id, u.email FROM contests c JOIN users u ON u.member = c.vendor"
        " WHERE c.state = 'open' AND c.kind = 'ascending'"
    )
    room = f"/contests/{encode('contest', found[0])}"
    vendor = visit(found[1].partition("@")[0], Look("en", 1280))
    rivals = visit("zhonghui", DESKTOP), visit("shixun", PHONE)
    vendor.go(room)
    bids = []
    for rival in (*rivals, rivals[0]):
        rival.go(room)
        bids.append(
            float(rival.page.locator("#f-price").input_value().replace(",", ""))
        )
        rival.page.select_option("#f-purpose", index=1)
        rival.page.check("#f-accept")
        rival.follow("section[aria-labelledby=bid-h] form button[type=submit]")
    assert bids[0] < bids[1] < bids[2]
    for window in (vendor, rivals[1]):
        window.go(room)
        assert f"{bids[2]:,.0f}" in window.text("section[aria-labelledby=bids-h]")
