"""Invariants of metered use: counted once, paid by the plan, from money set aside."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants import charges
from settlement.invariants.violation import Violation, ask
from settlement.money import AMOUNT_MAX

UNITS_MAX = 1_000_000_000_000  # that a period charges
METERED = ("per_call", "per_record", "per_hit")


def periods_add_up(db: Connection) -> Iterator[Violation]:
    """U1: each period is the sum of its uses, and costs what its plan says."""
    found = ask(
        db,
        """
        SELECT p.entitlement, p.period, p.units, p.due, p.amount, p.fee,
               p.calls, p.hits, p.records, t.terms, s.trade_bps, s.rules, p.fee_rule,
               u.units AS units_of, u.due AS due_of, u.amount AS amount_of,
               u.fee AS fee_of, u.calls AS calls_of
        FROM periods p
        LEFT JOIN tabs t ON t.entitlement = p.entitlement
        LEFT JOIN fee_schedules s ON s.version = p.fee_schedule
        LEFT JOIN (SELECT entitlement, period, SUM(units) AS units, SUM(due) AS due,
                          SUM(amount) AS amount, SUM(fee) AS fee, SUM(calls) AS calls
                   FROM uses GROUP BY entitlement, period) u
               ON u.entitlement = p.entitlement AND u.period = p.period
        ORDER BY p.entitlement, p.period
        """,
    )
    plans = dict(_plans(db))
    for row in found:
        summed = (row.units_of, row.due_of, row.amount_of, row.fee_of, row.calls_of)
        if summed != (row.units, row.due, row.amount, row.fee, row.calls):
            yield _wrong(row, "is not the sum of its uses")
        mode, plan = plans.get(row.terms, ("", None))
        units = {"per_hit": row.hits, "per_record": row.records}.get(mode, row.calls)
        units = min(units, UNITS_MAX)
        if units != row.units:
            yield _wrong(row, f"counts {row.units}; its calls make {units}")
        if row.due != _cost(plan, row.units):
            yield _wrong(row, f"was due {row.due}; {_cost(plan, row.units)} by plan")
        rules = row.rules or "[]"
        fee = charges.due(row.trade_bps, rules, row.fee_rule, row.amount)
        if row.fee != fee:
            yield _wrong(row, f"was charged {row.fee}; {fee} was due to the house")


def uses_are_paid(db: Connection) -> Iterator[Violation]:
    """U2: each use moved just what it says, from its buyer's held money."""
    found = ask(
        db,
        """
        SELECT u.id, u.amount, u.fee, COALESCE(m.paid, 0) AS paid,
               COALESCE(m.fees, 0) AS fees, COALESCE(m.odd, 0) AS odd
        FROM uses u
        LEFT JOIN (
            SELECT x.subject,
                   SUM(CASE WHEN x.reason = 'use' THEN x.amount ELSE 0 END) AS paid,
                   SUM(CASE WHEN x.reason = 'use_fee' THEN x.amount ELSE 0 END) AS fees,
                   SUM(CASE WHEN x.reason = 'use' AND NOT (d.owner = b.holder
                            AND d.pocket = 1 AND c.owner = b.vendor
                            AND c.pocket = 0 AND d.asset = b.currency)
                       THEN 1 ELSE 0 END) AS odd
            FROM transfers x JOIN uses v ON v.id = x.subject
            JOIN tabs b ON b.entitlement = v.entitlement
            JOIN accounts d ON d.id = x.debit JOIN accounts c ON c.id = x.credit
            WHERE x.reason IN ('use', 'use_fee') GROUP BY x.subject
        ) m ON m.subject = u.id
        ORDER BY u.id
        """,
    )
    for row in found:
        name = f"Use {row.id}"
        if (row.paid, row.fees) != (row.amount, row.fee):
            yield Violation(
                "U2", f"{name} says {row.amount}, fee {row.fee}; its transfers differ."
            )
        if row.odd:
            yield Violation("U2", f"{name} was paid by another, or to another.")


def calls_were_counted(db: Connection) -> Iterator[Violation]:
    """U3: what was counted of a meter is what its record of calls says."""
    found = ask(
        db,
        """
        SELECT c.entitlement, SUM(c.counted) AS calls, SUM(c.hit) AS hits,
               COALESCE(u.calls, 0) AS counted, COALESCE(u.hits, 0) AS hit
        FROM calls c JOIN meters m ON m.meter = c.meter AND c.place < m.position
        JOIN tabs t ON t.entitlement = c.entitlement
        LEFT JOIN (SELECT entitlement, SUM(calls) AS calls, SUM(hits) AS hits
                   FROM uses WHERE meter <> '' GROUP BY entitlement) u
               ON u.entitlement = c.entitlement
        GROUP BY c.entitlement, u.calls, u.hits ORDER BY c.entitlement
        """,
    )
    for row in found:
        if (row.calls, row.hits) != (row.counted, row.hit):
            name = ids.encode("entitlement", row.entitlement)
            yield Violation(
                "U3", f"Right {name} was counted {row.counted} calls of {row.calls}."
            )


def _plans(db: Connection) -> Iterator[tuple[int, tuple[str, Any]]]:
    used = "SELECT id, body FROM terms WHERE id IN (SELECT terms FROM tabs)"
    for number, body in ask(db, used):
        said = json.loads(body)
        if not isinstance(said, dict):
            continue
        mode = str(said.get("mode", ""))
        yield number, (mode, said.get("plan") if mode in METERED else None)


def _cost(plan: Any, units: int) -> int:
    """Return what units cost: told here once more, apart from `listings.plans`."""
    if not plan:
        return 0
    quota = plan["quota"]
    left = max(0, (units if quota is None else min(units, quota)) - plan["free_units"])
    worth, below = 0, 0
    for tier in plan["tiers"]:
        end = left if tier["up_to"] is None else min(left, tier["up_to"])
        worth += max(0, end - below) * tier["price"]
        below = max(below, end)
    total = -(-worth // plan["pack"])
    cap = plan["spend_cap"]
    return int(min(total, AMOUNT_MAX if cap is None else cap, AMOUNT_MAX))


def _wrong(row: Any, what: str) -> Violation:
    name = ids.encode("entitlement", row.entitlement)
    return Violation("U1", f"Period {row.period} of right {name} {what}.")
