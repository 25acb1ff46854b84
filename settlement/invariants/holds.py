"""Invariants of holds: what is reserved is exactly what may still be needed."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, account_name, ask
from settlement.money import INSTRUMENT_MIN

HELD = 1

LIVE_ORDERS = """
    SELECT o.id, o.member, o.instrument, o.side,
           COALESCE(o.price, c.ceiling) AS price, o.remaining, o.evergreen, b.currency
    FROM orders o LEFT JOIN books b ON b.instrument = o.instrument
    LEFT JOIN phases c ON c.instrument = o.instrument
    WHERE o.state IN ('open', 'partial') ORDER BY o.id
"""


def held_is_needed(db: Connection) -> Iterator[Violation]:
    """H3: held pockets are what bids, quotes, contracts, payouts, budgets need."""
    needed: dict[tuple[int, int], int] = {}
    for order in ask(db, LIVE_ORDERS):
        amount = _need(order.side, order.evergreen, order.price, order.remaining)
        reserved = order.currency if order.side == "buy" else order.instrument
        key = order.member, reserved
        needed[key] = needed.get(key, 0) + amount
    waiting = """
        SELECT member, currency, amount FROM payouts
        WHERE state IN ('requested', 'approved', 'submitted')
    """
    for member, currency, amount in ask(db, waiting):
        needed[member, currency] = needed.get((member, currency), 0) + amount
    deposits = """
        SELECT p.member, b.currency, c.deposit FROM contest_bidders p
        JOIN contests c ON c.id = p.contest JOIN books b ON b.instrument = c.instrument
        WHERE p.state = 'held'
    """
    bids = """
        SELECT o.member, b.currency, o.price * o.quantity FROM offers o
        JOIN books b ON b.instrument = o.instrument
        WHERE o.state = 'open' AND o.maker = o.member
    """
    bonds = """
        SELECT b.vendor, 1, t.deposit FROM tender_bids b
        JOIN tenders t ON t.id = b.demand WHERE b.bond = 'held'
    """
    budgets = "SELECT holder, currency, held FROM tabs WHERE held > 0"
    signed = """
        SELECT a.buyer, a.currency, a.price * a.quantity FROM agreements a
        JOIN signatures s ON s.agreement = a.id AND s.party = a.buyer
        WHERE a.state = 'signing'
    """
    joined = [
        (row.member, row.currency, json.loads(row.tiers)[0][1] * row.quantity)
        for row in ask(
            db,
            """
            SELECT m.member, p.currency, p.tiers, p.quantity FROM pool_members m
            JOIN pools p ON p.id = m.pool WHERE m.state = 'held'
            """,
        )
    ]
    bought = (*ask(db, signed), *ask(db, budgets), *joined)
    waits = (*ask(db, deposits), *ask(db, bonds), *ask(db, bids), *bought)
    for member, currency, amount in waits:
        needed[member, currency] = needed.get((member, currency), 0) + amount
    query = (
        "SELECT owner, asset, balance FROM accounts"
        " WHERE pocket = 1 AND owner <> 0 ORDER BY id"  # the house's: its reserve
    )
    held = {(owner, asset): balance for owner, asset, balance in ask(db, query)}
    for owner, asset in sorted(held.keys() | needed.keys()):
        has, needs = held.get((owner, asset), 0), needed.get((owner, asset), 0)
        if has != needs:
            kind = "bids and payouts need" if asset < INSTRUMENT_MIN else "offers need"
            whose = account_name(owner, asset, HELD)
            yield Violation("H3", f"{whose} is {has}; the live {kind} {needs}.")


def each_order_its_hold(db: Connection) -> Iterator[Violation]:
    """H1, H2, H4, H5: held − released − paid from it = what the rest still needs."""
    left: dict[int, int] = {}
    holds = """
        SELECT subject, reason, amount FROM transfers
        WHERE reason IN ('hold', 'release')
    """
    for order, reason, amount in ask(db, holds):
        left[order] = left.get(order, 0) + (amount if reason == "hold" else -amount)
    spent = """
        SELECT CASE t.reason WHEN 'delivery' THEN r.sell_order ELSE r.buy_order END,
               t.amount
        FROM transfers t
        JOIN accounts a ON a.id = t.debit AND a.pocket = 1
        JOIN trades r ON r.id = t.subject
        WHERE t.reason IN ('payment', 'delivery', 'escrow', 'cover')
    """
    for order, amount in ask(db, spent):
        left[order] = left.get(order, 0) - amount
    for order in ask(db, LIVE_ORDERS):
        needs = _need(order.side, order.evergreen, order.price, order.remaining)
        has = left.pop(order.id, 0)
        if has != needs:
            name = ids.encode("order", order.id)
            yield Violation("H4", f"Order {name} holds {has}; its rest needs {needs}.")
    for number, has in sorted(left.items()):
        if has:
            name = ids.encode("order", number)
            yield Violation("H1", f"Order {name} has ended but still holds {has}.")


def bids_have_limits(db: Connection) -> Iterator[Violation]:
    """H4: what waits has a price, outside a call, and waits by its time in force."""
    found = ask(
        db,
        """
        SELECT o.id FROM orders o
        LEFT JOIN phases c ON c.instrument = o.instrument AND c.phase = 'call'
        WHERE o.state IN ('open', 'partial')
        AND (COALESCE(o.price, c.ceiling) IS NULL
             OR o.time_in_force NOT IN ('GTC', 'GTD')) ORDER BY o.id
        """,
    )
    for (number,) in found:
        name = ids.encode("order", number)
        yield Violation("H4", f"Order {name} waits, though such an order may not.")


def _need(side: str, evergreen: int, price: int | None, remaining: int) -> int:
    """Return how much a waiting order needs: of money for a bid, else of units."""
    if side == "buy":
        return remaining * (price or 0)
    return 0 if evergreen else remaining
