"""A room of an instrument from two sides at once: what one does the other sees."""

import re
import sqlite3

import pytest

from settlement.ids import encode


@pytest.fixture
def room(data):
    """The path of the busiest transferable right's room."""
    with sqlite3.connect(f"file:{data / 'databourse.db'}?mode=ro", uri=True) as db:
        product, instrument = db.execute(
            "SELECT b.product, b.instrument FROM trades t JOIN books b"
            " ON b.instrument = t.instrument WHERE b.transferable = 1"
            " AND b.state = 'listed' AND b.product > 0 AND b.audience IS NULL"
            " GROUP BY b.instrument ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
    product, instrument = encode("product", product), encode("instrument", instrument)
    return f"/listings/{product}/book?instrument={instrument}"


def test_a_bid_appears_in_another_window_and_is_cancelled_by_keys_and_clicks(
    visit, other_look, room
):
    watcher, buyer = visit("", other_look), visit("zhujiang", other_look)
    watcher.go(room)
    watcher.page.locator("#live.live--on").wait_for()
    buyer.go(room)
    best = buyer.text("#book .depth--buy tbody tr td")
    page = buyer.page
    page.keyboard.press("b")
    assert page.locator("#kind-bid").is_checked()
    page.keyboard.press("p")
    price = re.sub(r"[^\d.]", "", best).split(".")[0]
    page.locator("#ticket [name=price]").fill(f"{int(price) - 1}")
    page.locator("#ticket [name=quantity]").fill("3")
    page.locator("#ticket [name=purpose]").select_option(index=1)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.locator("main form [name=accept]").check()
    before = watcher.text("#book .depth--buy")
    with page.expect_navigation():
        page.locator("main form button[type=submit]").last.click()
    watcher.page.wait_for_function(
        "before => document.querySelector('#book .depth--buy').innerText !== before",
        arg=before,
    )
    buyer.go(room)
    page.locator("#mine details.confirm summary").first.click()
    with page.expect_navigation():
        page.locator("#mine details.confirm[open] button").first.click()
    watcher.page.wait_for_function(
        "before => document.querySelector('#book .depth--buy').innerText === before",
        arg=before,
    )
    watcher.look_over()


def test_the_room_works_without_scripts(visit, other_look, room):
    window = visit("zhujiang", other_look, scripts=False)
    window.go(room)
    assert window.page.locator("#book .depth--buy tbody tr").count() > 0
    assert window.page.locator("#candles table tbody tr").count() > 0
