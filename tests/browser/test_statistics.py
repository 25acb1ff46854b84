"""A month is published by two persons, and read with the reason of its revision."""

import pytest

from tests.browser.window import Look

REASON = "改正一处分类 One class was wrong"


@pytest.mark.parametrize("look", [Look("en", 1280)], ids=str)
def test_two_statisticians_publish_and_a_reader_follows_a_figure_to_its_text(
    visit, look
):
    first = visit("statistician", look)
    first.go("/staff/statistics")
    first.page.fill("#f-reason", REASON)
    first.follow("form[action$='/publications'] button[type=submit]")
    page = first.page.url.partition("/staff")[2]
    assert first.page.locator("text=A second statistician").count() == 1
    second = visit("chief-statistician", look)
    second.go(f"/staff{page}")
    second.page.click("summary:has-text('Approve')")
    second.follow("details[open] form button[type=submit]")
    assert second.page.locator("details summary:has-text('Withdraw')").count() == 1
    reader = visit("", look)
    reader.go("/statistics/publications")
    assert reader.page.locator(f"text={REASON}").count() >= 1
    reader.follow("main tbody th a")
    reader.page.click("main details summary >> nth=0")
    reader.follow("main details[open] tbody a >> nth=0")
    assert "SELECT" in reader.page.content()
    for path in ("by/vendor_region", "by/class", "indices", "vendors", "definitions"):
        reader.go(f"/statistics/{path}")
        assert reader.page.locator("h1").count() == 1, path
