"""A product comes to the market through the forms of three people."""

from uuid import uuid4

VENDOR, REGISTRAR = "haiheng", "registrar"
NEEDED = ("summary_zh", "description_zh", "sector", "region", "updates", "keywords")
FACTS = {
    "title_zh": "浏览器测试数据",
    "title_en": "Data of the browser tests",
    "summary_zh": "每行一日。",
    "summary_en": "One row a day.",
    "description_zh": "合成数据,仅用于测试。",
    "description_en": "Synthetic; for tests only.",
    "keywords": "测试, test",
    "dictionary": "day | date | 日期 | Day",
    "sample": "day\n2026-01-01",
}


def test_a_product_goes_from_a_draft_to_a_posted_price(visit, other_look):
    vendor, registrar = visit(VENDOR, other_look), visit(REGISTRAR, other_look)
    page = _draft_with_problems(vendor)
    _complete(vendor)
    vendor.follow("form[action$='/submit'] button")
    product = page.rpartition("/")[2]
    registrar.go("/staff/listings?state=in_review")
    registrar.follow(f"main a[href$='{product}']")
    for step in ("approve", "lapse", "admit"):
        registrar.follow(f"form[action$='/{step}'] button")
    vendor.go(page)
    vendor.page.fill("input[name=price]", "88.00")
    vendor.follow("form[action$='/price'] button")
    assert "¥88.00" in vendor.text("#units-h ~ .table-region")
    buyer = visit("", other_look)
    buyer.go(f"/listings/{product}")
    assert "¥88.00" in buyer.text("#ticket")


def _draft_with_problems(vendor):
    """Save a title only and hand it in: everything that lacks is said at once."""
    vendor.go("/vendor/products/new")
    vendor.page.fill("#f-title_zh", FACTS["title_zh"])
    vendor.follow("form:has(#f-title_zh) button[type=submit]")
    page = vendor.page.url.removeprefix(vendor.site)
    with vendor.page.expect_navigation():
        vendor.page.click("form[action$='/submit'] button")
    assert vendor.complaints  # the browser reports the status of the refusal
    vendor.complaints.clear()
    vendor.look_over()
    for field in NEEDED:
        assert vendor.page.locator(f"#f-{field}-problem").is_visible(), field
    for place in ("units-h", "releases-h"):
        assert vendor.page.locator(f"a[href='#{place}']").count() == 1, place
    vendor.go(page)
    return page


def _complete(vendor):
    """Add the facts, what is sold, and a file."""
    page = vendor.page
    for name, value in FACTS.items():
        page.fill(f"#f-{name}", value)
    page.select_option("#f-sector", index=1)
    page.select_option("#f-region", index=1)
    page.select_option("#f-updates", index=1)
    vendor.follow("form:has(#f-title_zh) button[type=submit]")
    page.fill("#f-symbol", f"TEST-{uuid4().hex[:8].upper()}")
    vendor.follow("form[action$='/instruments'] button")
    page.click("details:has(#f-files) > summary")
    page.fill("#f-label", "1.0")
    content = {"name": "days.csv", "mimeType": "text/csv", "buffer": b"day\n"}
    page.set_input_files("#f-files", content)
    vendor.follow("form[action$='/releases'] button")
    assert "days.csv" in vendor.text("section[aria-labelledby=releases-h]")
