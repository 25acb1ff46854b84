"""Every page, in each language at each width: usable, and no wider than its window."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.window import Look

PUBLIC = (
    "/",
    "/market",
    "/statistics/",
    "/statistics/candles",
    "/help/",
    "/help/glossary",
    "/help/states",
    "/help/fees",
    "/signin",
    "/signup",
    "/api/docs",
)
HELP = (
    *("acceptance", "formats", "licences", "market-data", "models", "prices"),
    *("quality", "sharing"),
)
BUYERS = ("/orders/", "/orders/trades", "/rights/", "/cash/", "/account")
VENDORS = ("/vendor/", "/vendor/products/new")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_public_page_can_be_used_by_everybody(visit, look):
    window = visit("", look)
    for path in PUBLIC:
        window.go(path)
    charts = window.page.locator(".chart__canvas canvas")
    window.go("/statistics/")
    expect(charts.first).to_be_visible()
    window.follow("figure ~ details a, main a[href^='/statistics/']")


def test_every_page_of_the_help_can_be_used_on_a_narrow_screen(visit):
    window = visit("", Look("en", 390))
    for topic in HELP:
        window.go(f"/help/{topic}")
        assert window.page.locator("h1").count() == 1, topic


@pytest.mark.parametrize(("who", "paths"), [("zhujiang", BUYERS), ("haiheng", VENDORS)])
def test_every_page_of_a_member_can_be_used_by_everybody(visit, other_look, who, paths):
    window = visit(who, other_look)
    for path in paths:
        window.go(path)
        assert window.page.locator("h1").count() == 1, path


def test_a_dark_screen_has_enough_contrast(visit):
    window = visit("zhujiang", Look("zh", 1280))
    window.page.emulate_media(color_scheme="dark")
    for path in ("/", "/market", "/orders/", "/cash/", "/statistics/", "/help/states"):
        window.go(path)


def test_the_pages_speak_the_language_that_was_chosen(visit):
    chinese, english = (visit("", Look(code, 1280)) for code in ("zh", "en"))
    for path in PUBLIC:
        if path == "/api/docs":
            continue  # the reference of the API is in English
        for window, wanted in ((chinese, True), (english, False)):
            window.glance(path)
            said = window.text("h1") + window.text(".site-nav")
            assert bool(CHINESE.search(said)) == wanted, (path, said)


def test_the_description_of_the_api_is_drawn(visit):
    window = visit("", Look("en", 1280))
    window.go("/api/docs")
    expect(window.page.locator(".opblock").first).to_be_visible()
