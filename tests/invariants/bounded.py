"""What an agent does under a mandate, for the market that the tests damage."""

from collections.abc import Callable

from marketplace.trading import commands as c
from tests.floor import Clock

STAFF, SECOND = 901, 902
ANN, POSTED, AGENT, DAY_US = 2, 1_000, 77, 86_400_000_000

MANDATES = [
    ("D1", "in a day", "UPDATE mandates SET daily_max = 1 WHERE id = 1"),
    ("D1", "for a unit", "UPDATE mandates SET price_max = 1 WHERE id = 1"),
    ("D1", "another currency", "UPDATE mandates SET currency = 2 WHERE id = 1"),
    ("D1", "in all", "UPDATE mandates SET total_max = 1 WHERE id = 1"),
    ("D1", "trades say more", "UPDATE mandates SET today = 0, spent = 0 WHERE id = 1"),
    (
        "D2",
        "waits",
        "UPDATE orders SET by_user = 78 WHERE side = 'buy' AND state = 'open'",
    ),
]


def live(do: Callable[..., object], refused: Callable[..., None], hands: Clock) -> None:
    """ANN's agent buys one at the posted price; the mandate of a second is over."""
    mandate = c.GiveMandate(
        20, ANN, AGENT, "one", True, 1, 500, 900, 999, None, False, (POSTED,), (),
        hands.at_us + DAY_US,
    )  # fmt: skip
    do(mandate)

    def bid(price: int) -> c.PlaceOrder:
        line = c.Line(POSTED, "buy", price, 1, "IOC", purpose="analysis")
        return c.PlaceOrder(AGENT, ANN, line)

    do(bid(500))
    refused(bid(501))
    do(mandate._replace(user=AGENT + 1))
    do(c.EndMandate(20, ANN, 2))
    _forget(do, refused)


def _forget(do: Callable[..., object], refused: Callable[..., None]) -> None:
    """A user who left is forgotten by two persons, once."""
    left = ("person", AGENT, 4_000_000_000_000_000)
    number = do(c.Propose(STAFF, "Erase", left, "left, and asked for it"))
    refused(c.Decide(STAFF, number, approve=True))
    do(c.Decide(SECOND, number, approve=True))
    refused(c.Propose(STAFF, "Erase", left, "again"))
