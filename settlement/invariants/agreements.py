"""Invariants of contracts: signed by all, traded as signed, paid stage by stage."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask
from settlement.money import BPS

HOUSE = 0


def signed_by_all(db: Connection) -> Iterator[Violation]:
    """C8: a contract is concluded by the signatures of all its parties, in time."""
    signed: dict[int, dict[int, tuple[int, int]]] = {}
    for row in ask(db, "SELECT agreement, party, seq, at_us FROM signatures"):
        signed.setdefault(row.agreement, {})[row.party] = (row.seq, row.at_us)
    found = ask(
        db,
        """
        SELECT a.*, t.seq AS traded_seq FROM agreements a
        LEFT JOIN trades t ON t.id = a.trade ORDER BY a.id
        """,
    )
    for row in found:
        theirs = signed.pop(row.id, {})
        parties = {row.vendor, row.buyer, *([HOUSE] if row.house else [])}
        if not theirs.keys() <= parties:
            yield _wrong(row.id, "is signed by one that is no party")
        if any(seq <= row.seq or at >= row.expires_us for seq, at in theirs.values()):
            yield _wrong(row.id, "was signed before it was there, or too late")
        concluded = row.state == "signed"
        if concluded != (theirs.keys() == parties):
            yield _wrong(row.id, f"is {row.state} with {len(theirs)} signatures")
        elif concluded and max(seq for seq, _ in theirs.values()) != row.traded_seq:
            yield _wrong(row.id, "was not traded by its last signature")
    for number in sorted(signed):
        yield _wrong(number, "is signed, but not there")


def traded_as_signed(db: Connection) -> Iterator[Violation]:
    """C8: the trade of a contract is what its text, known by its hash, says."""
    found = ask(
        db,
        """
        SELECT a.*, x.sha256 AS frozen, x.body, t.id AS traded,
               t.seller = a.vendor AND t.buyer = a.buyer AND t.price = a.price
               AND t.quantity = a.quantity AND t.instrument = a.instrument
               AND t.currency = a.currency AND t.origin = 'negotiated'
               AND c.terms = a.terms AND c.purpose = a.purpose AS fits
        FROM agreements a LEFT JOIN terms x ON x.id = a.terms
        LEFT JOIN trades t ON t.id = a.trade LEFT JOIN contracts c ON c.trade = t.id
        ORDER BY a.id
        """,
    )
    for row in found:
        if row.frozen != row.sha256:
            yield _wrong(row.id, "has another hash than its text")
            continue
        said = json.loads(row.body)["contract"]
        told = (said["number"], said["price"], said["quantity"], said["purpose"])
        name = ids.encode("agreement", row.id)
        if told != (name, row.price, row.quantity, row.purpose):
            yield _wrong(row.id, "says otherwise than its text")
        if row.trade is not None and not (row.traded and row.fits):
            yield _wrong(row.id, "was not traded as it was signed")


def paid_in_stages(db: Connection) -> Iterator[Violation]:
    """C9: stages share out the whole price; the last takes what rounding leaves."""
    found = ask(
        db,
        """
        SELECT a.id, a.stages, a.price * a.quantity AS value, e.stages AS waits
        FROM agreements a LEFT JOIN escrows e ON e.trade = a.trade ORDER BY a.id
        """,
    )
    for row in found:
        shares = [share for _, share, _ in json.loads(row.stages)]
        if sum(shares) != BPS or min(shares) <= 0:
            yield _wrong(row.id, "has stages that are not its price", "C9")
            continue
        parts = [row.value * share // BPS for share in shares[:-1]]
        parts.append(row.value - sum(parts))
        if row.waits and [amount for amount, _ in json.loads(row.waits)] != parts:
            yield _wrong(row.id, "is paid in other stages than were signed", "C9")
    alone = """
        SELECT e.trade FROM escrows e LEFT JOIN agreements a ON a.trade = e.trade
        WHERE e.stages <> '[]' AND a.id IS NULL ORDER BY e.trade
    """
    for (number,) in ask(db, alone):
        name = ids.encode("trade", number)
        yield Violation("C9", f"Trade {name} is paid in stages of no contract.")


def signatures_hold_once(db: Connection) -> Iterator[Violation]:
    """C10: a buyer's signature holds the whole price, once, until the signing ends."""
    moved: dict[int, list[tuple[str, int, int]]] = {}
    moves = """
        SELECT t.subject, t.reason, t.amount, a.owner FROM transfers t
        JOIN accounts a ON a.id = t.debit
        WHERE t.reason IN ('contract_hold', 'contract_release') ORDER BY t.id
    """
    for subject, *move in ask(db, moves):
        moved.setdefault(subject, []).append(tuple(move))
    found = ask(
        db,
        """
        SELECT a.id, a.buyer, a.price * a.quantity AS held, a.state,
               s.seq AS signed_seq, t.seq AS traded_seq
        FROM agreements a
        JOIN signatures s ON s.agreement = a.id AND s.party = a.buyer
        LEFT JOIN trades t ON t.id = a.trade ORDER BY a.id
        """,
    )
    for row in found:
        if not row.held or row.signed_seq == row.traded_seq:
            continue  # signed last: paid at once
        due = [("contract_hold", row.held, row.buyer)]
        if row.state != "signing":
            due.append(("contract_release", row.held, row.buyer))
        if moved.pop(row.id, []) != due:
            yield _wrong(row.id, "has moved money otherwise than it says", "C10")
    for number in sorted(moved):
        yield _wrong(number, "has held money without its buyer's signature", "C10")


def _wrong(number: int, what: str, code: str = "C8") -> Violation:
    return Violation(code, f"Contract {ids.encode('agreement', number)} {what}.")
