"""A product comes to the market through the forms of three people."""

from datetime import date, timedelta
from uuid import uuid4

VENDOR, REGISTRAR = "haiheng", "registrar"
NOTICE_LOOKS, NOTICE_LOOK_MS = 60, 1_000
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
    _register(registrar)
    _publish(vendor, registrar, visit("mingde-assess", other_look), product)
    vendor.page.fill("input[name=price]", "88.00")
    vendor.follow("form[action$='/price'] button")
    assert "¥88.00" in vendor.text("#units-h ~ .table-region")
    buyer = visit("", other_look)
    buyer.go(f"/listings/{product}")
    assert "¥88.00" in buyer.text("#ticket")


def _register(registrar):
    """Pass every line of the checklist and approve: a notice of no days is over."""
    for choice in registrar.page.locator("input[type=radio][value=pass]").all():
        choice.check()
    registrar.follow("form[action$='/checks'] button")
    registrar.follow("form[action$='/approve'] button")
    page = registrar.page.url
    for _ in range(NOTICE_LOOKS):  # the passing of time registers it
        if registrar.page.locator("form[action$='/lapse']").count() == 0:
            return
        registrar.page.wait_for_timeout(NOTICE_LOOK_MS)
        registrar.go(page.removeprefix(registrar.site))
    raise TimeoutError(page)


def _publish(vendor, registrar, assessor, product):
    """Have the product assessed, admitted and published."""
    vendor.go(f"/vendor/products/{product}")
    vendor.follow("form:has(#f-assessor-compliance) button")
    assessor.go(f"/assessments/{product}")
    assessor.page.select_option("#f-outcome", "pass")
    assessor.page.fill("#f-summary", "Lawful; synthetic data.")
    assessor.page.fill("#f-valid_until", f"{date.today() + timedelta(days=300)}")
    signed = {"name": "o.pdf", "mimeType": "application/pdf", "buffer": b"signed"}
    assessor.page.set_input_files("#f-file", signed)
    assessor.follow("aside form button")
    registrar.go(f"/staff/listings/{product}")
    registrar.follow("form[action$='/admit'] button")
    vendor.go(f"/vendor/products/{product}")
    vendor.follow("form[action$='/publish'] button")


def _draft_with_problems(vendor):
    """Save a title only and hand it in: everything that lacks is said at once."""
    vendor.go("/vendor/products/new")
    vendor.page.fill("#f-title_zh", FACTS["title_zh"])
    vendor.follow("form:has(#f-title_zh) button[type=submit]")
    page = vendor.page.url.removeprefix(vendor.site).partition("/steps/")[0]
    vendor.go(page)
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
    page.select_option("#f-source_route", "production")
    page.select_option("#f-sensitivity", "general")
    page.select_option("#f-personal", "none")
    for name in ("source_statement", "purpose", "scene"):
        page.fill(f"#f-{name}", "Synthetic.")
    for right in ("hold", "use", "operate"):
        page.fill(f"#f-{right}_holder", "The vendor")
        page.fill(f"#f-{right}_basis", "Own production")
    vendor.follow("form:has(#f-title_zh) button[type=submit]")
    page.fill("#f-symbol", f"TEST-{uuid4().hex[:8].upper()}")
    vendor.follow("form[action$='/instruments'] button")
    page.click("details:has(#f-files) > summary")
    page.fill("#f-label", "1.0")
    content = {"name": "days.csv", "mimeType": "text/csv", "buffer": b"day\n"}
    page.set_input_files("#f-files", content)
    vendor.follow("form[action$='/releases'] button")
    assert "days.csv" in vendor.text("section[aria-labelledby=releases-h]")
    for kind in ("production", "commitment"):
        page.select_option("#f-attachment-kind", kind)
        proof = {"name": f"{kind}.pdf", "mimeType": "application/pdf", "buffer": b"x"}
        page.set_input_files("#f-file", proof)
        vendor.follow("form[action$='/attachments'] button")


def test_a_draft_saves_itself_and_leads_through_its_steps(visit, other_look):
    vendor = visit(VENDOR, other_look)
    page = vendor.page
    vendor.go("/vendor/products/new")
    page.fill("#f-title_en", "Typed and never sent")
    page.wait_for_url("**/steps/1")  # the first save made the draft
    assert page.locator("[data-saved]").inner_text()
    page.fill("#f-summary_en", "Kept by the next button, whatever waits.")
    vendor.follow("form[data-autosave] button[value='2']")
    vendor.follow(".wizard li:nth-child(5) a")
    place = page.locator("#check-h ~ ul a[href$='/steps/3#f-scene']")
    with page.expect_navigation():
        place.click()
    page.fill("#f-scene", "A port plans its berths.")
    vendor.follow("form[data-autosave] button[value='4']")
    vendor.follow(".wizard li:nth-child(1) a")
    assert page.input_value("#f-summary_en").startswith("Kept")


def test_without_scripts_each_step_saves(visit, other_look):
    vendor = visit(VENDOR, other_look, scripts=False)
    vendor.go("/vendor/products/new")
    vendor.page.fill("#f-title_en", "By hand")
    vendor.follow("form[data-autosave] button[value='2']")
    vendor.page.fill("#f-keywords", "one, two")
    vendor.follow("form[data-autosave] button[value='1']")
    assert vendor.page.input_value("#f-title_en") == "By hand"
