"""A vendor composes a licence by its form, sees the text first, compares versions."""

VENDOR = "heye"


def test_a_licence_is_composed_revised_and_compared(visit, other_look):
    vendor = visit(VENDOR, other_look)
    vendor.go("/vendor/licences")
    vendor.follow("main a[href='/vendor/licences/new']")
    vendor.page.fill("#f-title_zh", "浏览器测试许可")
    vendor.page.fill("#f-title_en", "Licence of the browser tests")
    vendor.page.select_option("#f-purpose_model_training", "on_request")
    vendor.page.fill("#f-report_days", "45")
    vendor.follow("button[name=preview]")
    assert "45" in vendor.text("#preview-h ~ .split")
    vendor.follow("main form .row-actions button:not([name])")
    vendor.follow("main a[href*='/vendor/licences/new?code=']")
    vendor.page.fill("#f-report_days", "90")
    vendor.follow("main form .row-actions button:not([name])")
    vendor.follow("main a[href*='/licences/compare']")
    assert "45" in vendor.text("main del >> nth=0")
    assert "90" in vendor.text("main ins >> nth=0")
