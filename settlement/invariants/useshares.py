"""Invariants of shared use: the parts of a period are what it brought, to the cent."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask


def parts_sum_to_the_period(db: Connection) -> Iterator[Violation]:
    """M8: the parts of a period sum to what it brought, each to within a cent."""
    query = """
        SELECT s.entitlement, s.period, s.place, s.party, s.weight, s.amount,
               p.amount - p.fee AS brought, t.vendor
        FROM use_shares s
        LEFT JOIN periods p ON p.entitlement = s.entitlement AND p.period = s.period
        LEFT JOIN tabs t ON t.entitlement = s.entitlement
        ORDER BY s.entitlement, s.period, s.place
    """
    found = groupby(ask(db, query), key=lambda row: (row.entitlement, row.period))
    for key, rows in found:
        stakes = list(rows)
        whole, total = sum(s.weight for s in stakes), sum(s.amount for s in stakes)
        if total != stakes[0].brought:
            said = f"brought {stakes[0].brought}; its parts sum to {total}"
            yield _wrong(key, said, "M8")
        if [s.place for s in stakes] != list(range(len(stakes))) or (
            stakes[0].party != stakes[0].vendor
        ):
            yield _wrong(key, "lacks a part, or the vendor's is not the first", "M8")
        for stake in stakes:
            if whole and abs(stake.amount * whole - total * stake.weight) > whole:
                yield _wrong(key, f"gives a part of {stake.amount}, not its own", "M8")


def parts_are_paid(db: Connection) -> Iterator[Violation]:
    """S2: what transfers gave each party of a period is what its parts say."""
    query = """
        SELECT u.entitlement, u.period, d.owner AS giver, d.pocket AS source,
               c.owner AS taker, c.pocket AS target, x.id, x.amount, t.vendor,
               t.currency, d.asset
        FROM transfers x
        LEFT JOIN uses u ON u.id = x.subject
        LEFT JOIN tabs t ON t.entitlement = u.entitlement
        JOIN accounts d ON d.id = x.debit JOIN accounts c ON c.id = x.credit
        WHERE x.reason = 'use_share' ORDER BY x.id
    """
    moved: Counter[tuple[int, int, int]] = Counter()
    for row in ask(db, query):
        ends = row.giver, row.source, row.target, row.asset
        if ends != (row.vendor, 0, 0, row.currency):
            yield Violation("S2", f"Transfer {row.id} gave a part a wrong way.")
            continue
        moved[row.entitlement, row.period, row.taker] += row.amount
    said: Counter[tuple[int, int, int]] = Counter()
    parts = """
        SELECT s.entitlement, s.period, s.party, s.amount FROM use_shares s
        JOIN tabs t ON t.entitlement = s.entitlement WHERE s.party <> t.vendor
    """
    for entitlement, period, party, amount in ask(db, parts):
        said[entitlement, period, party] += amount
    for key in sorted(moved.keys() | said.keys()):
        if moved[key] != said[key]:
            who = ids.encode("member", key[2])
            what = f"says {said[key]} for {who}; transfers moved {moved[key]}"
            yield _wrong(key[:2], what)


def periods_shared_as_agreed(db: Connection) -> Iterator[Violation]:
    """S2: a period is shared just if its product was as it was first used."""
    spans: dict[int, list[tuple[int, int | None]]] = {}
    agreed = """
        SELECT s.product, s.parts, COALESCE(MAX(p.agreed_seq), s.seq) AS first,
               s.ended_seq
        FROM splits s LEFT JOIN split_parties p ON p.split = s.id
        WHERE s.state IN ('in_force', 'replaced')
        GROUP BY s.id, s.product, s.parts, s.seq, s.ended_seq ORDER BY s.id
    """
    for product, parts, first, last in ask(db, agreed):
        if json.loads(parts):
            spans.setdefault(product, []).append((first, last))
    query = """
        SELECT u.entitlement, u.period, MIN(u.seq) AS seq, b.product,
               (SELECT COUNT(*) FROM use_shares s WHERE s.entitlement = u.entitlement
                AND s.period = u.period) AS stakes
        FROM uses u JOIN tabs t ON t.entitlement = u.entitlement
        JOIN books b ON b.instrument = t.instrument
        GROUP BY u.entitlement, u.period, b.product ORDER BY u.entitlement, u.period
    """
    for row in ask(db, query):
        shared = any(
            first < row.seq and (last is None or row.seq < last)
            for first, last in spans.get(row.product, ())
        )
        if shared != bool(row.stakes):
            what = "is not shared as agreed" if shared else "is shared by nobody's word"
            yield _wrong((row.entitlement, row.period), what)


def _wrong(key: tuple[int, ...], what: str, code: str = "S2") -> Violation:
    name = ids.encode("entitlement", key[0])
    return Violation(code, f"Period {key[1]} of right {name} {what}.")
