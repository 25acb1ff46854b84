"""Invariants of busts: decided by two, moved to the cent, and the right goes too."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants import charges
from settlement.invariants.violation import Violation, ask

HOUSE = 0
BUSTS = """
    SELECT b.*, t.price AS struck, t.quantity, t.fee AS agreed, t.state, t.buyer,
           t.seller, t.currency, e.trade AS escrow, e.released, e.fee AS charged,
           f.trade_bps, f.rules, c.fee_rule, n.state AS right_state
    FROM busts b LEFT JOIN trades t ON t.id = b.trade
    LEFT JOIN escrows e ON e.trade = b.trade
    LEFT JOIN contracts c ON c.trade = b.trade
    LEFT JOIN fee_schedules f ON f.version = c.fee_schedule
    LEFT JOIN entitlements n ON n.trade = b.trade ORDER BY b.trade, b.id
"""
MOVES = """
    SELECT x.seq, x.subject, x.amount, x.reason, d.owner AS giver, c.owner AS taker,
           d.asset
    FROM transfers x JOIN accounts d ON d.id = x.debit
    JOIN accounts c ON c.id = x.credit
    WHERE x.reason IN ('bust', 'bust_fee', 'adjust', 'adjust_fee') ORDER BY x.id
"""


def busted_by_two(db: Connection) -> Iterator[Violation]:
    """A6: each bust and each adjustment was proposed by one, approved by another."""
    approved = set()
    found = """
        SELECT kind, body, decided_seq, by_user, decided_by FROM proposals
        WHERE state = 'approved' AND kind IN ('BustTrade', 'AdjustTrade')
    """
    for kind, body, seq, maker, checker in ask(db, found):
        told, *price = json.loads(body)
        if maker != checker:
            said = price[0] if kind == "AdjustTrade" else None
            approved.add((seq, told[0], said, maker))
    for row in ask(db, "SELECT * FROM busts ORDER BY id"):
        if (row.seq, row.trade, row.price, row.by_user) not in approved:
            yield _wrong(row, "was not approved by a second person", "A6")


def busted_in_full(db: Connection) -> Iterator[Violation]:
    """M6, M8, S2: a bust moves what it says, leaves the fee that is due, and no right.

    Between two busts of a trade lie its refunds, which count, too.
    """
    moved: dict[int, set[tuple[Any, ...]]] = {}
    for seq, *move in ask(db, MOVES):
        moved.setdefault(seq, set()).add(tuple(move))
    refunds = list(ask(db, "SELECT trade, seq, amount, fee FROM refunds ORDER BY id"))
    for _, found in groupby(ask(db, BUSTS), key=lambda row: row.trade):
        rows = list(found)
        if rows[0].struck is None:
            yield _wrong(rows[0], "is of a trade that does not exist", "S1")
            continue
        for row in rows:
            if moved.pop(row.seq, set()) != _due(row):
                yield _wrong(row, "moved money otherwise than it says")
        yield from _folded(rows, [r for r in refunds if r.trade == rows[0].trade])
    for seq in sorted(moved):
        yield Violation("M6", f"Record {seq} moved a bust that is not there.")


def _folded(rows: list[Any], refunds: list[Any]) -> Iterator[Violation]:
    """Follow what one trade costs and is charged from bust to bust."""
    first, busted = rows[0], False
    paid, charged = first.struck * first.quantity, first.agreed
    if first.escrow and first.state == "settled":
        paid, charged = first.released, first.charged
    for row in rows:
        if busted:
            yield _wrong(row, "is of a trade that was busted before", "S1")
        back = [one for one in refunds if one.seq < row.seq]
        refunded, fee_back = sum(r.amount for r in back), sum(r.fee for r in back)
        kept, busted = paid - refunded, row.price is None
        becomes = 0 if busted else row.price * row.quantity - refunded
        if row.amount != kept - becomes or row.paid != becomes + refunded:
            yield _wrong(row, f"moved {row.amount}; {kept} was to become {becomes}")
        paid, charged = row.paid, charged - row.fee
        due = charges.due(row.trade_bps, row.rules, row.fee_rule, becomes)
        if row.state == "settled" and charged - fee_back != due:
            yield _wrong(row, f"leaves a fee of {charged - fee_back}", "M8")
        if busted and row.right_state in ("active", "suspended"):
            yield _wrong(row, "undid its trade, but the right goes on", "S2")


def _due(row: Any) -> set[tuple[Any, ...]]:
    """Return the transfers that a bust must have made; escrow has its own."""
    if row.state == "unwound":
        return set()
    reason, money = ("bust" if row.price is None else "adjust"), row.currency
    moves = {
        (row.amount, reason, row.seller, row.buyer),
        (row.fee, f"{reason}_fee", HOUSE, row.seller),
    }
    if row.amount < 0:
        moves = {
            (-row.amount, reason, row.buyer, row.seller),
            (-row.fee, f"{reason}_fee", row.seller, HOUSE),
        }
    return {(row.trade, *move, money) for move in moves if move[0]}


def _wrong(row: Any, what: str, code: str = "M6") -> Violation:
    return Violation(code, f"Bust {ids.encode('bust', row.id)} {what}.")
