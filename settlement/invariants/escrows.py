"""Invariants of escrow: what waits is owed, and leaves once, as was accepted."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants import charges
from settlement.invariants.violation import Violation, account_name, ask

ESCROW, HOUSE = 2, 0
OPEN = ("escrowed", "delivered", "disputed")
REASONS = ("accepted", "accepted_fee", "escrow_back")

ESCROWS = """
    SELECT e.*, t.price, t.quantity, t.price * t.quantity AS value, t.buyer, t.seller,
           t.currency, t.state, t.at_us, t.instrument, f.trade_bps, f.rules,
           COALESCE(a.days, b.acceptance_days) AS acceptance_days,
           c.fee_schedule AS agreed, c.fee_rule AS by_rule
    FROM escrows e LEFT JOIN trades t ON t.id = e.trade
    LEFT JOIN contracts c ON c.trade = e.trade
    LEFT JOIN fee_schedules f ON f.version = e.fee_schedule
    LEFT JOIN books b ON b.instrument = t.instrument
    LEFT JOIN agreements a ON a.trade = e.trade ORDER BY e.trade
"""


def waiting_is_owed(db: Connection) -> Iterator[Violation]:
    """H3: escrow pockets hold what open trades have neither released nor given back."""
    owed: dict[tuple[int, int], int] = {}
    for row in ask(db, ESCROWS):
        if row.state in OPEN:
            key = row.buyer, row.currency
            left = row.value - row.released - row.refunded
            owed[key] = owed.get(key, 0) + left
    covers = """
        SELECT t.buyer, t.currency, SUM(o.cover) AS cover FROM obligations o
        JOIN trades t ON t.id = o.trade WHERE o.state = 'due'
        GROUP BY t.buyer, t.currency
    """
    for buyer, currency, cover in ask(db, covers):
        owed[buyer, currency] = owed.get((buyer, currency), 0) + cover
    query = f"SELECT owner, asset, balance FROM accounts WHERE pocket = {ESCROW}"
    has = {(owner, asset): balance for owner, asset, balance in ask(db, query)}
    for owner, asset in sorted(has.keys() | owed.keys()):
        there, due = has.get((owner, asset), 0), owed.get((owner, asset), 0)
        if there != due:
            whose = account_name(owner, asset, ESCROW)
            yield Violation("H3", f"{whose} is {there}; its open trades need {due}.")


def paid_as_accepted(db: Connection) -> Iterator[Violation]:
    """H1, M8: what left escrow went to the trade's own parties, less the frozen fee."""
    moved: dict[int, dict[str, int]] = {}
    moves = """
        SELECT x.subject, x.reason, x.amount, d.owner AS giver, d.pocket AS source,
               c.owner AS taker, c.pocket AS target, d.asset, t.buyer, t.seller,
               t.currency
        FROM transfers x
        JOIN accounts d ON d.id = x.debit JOIN accounts c ON c.id = x.credit
        LEFT JOIN trades t ON t.id = x.subject
        WHERE x.reason IN ('accepted', 'accepted_fee', 'escrow_back') ORDER BY x.id
    """
    for row in ask(db, moves):
        ways = {
            "accepted": (row.buyer, ESCROW, row.seller, 0),
            "accepted_fee": (row.seller, 0, HOUSE, 0),
            "escrow_back": (row.buyer, ESCROW, row.buyer, 0),
        }
        way = (row.giver, row.source, row.taker, row.target)
        if way != ways[row.reason] or row.asset != row.currency:
            yield _wrong(row.subject, f"moved {row.amount} of escrow a wrong way", "S2")
        sums = moved.setdefault(row.subject, dict.fromkeys(REASONS, 0))
        sums[row.reason] += row.amount
    for row in ask(db, ESCROWS):
        if row.value is None or row.trade_bps is None:
            yield _wrong(row.trade, "is in escrow, but is not there as agreed", "S2")
            continue
        sums = moved.pop(row.trade, dict.fromkeys(REASONS, 0))
        said = (row.released, row.fee, row.refunded)
        if tuple(sums[reason] for reason in REASONS) != said:
            yield _wrong(row.trade, f"says {said} left escrow; transfers differ", "H1")
        due = charges.due(row.trade_bps, row.rules, row.fee_rule, row.released)
        agreed = (row.agreed, row.by_rule)
        if row.fee != due or (row.fee_schedule, row.fee_rule) != agreed:
            yield _wrong(row.trade, f"was charged {row.fee}; {due} was due", "M8")
    for number in sorted(moved):
        yield _wrong(number, "moved escrow, but has none", "S2")


def ended_whole(db: Connection) -> Iterator[Violation]:
    """S1: a trade in escrow ends with its money; unwound is who was paid nothing."""
    for row in ask(db, ESCROWS):
        if row.value is None:
            continue
        left = row.value - row.released - row.refunded
        if (row.state in OPEN) != (left > 0):
            yield _wrong(row.trade, f"is {row.state} with {left} in escrow", "S1")
        if (row.state == "unwound") != (row.refunded == row.value):
            yield _wrong(
                row.trade, f"is {row.state}; {row.refunded} of {row.value} went back"
            )
        steps = len(json.loads(row.stages)) or row.quantity
        if row.accepted + row.returned > steps:
            yield _wrong(row.trade, "has more units or stages than were traded")
        due = (row.deliver_by_us, row.accept_by_us)
        waits = {
            "escrowed": due[0] is not None and row.delivered < steps,
            "delivered": due[0] is None and due[1] is not None,
        }.get(row.state, due == (None, None))
        if not waits:
            yield _wrong(row.trade, f"is {row.state}, but not due as such a trade is")
        if row.days != row.acceptance_days:
            yield _wrong(row.trade, f"gives {row.days} days, what was agreed others")


def nothing_overdue(db: Connection) -> Iterator[Violation]:
    """S4: no trade waits past the moment at which it ends by itself."""
    query = "SELECT COALESCE(MAX(at_us), 0) FROM journal"
    (now_us,) = next(iter(ask(db, query)))
    for row in ask(db, ESCROWS):
        for due_us in (row.deliver_by_us, row.accept_by_us):
            if due_us is not None and due_us <= now_us:
                yield _wrong(row.trade, f"was due at {due_us} and still waits", "S4")


def _wrong(trade: int, what: str, code: str = "S1") -> Violation:
    return Violation(code, f"Trade {ids.encode('trade', trade)} {what}.")
