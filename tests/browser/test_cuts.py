"""A marked copy in a browser: taken, compared before others buy, traced when leaked."""

from tests.browser.window import Look


def test_a_marked_copy_is_taken_compared_and_traced_to_its_buyer(visit, tmp_path):
    buyer, vendor = visit("jinghua", Look("zh", 1280)), visit("yuntu", Look("en", 390))
    desk = visit("surveillance", Look("en", 1280))
    buyer.go("/rights/")
    buyer.follow("article:has-text('METROOD-MARKED') h2 a")
    copy = tmp_path / "found.parquet"
    with buyer.page.expect_download() as taken:
        buyer.page.click("form[action$='/tables/metrood'] button")
    taken.value.save_as(copy)
    listing = buyer.page.locator("a[href^='/listings/']").first.get_attribute("href")
    product = listing.rsplit("/", 1)[1].partition("?")[0]
    buyer.go(f"/listings/{product}/fit")
    buyer.page.set_input_files("#f-file", copy)
    buyer.follow("main form[enctype] button[type=submit]")
    told = buyer.text("section[aria-labelledby=made-h]")
    assert any(f"{percent} %" in told for percent in (90, 95, 100))
    vendor.go(f"/vendor/products/{product}/fit")
    assert "Jinghua" in vendor.text("section[aria-labelledby=log-h]")
    vendor.go(f"/vendor/products/{product}/cuts")
    vendor.page.set_input_files("#f-file", copy)
    vendor.follow("form[action$='/leaks'] button")
    assert "Jinghua" in vendor.text("#leaks")
    desk.go("/staff/leaks")
    assert "found.parquet" in desk.text()
    member = vendor.page.request.get(f"{vendor.site}/listings/{product}").text()
    vendor_id = member.partition("/vendors/")[2][:11]
    desk.go(f"/staff/members/{vendor_id}/continuity")
