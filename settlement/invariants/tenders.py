"""Invariants of tenders: sealed in time, opened as sealed, failed by the rule."""

import hashlib
import json
from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask

COUNTED = """
    SELECT t.id, t.state, t.bidders_min, t.closes_us, t.buyer,
           COUNT(b.vendor) AS bids,
           SUM(CASE WHEN b.state = 'sealed' THEN 1 ELSE 0 END) AS sealed,
           SUM(CASE WHEN b.state = 'opened' THEN 1 ELSE 0 END) AS opened,
           SUM(CASE WHEN b.at_us >= t.closes_us OR b.vendor = t.buyer
                    THEN 1 ELSE 0 END) AS odd
    FROM tenders t LEFT JOIN tender_bids b ON b.demand = t.id
    GROUP BY t.id, t.state, t.bidders_min, t.closes_us, t.buyer ORDER BY t.id
"""

# what ends a bond, by what became of it
ENDED_BY = {"returned": "bond_back", "forfeited": "bond_lost"}


def closed_by_the_rule(db: Connection) -> Iterator[Violation]:
    """K4: bids come before the close; too few fail a tender and stay unopened."""
    for row in ask(db, COUNTED):
        if row.odd:
            yield _wrong(row.id, "has a bid after its close or of its buyer", "K4")
        few = row.bids < row.bidders_min
        if row.opened and few:
            yield _wrong(row.id, "was opened with too few bidders", "K4")
        waits = row.state in ("open", "closed")
        if row.bids and (row.sealed == row.bids) != waits:
            yield _wrong(row.id, f"is {row.state}, its bids say otherwise", "K4")
        if row.opened and row.state not in ("opened", "awarded", "failed"):
            yield _wrong(row.id, f"is {row.state}, but bids were opened", "K4")


def opened_as_sealed(db: Connection) -> Iterator[Violation]:
    """K5: each bid that was opened is the one that was sealed, at its price."""
    found = ask(
        db,
        """
        SELECT b.demand, b.vendor, b.commitment, b.salt, o.id AS offer,
               o.instrument, o.price, o.quantity, o.note,
               o.maker = b.vendor AND o.vendor = b.vendor AND o.member = t.buyer
               AND o.demand = b.demand AND o.answers IS NULL AS fits
        FROM tender_bids b LEFT JOIN offers o ON o.id = b.offer
        LEFT JOIN tenders t ON t.id = b.demand
        WHERE b.state = 'opened' ORDER BY b.demand, b.vendor
        """,
    )
    for row in found:
        said = [row.demand, row.vendor, row.instrument, row.price, row.quantity]
        text = json.dumps(
            [*said, row.note, row.salt], ensure_ascii=False, separators=(",", ":")
        )
        digest = hashlib.sha256(text.encode()).hexdigest()
        if not (row.offer and row.fits) or digest != row.commitment:
            yield _wrong(row.demand, "has a bid that is not what was sealed", "K5")
    alone = """
        SELECT o.id, o.demand FROM offers o JOIN tenders t ON t.id = o.demand
        LEFT JOIN tender_bids b ON b.offer = o.id
        WHERE b.offer IS NULL AND t.state IN ('opened', 'awarded') ORDER BY o.id
    """
    for row in ask(db, alone):
        yield _wrong(row.demand, "has an answer that was not sealed", "K5")


def bonds_follow(db: Connection) -> Iterator[Violation]:
    """K7: a bond is held once, and returned or forfeited once; none is left over."""
    moved: dict[tuple[int, int], list[tuple[str, int]]] = {}
    moves = """
        SELECT t.subject, a.owner, t.reason, t.amount FROM transfers t
        JOIN accounts a ON a.id = t.debit
        WHERE t.reason IN ('bond', 'bond_back', 'bond_lost') ORDER BY t.id
    """
    for tender, owner, reason, amount in ask(db, moves):
        moved.setdefault((tender, owner), []).append((reason, amount))
    bids = """
        SELECT b.demand, b.vendor, b.state, b.bond, t.deposit, t.state AS stands
        FROM tender_bids b JOIN tenders t ON t.id = b.demand
        ORDER BY b.demand, b.vendor
    """
    for row in ask(db, bids):
        due = [("bond", row.deposit)] if row.deposit else []
        if row.bond in ENDED_BY:
            due.append((ENDED_BY[row.bond], row.deposit))
        if moved.pop((row.demand, row.vendor), []) != due:
            yield _wrong(row.demand, "has moved a bond otherwise than it says", "K7")
        if row.bond == "held" and row.stands not in ("open", "closed", "opened"):
            yield _wrong(row.demand, "is over but holds a bond", "K7")
        if row.bond == "forfeited" and row.state not in ("opened", "void"):
            yield _wrong(row.demand, "kept the bond of a bid not opened", "K7")
    for demand, _ in sorted(moved):
        yield _wrong(demand, "has moved a bond of nobody who bid", "K7")


def _wrong(demand: int, what: str, code: str) -> Violation:
    return Violation(code, f"Tender {ids.encode('demand', demand)} {what}.")
