"""Invariants of disputes and refunds: money stands still, two decide, once."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants import charges
from settlement.invariants.violation import Violation, ask

HOUSE = 0

DISPUTES = """
    SELECT d.*, t.state AS stands, t.price * t.quantity AS value, e.released,
           e.refunded, e.trade AS escrow, r.state AS right_state
    FROM disputes d LEFT JOIN trades t ON t.id = d.trade
    LEFT JOIN escrows e ON e.trade = d.trade
    LEFT JOIN entitlements r ON r.id = e.entitlement ORDER BY d.id
"""


def money_stands_still(db: Connection) -> Iterator[Violation]:
    """S1: a trade is in dispute while its one dispute is under way; nothing is paid."""
    for row in ask(db, DISPUTES):
        if row.escrow is None:
            yield _wrong(row.id, "is of a trade without escrow", "S1")
            continue
        under_way = row.state in ("open", "mediation")
        if under_way != (row.stands == "disputed"):
            yield _wrong(row.id, f"is {row.state}; its trade is {row.stands}", "S1")
        left = row.value - row.released - row.refunded
        if under_way and left != row.left_over:
            yield _wrong(row.id, f"froze {row.left_over}; {left} is left", "H2")
        if under_way and row.paused and row.right_state == "revoked":
            yield _wrong(row.id, "is under way, but the right was revoked", "S2")
        full = row.refund == row.left_over and not row.released
        if full and row.right_state in ("active", "suspended"):
            yield _wrong(row.id, "gave all back, but the right goes on", "S2")
    alone = """
        SELECT t.id FROM trades t LEFT JOIN disputes d ON d.trade = t.id
        WHERE t.state = 'disputed' AND d.id IS NULL ORDER BY t.id
    """
    for (number,) in ask(db, alone):
        name = ids.encode("trade", number)
        yield Violation("S1", f"Trade {name} is disputed without a dispute.")


def decided_by_two(db: Connection) -> Iterator[Violation]:
    """A6: each decision and each refund was proposed by one, approved by another."""
    approved: dict[str, dict[int, list[tuple[int, int]]]] = {}
    found = """
        SELECT kind, body, decided_seq, by_user, decided_by FROM proposals
        WHERE state = 'approved' AND kind IN ('ResolveDispute', 'RefundSale')
    """
    for kind, body, seq, maker, checker in ask(db, found):
        values = json.loads(body)
        subject = values[0] if kind == "ResolveDispute" else values[0][0]
        if maker != checker:
            approved.setdefault(kind, {})[seq] = [(subject, values[1])]
    decisions = approved.get("ResolveDispute", {})
    for row in ask(db, "SELECT * FROM disputes WHERE state = 'decided' ORDER BY id"):
        if (row.id, row.refund) not in decisions.get(row.ended_seq, []):
            yield _wrong(row.id, "was decided otherwise than two persons did", "A6")
    agreed = approved.get("RefundSale", {})
    for row in ask(db, "SELECT * FROM refunds ORDER BY id"):
        if (row.trade, row.amount) not in agreed.get(row.seq, []):
            name = ids.encode("refund", row.id)
            yield Violation("A6", f"Refund {name} was not approved by a second person.")


def refunded_once(db: Connection) -> Iterator[Violation]:
    """M6, M8, P6: refunds move the vendor's own money, within what was paid."""
    moved: dict[int, list[tuple[int, int, int, str]]] = {}
    moves = """
        SELECT x.seq, x.subject, x.amount, x.reason, d.owner AS giver,
               c.owner AS taker, t.buyer, t.seller, d.asset, t.currency
        FROM transfers x JOIN accounts d ON d.id = x.debit
        JOIN accounts c ON c.id = x.credit LEFT JOIN trades t ON t.id = x.subject
        WHERE x.reason IN ('refund', 'fee_back') ORDER BY x.id
    """
    for row in ask(db, moves):
        way = (row.giver, row.taker, row.asset)
        right = (row.seller, row.buyer, row.currency)
        if row.reason == "fee_back":
            right = (HOUSE, row.seller, row.currency)
        kept = row.reason if way == right else "astray"
        moved.setdefault(row.seq, []).append((row.subject, row.amount, 0, kept))
    back: dict[int, tuple[int, int]] = {}
    for row in ask(db, REFUNDS):
        name = ids.encode("refund", row.id)
        found = {(s, a, kept) for s, a, _, kept in moved.pop(row.seq, [])}
        due = {(row.trade, row.amount, "refund")}
        if row.fee:
            due.add((row.trade, row.fee, "fee_back"))
        if found != due:
            yield Violation("M6", f"Refund {name} moved money otherwise than it says.")
        if row.corrected:  # what was paid changed since: see `busts`
            continue
        amount, fee = back.get(row.trade, (0, 0))
        back[row.trade] = amount + row.amount, fee + row.fee
        yield from _within_what_was_paid(row, *back[row.trade])
    for seq in sorted(moved):
        yield Violation("M6", f"Record {seq} moved a refund that is not there.")


def _within_what_was_paid(row: Any, amount: int, fee: int) -> Iterator[Violation]:
    """Judge what a refund and those before it gave back of a trade and its fee."""
    name = ids.encode("refund", row.id)
    paid = row.released if row.escrow else row.value
    if amount > paid or row.state != "settled":
        yield Violation("P6", f"Refund {name} gives back more than was paid.")
        return
    charged = row.charged if row.escrow else row.agreed
    kept = charges.due(row.trade_bps, row.rules, row.fee_rule, paid - amount)
    if charged - fee != kept:
        yield Violation("M8", f"Refund {name} leaves a fee of {charged - fee}.")
    if amount == paid and row.right_state in ("active", "suspended"):
        yield Violation("S2", f"Refund {name} gave all back; the right goes on.")


REFUNDS = """
    SELECT r.*, t.price * t.quantity AS value, t.fee AS agreed, t.state,
           e.trade AS escrow, e.released, e.fee AS charged,
           f.trade_bps, f.rules, c.fee_rule,
           n.state AS right_state, b.trade AS corrected
    FROM refunds r LEFT JOIN trades t ON t.id = r.trade
    LEFT JOIN escrows e ON e.trade = r.trade
    LEFT JOIN contracts c ON c.trade = r.trade
    LEFT JOIN fee_schedules f ON f.version = c.fee_schedule
    LEFT JOIN entitlements n ON n.trade = r.trade
    LEFT JOIN (SELECT DISTINCT trade FROM busts) b ON b.trade = r.trade ORDER BY r.id
"""


def _wrong(number: int, what: str, code: str) -> Violation:
    return Violation(code, f"Dispute {ids.encode('dispute', number)} {what}.")
