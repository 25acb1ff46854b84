"""Invariants of the books: quantities, limits, priority."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row

from settlement import ids
from settlement.invariants.violation import Violation, ask, asset_name


def quantities_add_up(db: Connection) -> Iterator[Violation]:
    """B1 and B9: ordered = traded + what remains, and the state says the same."""
    found = ask(
        db,
        """
        SELECT o.id, o.quantity, o.remaining, o.evergreen, o.state,
               COALESCE(b.units, 0) + COALESCE(s.units, 0) AS traded
        FROM orders o
        LEFT JOIN (SELECT buy_order, SUM(quantity) AS units FROM trades
                   GROUP BY buy_order) b ON b.buy_order = o.id AND o.side = 'buy'
        LEFT JOIN (SELECT sell_order, SUM(quantity) AS units FROM trades
                   GROUP BY sell_order) s ON s.sell_order = o.id AND o.side = 'sell'
        ORDER BY o.id
        """,
    )
    for row in found:
        name = ids.encode("order", row.id)
        if row.evergreen:
            if row.remaining != row.quantity or row.state in ("partial", "filled"):
                yield Violation("B1", f"Evergreen order {name} has been used up.")
            continue
        if row.quantity - row.remaining != row.traded or row.remaining < 0:
            yield Violation(
                "B1",
                f"Order {name} is for {row.quantity}, {row.remaining} remain,"
                f" but {row.traded} were traded.",
            )
        elif row.state not in _states(row.traded, row.remaining):
            yield Violation(
                "B1",
                f"Order {name} is {row.state} with {row.traded} traded"
                f" and {row.remaining} left.",
            )


def _states(traded: int, remaining: int) -> tuple[str, ...]:
    if not remaining:
        return ("filled",)
    return ("partial" if traded else "open", "cancelled", "expired")


def never_crossed(db: Connection) -> Iterator[Violation]:
    """B2: at rest and outside a call the best bid is below the best offer."""
    found = ask(
        db,
        """
        SELECT b.instrument, b.price AS bid, s.price AS offer
        FROM (SELECT instrument, MAX(price) AS price FROM orders
              WHERE side = 'buy' AND state IN ('open', 'partial')
              GROUP BY instrument) b
        JOIN (SELECT instrument, MIN(price) AS price FROM orders
              WHERE side = 'sell' AND state IN ('open', 'partial')
              GROUP BY instrument) s ON s.instrument = b.instrument
        LEFT JOIN phases c ON c.instrument = b.instrument
        WHERE b.price >= s.price AND COALESCE(c.phase, 'continuous') <> 'call'
        ORDER BY b.instrument
        """,
    )
    for instrument, bid, offer in found:
        name = asset_name(instrument)
        yield Violation(
            "B2", f"The book of {name} is crossed: bid {bid}, offer {offer}."
        )


def within_limits(db: Connection) -> Iterator[Violation]:
    """B4 and B5: at the resting order's price, within both limits, by two members."""
    found = ask(
        db,
        """
        SELECT t.id, t.price, t.instrument, t.buyer, t.seller, t.taker,
               b.price AS bid, b.member AS bidder, b.instrument AS bid_for,
               b.side AS up,
               s.price AS ask, s.member AS asker, s.instrument AS ask_for,
               s.side AS down
        FROM trades t
        LEFT JOIN orders b ON b.id = t.buy_order
        LEFT JOIN orders s ON s.id = t.sell_order
        WHERE t.origin = 'book' ORDER BY t.id
        """,
    )
    for row in found:
        for code, problem in _faults(row):
            name = ids.encode("trade", row.id)
            yield Violation(code, f"Trade {name} {problem}.")


def _faults(row: Row[Any]) -> Iterator[tuple[str, str]]:
    if row.buyer == row.seller:
        yield "B5", "is of a member with itself"
    if (row.up, row.down) != ("buy", "sell"):
        yield "B4", "lacks the order of one side"
        return
    if (row.bidder, row.asker) != (row.buyer, row.seller):
        yield "B5", "names other members than its orders"
    if not row.bid_for == row.ask_for == row.instrument:
        yield "B4", "is in another instrument than its orders"
    if row.bid is not None and row.price > row.bid:
        yield "B4", f"at {row.price} is above the bid's limit {row.bid}"
    if row.ask is not None and row.price < row.ask:
        yield "B4", f"at {row.price} is below the offer's limit {row.ask}"
    if row.price != (row.ask if row.taker == "buy" else row.bid):
        yield "B4", f"at {row.price} is not at the resting order's price"


def closed_books_are_empty(db: Connection) -> Iterator[Violation]:
    """B8: nothing waits in a book that is closed for good, or for one not verified."""
    found = ask(
        db,
        """
        SELECT o.id, b.state, s.verified FROM orders o
        LEFT JOIN books b ON b.instrument = o.instrument
        LEFT JOIN standings s ON s.member = o.member
        WHERE o.state IN ('open', 'partial')
        AND (b.state IS NULL OR b.state = 'delisted' OR COALESCE(s.verified, 0) = 0)
        ORDER BY o.id
        """,
    )
    for number, state, verified in found:
        why = "its member is not verified" if not verified else f"its book is {state}"
        yield Violation("B8", f"Order {ids.encode('order', number)} waits, but {why}.")
