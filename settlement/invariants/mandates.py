"""Invariants of mandates: no agent spends more in a day, or in all, than it may."""

from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask

DAY_US = 86_400_000_000
EAST_US = 8 * 3_600_000_000  # the exchange's day begins at midnight in China


def budgets_hold(db: Connection) -> Iterator[Violation]:
    """D1: what an agent's orders paid stays within each day's budget and the whole."""
    spent: dict[int, int] = {}
    days: dict[tuple[int, int], int] = {}
    most: dict[int, int] = {}
    found = ask(
        db,
        """
        SELECT m.id, m.daily_max, m.price_max, m.currency, t.currency AS paid_in,
               t.at_us, t.price, t.quantity
        FROM mandates m
        JOIN orders o ON o.by_user = m.holder AND o.side = 'buy'
        JOIN trades t ON t.buy_order = o.id
        WHERE m.agent = 1 ORDER BY m.id, t.id
        """,
    )
    for row in found:
        value = row.price * row.quantity
        day = (row.at_us + EAST_US) // DAY_US
        spent[row.id] = spent.get(row.id, 0) + value
        days[row.id, day] = days.get((row.id, day), 0) + value
        most[row.id] = row.daily_max
        if row.paid_in != row.currency:
            yield _wrong(row.id, "paid in another currency")
        if row.price_max is not None and row.price > row.price_max:
            yield _wrong(row.id, f"paid {row.price} for a unit")
    for (number, _day), value in days.items():
        if value > most[number]:
            yield _wrong(number, f"spent {value} in a day")
    rows = ask(db, "SELECT id, agent, total_max, spent FROM mandates ORDER BY id")
    for row in rows:
        if row.total_max is not None and row.spent > row.total_max:
            yield _wrong(row.id, f"spent {row.spent} in all")
        if row.agent and row.spent < spent.get(row.id, 0):
            yield _wrong(row.id, f"says {row.spent}, but its trades say more")


def nothing_waits_after_the_end(db: Connection) -> Iterator[Violation]:
    """D2: no order of an agent waits once its mandate is over."""
    found = ask(
        db,
        """
        SELECT m.id, o.id AS waits FROM mandates m
        JOIN orders o ON o.by_user = m.holder
        WHERE m.agent = 1 AND m.state <> 'active' AND o.state IN ('open', 'partial')
        ORDER BY o.id
        """,
    )
    for row in found:
        yield _wrong(row.id, f"is over, but {ids.encode('order', row.waits)} waits")


def _wrong(number: int, what: str) -> Violation:
    code = "D2" if "is over" in what else "D1"
    return Violation(code, f"Mandate {ids.encode('mandate', number)} {what}.")
