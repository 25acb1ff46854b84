"""Invariants of group buys: one price by the schedule, money held once."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask


def one_price_by_the_schedule(db: Connection) -> Iterator[Violation]:
    """C11: all who buy in a group pay the price of the tier that they reach."""
    bought: dict[int, int] = {}
    found = ask(
        db,
        """
        SELECT m.pool, m.state, m.member, p.price, p.state AS sold, t.id AS trade,
               t.buyer = m.member AND t.seller = p.vendor AND t.price = p.price
               AND t.quantity = p.quantity AND t.instrument = p.instrument
               AND t.origin = 'group' AND c.terms = p.terms
               AND c.purpose = m.purpose AS fits
        FROM pool_members m LEFT JOIN pools p ON p.id = m.pool
        LEFT JOIN trades t ON t.id = m.trade LEFT JOIN contracts c ON c.trade = t.id
        ORDER BY m.pool, m.member
        """,
    )
    for row in found:
        if (row.state == "held") != (row.sold == "open"):
            yield _wrong(row.pool, f"is {row.sold}, but one who joined is {row.state}")
        if row.state == "bought":
            bought[row.pool] = bought.get(row.pool, 0) + 1
            if not (row.trade and row.fits):
                yield _wrong(row.pool, "was not traded as it was joined")
    for row in ask(db, "SELECT id, state, tiers, least, price FROM pools ORDER BY id"):
        number = bought.get(row.id, 0)
        if (row.state == "sold") != (number > 0) or 0 < number < row.least:
            yield _wrong(row.id, f"is {row.state} with {number} buyers")
        elif number:
            tiers = [price for least, price in json.loads(row.tiers) if number >= least]
            if row.price != tiers[-1]:
                yield _wrong(row.id, f"was sold at {row.price}; {tiers[-1]} was due")
    alone = """
        SELECT t.id FROM trades t LEFT JOIN pool_members m ON m.trade = t.id
        WHERE t.origin = 'group' AND m.pool IS NULL ORDER BY t.id
    """
    for (number,) in ask(db, alone):
        name = ids.encode("trade", number)
        yield Violation("C11", f"Trade {name} is of no group buy.")


def groups_hold_once(db: Connection) -> Iterator[Violation]:
    """C12: who joins holds the first tier's price, once, until the close."""
    moved: dict[tuple[int, int], list[tuple[str, int]]] = {}
    moves = """
        SELECT t.subject, a.owner, t.reason, t.amount FROM transfers t
        JOIN accounts a ON a.id = t.debit
        WHERE t.reason IN ('pool_hold', 'pool_release') ORDER BY t.id
    """
    for subject, owner, *move in ask(db, moves):
        moved.setdefault((subject, owner), []).append(tuple(move))
    found = ask(
        db,
        """
        SELECT m.pool, m.member, m.state, p.tiers, p.quantity
        FROM pool_members m JOIN pools p ON p.id = m.pool ORDER BY m.pool, m.member
        """,
    )
    for row in found:
        held = json.loads(row.tiers)[0][1] * row.quantity
        due = [("pool_hold", held)]
        if row.state != "held":
            due.append(("pool_release", held))
        if moved.pop((row.pool, row.member), []) != due:
            yield _wrong(row.pool, "has moved money otherwise than it says", "C12")
    for number, _ in sorted(moved):
        yield _wrong(number, "has held money of one who did not join", "C12")


def _wrong(number: int, what: str, code: str = "C11") -> Violation:
    return Violation(code, f"Group buy {ids.encode('pool', number)} {what}.")
