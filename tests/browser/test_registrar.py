"""A change request between two people: read word by word, returned, put right."""

from tests.browser.window import Look

VENDOR, REGISTRAR = "kangxu", "registrar"
LOOK = Look("zh", 1280)
REASON = "“科室细分”请写明科室目录的版本。"


def test_a_change_is_returned_with_reasons_corrected_and_approved(visit):
    registrar, vendor = visit(REGISTRAR, LOOK), visit(VENDOR, LOOK)
    registrar.go("/staff/listings?state=in_review&show=changes")
    registrar.follow("tbody form[action$='/claim'] button")
    product = registrar.page.url.rpartition("/")[2]
    section = "section[aria-labelledby=differences-h]"
    words = registrar.page.locator(f"{section} p.prose ins").all_inner_texts()
    assert any("科室" in text for text in words), words
    registrar.page.click("details:has(#f-remark_summary_zh) > summary")
    registrar.page.fill("#f-remark_summary_zh", REASON)
    registrar.follow("form[action$='/return'] button")

    vendor.go(f"/vendor/products/{product}")
    assert REASON in vendor.text("section[aria-labelledby=remarks-h]")
    vendor.page.click("section[aria-labelledby=remarks-h] a")
    summary = vendor.page.input_value("#f-summary_zh")
    vendor.page.fill("#f-summary_zh", f"{summary}科室目录为 2024 版。")
    vendor.follow("form:has(#f-title_zh) button[type=submit]")
    vendor.follow("form[action$='/submit'] button")
    public = visit("", LOOK)
    public.go(f"/listings/{product}")
    assert "2024 版" not in public.text()  # the registered facts stay in force

    registrar.go(f"/staff/listings/{product}")
    assert "2024 版" in registrar.text(section)
    for choice in registrar.page.locator("input[type=radio][value=pass]").all():
        choice.check()
    registrar.follow("form[action$='/checks'] button")
    registrar.follow("form[action$='/approve'] button")
    vendor.go(f"/vendor/products/{product}")
    assert vendor.page.locator("form[action$='/submit']").count() == 0
