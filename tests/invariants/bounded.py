"""What an agent does under a mandate, for the market that the tests damage."""

from collections.abc import Callable

from marketplace.trading import commands as c
from tests.floor import Clock

VENDOR, ANN, RESALE, AGENT, DAY_US = 1, 2, 1_001, 77, 86_400_000_000

MANDATES = [
    ("D1", "in a day", "UPDATE mandates SET daily_max = 44 WHERE id = 1"),
    ("D1", "for a unit", "UPDATE mandates SET price_max = 44 WHERE id = 1"),
    ("D1", "another currency", "UPDATE mandates SET currency = 2 WHERE id = 1"),
    ("D1", "in all", "UPDATE mandates SET total_max = 44 WHERE id = 1"),
    ("D1", "trades say more", "UPDATE mandates SET today = 0, spent = 0 WHERE id = 1"),
    (
        "D2",
        "waits",
        "UPDATE mandates SET state = 'ended', ended_by = 1 WHERE id = 1",
    ),
]


def live(do: Callable[..., object], refused: Callable[..., None], hands: Clock) -> None:
    """ANN's agent buys one at 45 and has one waiting at 41; a second one has ended."""
    mandate = c.GiveMandate(
        20, ANN, AGENT, "one", True, 1, 45, 100, 200, None, False, (RESALE,), (),
        hands.at_us + DAY_US,
    )  # fmt: skip
    do(mandate)

    def bid(price: int) -> c.PlaceOrder:
        line = c.Line(RESALE, "buy", price, 1, purpose="analysis")
        return c.PlaceOrder(AGENT, ANN, line)

    do(bid(45))
    do(c.PlaceOrder(10, VENDOR, c.Line(RESALE, "sell", 45, 1, "IOC")))
    do(bid(41))
    refused(bid(46))
    do(mandate._replace(user=AGENT + 1))
    do(c.EndMandate(20, ANN, 2))
