"""What the journeys do more than once: find something to buy, buy it, pay in."""

from tests.browser.window import Window

# Of the demo: a data set at a posted price, with files.
SYMBOL = "GRNHSE-INT"


def listing(window: Window, symbol: str = SYMBOL) -> str:
    """Find a listing by its symbol through the public pages; open it."""
    window.glance(f"/statistics/candles?symbol={symbol}")
    window.follow("main h2 a")
    return window.page.url


def fill_ticket(window: Window, kind: str, price: str | None = None) -> None:
    """Fill in the order ticket and ask for its review."""
    window.page.check(f"#kind-{kind}")
    window.page.fill("#f-quantity", "1")
    if price is not None:
        window.page.fill("#f-price", price)
    window.page.select_option("#f-purpose", index=1)
    window.follow("#ticket button[type=submit]")


def confirm(window: Window) -> None:
    """Accept the licence and place the order."""
    window.page.check("#f-accept")
    window.follow("main form:has(#f-accept) button[type=submit]")


def free_cny(window: Window) -> int:
    """Return the free money in fen that the cash page shows."""
    window.glance("/cash/")
    shown = window.text(".stat dd.number")
    return int("".join(character for character in shown if character.isdigit()))
