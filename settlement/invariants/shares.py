"""Invariants of shares and taxes: the parts of a trade are the trade, to the cent."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask

FREE = 0
# What a trade has brought its seller so far, after the fee and what went back.
PROCEEDS = """
    SELECT t.id, t.seq, t.seller, t.currency,
           CASE WHEN e.trade IS NULL
                THEN CASE WHEN COALESCE(o.state, t.state) <> 'due'
                     THEN t.price * t.quantity - t.fee ELSE 0 END
                ELSE e.released - e.fee END
           - COALESCE((SELECT SUM(r.amount - r.fee) FROM refunds r
                       WHERE r.trade = t.id), 0)
           - COALESCE((SELECT SUM(b.amount - b.fee) FROM busts b
                       WHERE b.trade = t.id
                       AND (e.trade IS NULL OR e.released > 0)), 0) AS proceeds
    FROM trades t LEFT JOIN escrows e ON e.trade = t.id
    LEFT JOIN obligations o ON o.trade = t.id
"""
MOVES = """
    SELECT x.subject, x.seq, x.reason, x.amount, d.owner AS giver, d.pocket AS source,
           c.owner AS taker, c.pocket AS target, d.asset
    FROM transfers x
    JOIN accounts d ON d.id = x.debit JOIN accounts c ON c.id = x.credit
    WHERE x.reason IN ('share', 'share_back') ORDER BY x.subject, x.id
"""


class Facts(NamedTuple):
    """What the shares of a trade are held against."""

    seller: int
    currency: int
    proceeds: int


def shares_sum_to_the_trade(db: Connection) -> Iterator[Violation]:
    """M8: the shares of a trade sum to what it brought, each within a cent of its part.

    Who got more than a minor unit above or below its exact part was wronged.
    """
    query = f"""
        SELECT s.trade, s.place, s.party, s.weight, s.amount, p.seller, p.proceeds
        FROM shares s LEFT JOIN ({PROCEEDS}) p ON p.id = s.trade
        ORDER BY s.trade, s.place
    """
    for number, found in groupby(ask(db, query), key=lambda row: row.trade):
        stakes = list(found)
        whole, total = sum(s.weight for s in stakes), sum(s.amount for s in stakes)
        first = stakes[0]
        if first.proceeds is None:
            yield _wrong(number, "is shared, but is not there", "M8")
            continue
        if total != first.proceeds:
            brought = f"brought {first.proceeds}; its shares sum to {total}"
            yield _wrong(number, brought, "M8")
        if [s.place for s in stakes] != list(range(len(stakes))) or (
            first.party != first.seller
        ):
            what = "lacks a share, or the seller's is not the first"
            yield _wrong(number, what, "M8")
        for stake in stakes:
            if whole and abs(stake.amount * whole - total * stake.weight) > whole:
                who = ids.encode("member", stake.party)
                what = f"gives {who} {stake.amount}, not its part"
                yield _wrong(number, what, "M8")


def shares_are_paid(db: Connection) -> Iterator[Violation]:
    """S2: what transfers moved between a seller and the others is what shares say."""
    moved: dict[tuple[int, int], int] = {}
    trades = {row.id: row for row in ask(db, f"{PROCEEDS} ORDER BY t.id")}
    for row in ask(db, MOVES):
        gives = row.reason == "share"
        seller, party = (row.giver, row.taker) if gives else (row.taker, row.giver)
        trade = trades.get(row.subject)
        ends = (row.source, row.target, seller, row.asset)
        if trade is None or ends != (FREE, FREE, trade.seller, trade.currency):
            yield _wrong(row.subject, f"moved a share of {row.amount} a wrong way")
            continue
        key = row.subject, party
        moved[key] = moved.get(key, 0) + (row.amount if gives else -row.amount)
    said: dict[tuple[int, int], int] = {}
    query = "SELECT trade, party, amount - netted FROM shares"
    for number, party, amount in ask(db, query):
        trade = trades.get(number)
        if trade is not None and party != trade.seller:
            said[number, party] = said.get((number, party), 0) + amount
    for number, party in sorted(moved.keys() | said.keys()):
        has, due = moved.get((number, party), 0), said.get((number, party), 0)
        if has != due:
            who = ids.encode("member", party)
            yield _wrong(number, f"says {due} for {who}; transfers moved {has}")


def shared_as_agreed(db: Connection) -> Iterator[Violation]:
    """S2: a trade is shared just if its product was, by those who had consented."""
    found = ask(
        db,
        """
        SELECT s.id, s.seq, s.state, s.parts, s.ended_seq, p.member, p.agreed_seq
        FROM splits s LEFT JOIN split_parties p ON p.split = s.id ORDER BY s.id
        """,
    )
    for number, rows in groupby(found, key=lambda row: row.id):
        consents = list(rows)
        missing = [r.member for r in consents if r.member and r.agreed_seq is None]
        one, name = consents[0], ids.encode("split", number)
        if one.state in ("in_force", "replaced") and missing:
            who = ids.encode("member", missing[0])
            yield Violation("S2", f"Agreement {name} counts without {who}'s consent.")
        bound = {p[0] for p in json.loads(one.parts) if p[0]}
        if bound - {r.member for r in consents}:
            yield Violation("S2", f"Agreement {name} never asked one of its parties.")
    yield from _shared_ones(db)


def _shared_ones(db: Connection) -> Iterator[Violation]:
    """Compare which sales of vendors have shares with what was in force at each."""
    query = """
        SELECT t.id, t.seq, b.product, t.seller, b.vendor, t.price,
               (SELECT COUNT(*) FROM shares s WHERE s.trade = t.id) AS stakes
        FROM trades t JOIN books b ON b.instrument = t.instrument
        WHERE b.product > 0 ORDER BY t.id
    """
    agreed = _agreed(db)
    for trade in ask(db, query):
        own = trade.seller == trade.vendor and trade.price > 0
        shared = own and any(
            first < trade.seq and (last is None or trade.seq < last)
            for first, last in agreed.get(trade.product, ())
        )
        if shared != bool(trade.stakes):
            what = "is not shared as agreed" if shared else "is shared by nobody's word"
            yield _wrong(trade.id, what)


def _agreed(db: Connection) -> dict[int, list[tuple[int, Any]]]:
    """Return for each product the records between which an agreement counted."""
    spans: dict[int, list[tuple[int, Any]]] = {}
    query = """
        SELECT s.product, s.parts, COALESCE(MAX(p.agreed_seq), s.seq), s.ended_seq
        FROM splits s LEFT JOIN split_parties p ON p.split = s.id
        WHERE s.state IN ('in_force', 'replaced')
        GROUP BY s.id, s.product, s.parts, s.seq, s.ended_seq ORDER BY s.id
    """
    for product, parts, first, last in ask(db, query):
        if json.loads(parts):
            spans.setdefault(product, []).append((first, last))
    return spans


def taxed_as_published(db: Connection) -> Iterator[Violation]:
    """M8: each contract freezes the rates of tax that were in force at its trade."""
    versions = {
        row.version: row.seq
        for row in ask(db, "SELECT version, seq FROM tax_schedules")
    }
    query = """
        SELECT t.id, t.seq, c.tax_schedule FROM trades t
        JOIN contracts c ON c.trade = t.id ORDER BY t.id
    """
    for number, seq, version in ask(db, query):
        known = [one for one, since in versions.items() if since <= seq]
        if version != max(known, default=None):
            yield _wrong(number, f"names tax schedule {version}, not in force", "M8")


def _wrong(trade: int, what: str, code: str = "S2") -> Violation:
    return Violation(code, f"Trade {ids.encode('trade', trade)} {what}.")
