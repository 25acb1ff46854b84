"""Approvals and mandates in a browser, from both users of a member at once."""

import sqlite3

from settlement import clock
from tests.browser.conftest import sign_in
from tests.browser.window import Look

DAY = f"{clock.moment(clock.now_us() + 30 * clock.DAY_US):%Y-%m-%d}"
DESK = "section[aria-labelledby=do-h]"


def test_a_limit_is_set_an_order_waits_and_a_colleague_approves_it(visit, data):
    owner, second = visit("hushan", Look("en", 1280)), visit("", Look("zh", 390))
    owner.go("/account/users")
    owner.page.fill("#f-name", "Second")
    owner.page.fill("#f-email", "second@databourse.example")
    owner.page.check("#f-roles-approver")
    owner.follow("form:has(#f-email) button[type=submit]")
    sign_in(second, "second", owner.text("code.secret").strip())
    owner.go("/approvals/")
    owner.page.click("section[aria-labelledby=limits-h] summary")
    owner.page.fill("#f-amount", "0.01")
    owner.follow("form[action$='/limits'] button")
    owner.page.click("section[aria-labelledby=limits-h] summary")
    owner.page.fill("#f-amount", "1000000")
    owner.follow("form[action$='/limits'] button")  # a higher one waits
    page = owner.page.url.removeprefix(owner.site)
    owner.go(page)
    second.go("/approvals/")
    second.follow(f"a[href='{page}']")
    with sqlite3.connect(data / "databourse.db") as db:  # whom the owner just added
        db.execute("UPDATE handovers SET at_us = 0")  # approves nothing for three days
    second.follow(f"{DESK} form[action$='/approve'] button")
    second.go(page)
    owner.go("/approvals/history")
    assert "Approved and done" in owner.text()


def test_a_mandate_is_given_and_ended(visit):
    owner, phone = visit("hushan", Look("en", 1280)), visit("hushan", Look("zh", 390))
    phone.go("/mandates/")
    owner.go("/mandates/new")
    phone.go("/mandates/new")
    owner.page.fill("#f-name", "Weather for the model")
    owner.page.fill("#f-daily_max", "300")
    owner.page.fill("#f-until", DAY)
    owner.follow("form[action$='/mandates/new'] button[type=submit]")
    assert "dbk_" in owner.text("code.secret")
    owner.go("/mandates/")
    owner.follow("tbody th a")
    page = owner.page.url.removeprefix(owner.site)
    owner.go(page)
    phone.go(page)
    owner.page.click("details.confirm > summary")
    owner.follow("details.confirm[open] button")
    phone.go("/mandates/")
    owner.go(page)
