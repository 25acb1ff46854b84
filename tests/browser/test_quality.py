"""A vendor uploads, reads why a file is quarantined, puts it right, and is done."""

from tests.browser.market import listing

VENDOR = "haiheng"
BAD = b"MZ\x90\x00" + b"\x00" * 60
ROWS = "day,port,tons\n" + "".join(
    f"2026-01-{n:02},Port {n % 3},{n * 7}\n" for n in range(1, 29)
)


def test_a_quarantined_file_is_put_right(visit, other_look):
    vendor = visit(VENDOR, other_look)
    page = vendor.page
    vendor.go("/vendor/products/new")
    page.fill("#f-title_zh", "检查报告测试")
    vendor.follow("form:has(#f-title_zh) button[type=submit]")
    _upload(vendor, "ports.csv", BAD)
    box = "section[aria-labelledby=releases-h]"
    assert page.locator(f"{box} .state--bad").count() == 1
    vendor.follow(f"{box} a[href*='/vendor/files/']")
    vendor.look_over()
    assert page.locator("#problems-h ~ h3").count() == 1
    vendor.follow(".page-head a")
    vendor.follow(f"{box} form[action$='/remove'] button")
    good = {"name": "ports.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
    page.set_input_files(f"{box} form[action$='/files'] input[type=file]", good)
    vendor.follow(f"{box} form[action$='/files'] button")
    assert page.locator(f"{box} .state--good").count() == 1
    assert page.locator(f"{box} form[action$='/finalise']").count() == 0
    vendor.follow(f"{box} a[href*='/vendor/files/']")
    vendor.look_over()
    assert page.locator("svg.spark").count() == 3


def test_columns_are_explained_and_a_file_is_fetched_from_an_address(visit, other_look):
    vendor = visit(VENDOR, other_look)
    page = vendor.page
    vendor.go("/vendor/products/new")
    page.fill("#f-title_zh", "数据字典测试")
    vendor.follow("form:has(#f-title_zh) button[type=submit]")
    _upload(vendor, "ports.csv", ROWS.encode())
    box = "section[aria-labelledby=releases-h]"
    vendor.follow(f"{box} a[href$='/dictionary']")
    page.fill("#f-zh_2", "吞吐量")
    page.fill("#f-unit_2", "t")
    page.fill("#f-codes_1", "Port 0 | 零号港")
    vendor.follow("main form button[type=submit]")
    assert page.input_value("#f-unit_2") == "t"
    assert page.locator("details.column .state--wait").count() == 2
    vendor.follow(".page-head a")
    assert page.locator(f"{box} .state--wait").count() == 0
    page.click("details:has(#f-files) > summary")
    page.fill("#f-label", "2.0")
    page.fill("#f-addresses", "https://127.0.0.1/ports.csv")
    vendor.follow("form[action$='/releases'] button")
    failed = page.locator(f"{box} tr:has(form[action$='/retry']) .state--bad")
    failed.wait_for()
    vendor.look_over()


def _upload(vendor, name, content):
    vendor.page.click("details:has(#f-files) > summary")
    vendor.page.fill("#f-label", "1.0")
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    vendor.page.set_input_files("#f-files", file)
    vendor.follow("form[action$='/releases'] button")


def test_a_visitor_sees_how_a_service_answers_and_how_it_is_measured(visit, other_look):
    window = visit("", other_look)
    page = window.page
    listing(window, "WXAPI-PACK")
    box = "section[aria-labelledby=service-h]"
    assert page.locator(f"{box} .uptime__day").count() == 30
    assert page.locator(f"{box} .chart canvas").count() == 1
    page.click(f"{box} .chart details summary")
    assert page.locator(f"{box} table tbody tr").count() >= 29
    window.look_over()
    window.follow(f"{box} a[href*='/help/quality']")
    assert page.locator("#services-h").count() == 1
    page.go_back()
    window.follow(".page-head a[href*='/vendors/']")
    assert page.locator("section[aria-labelledby=services-h] tbody tr").count() == 2
