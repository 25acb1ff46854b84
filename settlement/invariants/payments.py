"""Invariants of payins and payouts: money once, in order, by two pairs of hands."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row

from settlement import ids
from settlement.invariants.violation import Violation, ask
from settlement.money import BY_ASSET
from settlement.payments.payins import ALONE_MAX

# Which state must have been reached before; the first has none.
BEFORE: dict[str, dict[str, tuple[str, ...]]] = {
    "payin": {
        "created": (),
        "pending": ("created",),
        "succeeded": ("pending",),
        "failed": ("created", "pending"),
        "refunded": ("succeeded",),
        "disputed": ("succeeded",),
        "charged_back": ("disputed",),
    },
    "payout": {
        "requested": (),
        "approved": ("requested",),
        "submitted": ("approved",),
        "paid": ("submitted",),
        "failed": ("requested", "approved", "submitted"),
        "cancelled": ("requested",),
    },
}
# The transfers that a state of a payment calls for.
MONEY: dict[str, dict[str, tuple[str, ...]]] = {
    "payin": {"succeeded": ("payin",)},
    "payout": {
        "requested": ("payout_hold",),
        "approved": ("payout_hold",),
        "submitted": ("payout_hold",),
        "paid": ("payout", "payout_hold"),
        "failed": ("payout_hold", "payout_release"),
        "cancelled": ("payout_hold", "payout_release"),
    },
}
LATER = ("refunded", "disputed", "charged_back")  # their money has rules of its own


def money_once(db: Connection) -> Iterator[Violation]:
    """H1, H2, P3: each payment moved its own amount, once, as its state says."""
    for kind, plural in (("payin", "payins"), ("payout", "payouts")):
        reasons = sorted({name for names in MONEY[kind].values() for name in names})
        listed = ", ".join(f"'{name}'" for name in reasons)
        moved: dict[int, list[tuple[str, int, int, int]]] = {}
        moves = f"""
            SELECT t.subject, t.reason, t.amount, d.asset,
                   CASE WHEN t.reason = 'payin' THEN c.owner ELSE d.owner END
            FROM transfers t JOIN accounts d ON d.id = t.debit
            JOIN accounts c ON c.id = t.credit WHERE t.reason IN ({listed})
        """
        for subject, reason, amount, asset, member in ask(db, moves):
            moved.setdefault(subject, []).append((reason, amount, asset, member))
        query = f"SELECT id, member, currency, amount, state FROM {plural} ORDER BY id"
        for row in ask(db, query):
            found = sorted(moved.pop(row.id, []))
            if row.state in LATER:
                continue
            expected = [
                (reason, row.amount, row.currency, row.member)
                for reason in MONEY[kind].get(row.state, ())
            ]
            if found != expected:
                name = ids.encode(kind, row.id)
                yield Violation(
                    "P3", f"{name} is {row.state}; its money moved otherwise."
                )
        for number in sorted(moved):
            name = ids.encode(kind, number)
            yield Violation("P3", f"Money moved for {name}, which does not exist.")


def states_in_order(db: Connection) -> Iterator[Violation]:
    """S1: each payment reached its state by legal steps, each on record."""
    reached: dict[tuple[str, int], set[str]] = {}
    for kind, subject, state in ask(db, "SELECT kind, subject, state FROM arrivals"):
        reached.setdefault((kind, subject), set()).add(state)
    cards = {number for (number,) in ask(db, "SELECT payin FROM cards")}
    query = """
        SELECT 'payin' AS kind, id, state FROM payins
        UNION ALL SELECT 'payout', id, state FROM payouts
    """
    for kind, number, state in ask(db, query):
        states = reached.pop((kind, number), set())
        name = ids.encode(kind, number)
        if state not in states:
            yield Violation("S1", f"{name} is {state}, but never arrived there.")
        before = BEFORE[kind]
        for there in sorted(states):
            if before[there] and not states.intersection(before[there]):
                yield Violation("S1", f"{name} became {there} by a forbidden step.")
        by_card = kind == "payin" and number in cards
        if not by_card and states - {state} and not _last(state, states, before):
            yield Violation("S1", f"{name} is {state}, but has been further.")
    for kind, number in sorted(reached):
        name = ids.encode(kind, number)
        yield Violation("S1", f"{name} reached states, but does not exist.")


def _last(state: str, states: set[str], before: dict[str, tuple[str, ...]]) -> bool:
    """Tell whether no other state of *states* comes after *state*."""
    return not any(state in before[other] for other in states - {state})


def two_pairs_of_hands(db: Connection) -> Iterator[Violation]:
    """A6: who asks does not confirm; who confirms does not approve; none pays alone."""
    query = """
        SELECT id, currency, amount, state, requested_by, confirmed_by, approved_by
        FROM payins WHERE id NOT IN (SELECT payin FROM cards) ORDER BY id
    """
    for row in ask(db, query):
        yield from _payin_hands(row)
    query = (
        "SELECT id, state, requested_by, approved_by, paid_by FROM payouts ORDER BY id"
    )
    for row in ask(db, query):
        name = ids.encode("payout", row.id)
        hands = [row.requested_by, row.approved_by, row.paid_by]
        used = [hand for hand in hands if hand is not None]
        if len(set(used)) < len(used):
            yield Violation(
                "A6", f"Payout {name} went twice through one pair of hands."
            )
        if row.state == "paid" and len(used) < len(hands):
            yield Violation("A6", f"Payout {name} was paid without three persons.")
    yield from _rejected_by_asker(db)


def _payin_hands(row: Row[Any]) -> Iterator[Violation]:
    name = ids.encode("payin", row.id)
    hands = (row.requested_by, row.confirmed_by, row.approved_by)
    used = [hand for hand in hands if hand is not None]
    if len(set(used)) < len(used):
        yield Violation("A6", f"Payin {name} went twice through one pair of hands.")
    if row.state == "succeeded":
        currency = BY_ASSET.get(row.currency)
        alone_max = ALONE_MAX * 10 ** (currency.exponent if currency else 0)
        if row.confirmed_by is None:
            yield Violation("A6", f"Payin {name} was credited without confirmation.")
        elif row.amount > alone_max and row.approved_by is None:
            yield Violation("A6", f"Payin {name} was credited without a second person.")


def _rejected_by_asker(db: Connection) -> Iterator[Violation]:
    found = ask(
        db,
        """
        SELECT a.kind, a.subject, a.state FROM arrivals a
        LEFT JOIN payins i ON a.kind = 'payin' AND i.id = a.subject
        LEFT JOIN payouts o ON a.kind = 'payout' AND o.id = a.subject
        WHERE a.state IN ('pending', 'approved', 'submitted', 'paid', 'failed')
        AND a.by_user = COALESCE(i.requested_by, o.requested_by)
        ORDER BY a.kind, a.subject
        """,
    )
    for kind, number, state in found:
        name = ids.encode(kind, number)
        yield Violation("A6", f"{name} became {state} by the hand that asked for it.")
