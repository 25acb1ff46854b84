"""Invariants of pay-ins by card: what is booked is what the provider's lines say."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row

from settlement import ids
from settlement.invariants.violation import Violation, account_name, ask, asset_name
from settlement.ledger import PROVIDER
from settlement.money import INSTRUMENT_MIN
from settlement.tables import OPEN_POCKET

# What a line of a kind is called in the ledger.
REASONS = {
    "charge": "payin",
    "refund": "card_refund",
    "refund_back": "card_refund_back",
    "dispute": "chargeback",
    "dispute_back": "chargeback_back",
}


def lines_add_up(db: Connection) -> Iterator[Violation]:
    """P2, P6: each pay-in by card is what its lines add up to, whatever their order."""
    found = ask(
        db,
        """
        SELECT p.id, p.amount, p.state, c.captured, c.refunded, c.withdrawn, c.returned,
               c.costs, c.outcome,
               COALESCE(SUM(CASE WHEN l.kind = 'charge' THEN l.amount END), 0)
                   AS charge,
               COALESCE(SUM(CASE WHEN l.kind IN ('refund', 'refund_back')
                                 THEN -l.amount END), 0) AS refund,
               COALESCE(SUM(CASE WHEN l.kind = 'dispute' THEN -l.amount END), 0)
                   AS lost,
               COALESCE(SUM(CASE WHEN l.kind = 'dispute_back' THEN l.amount END), 0)
                   AS back,
               COALESCE(SUM(l.fee), 0) AS fee,
               COALESCE(SUM(CASE WHEN l.currency <> p.currency THEN 1 END), 0) AS odd
        FROM cards c JOIN payins p ON p.id = c.payin
        LEFT JOIN provider_lines l ON l.payin = c.payin
        GROUP BY p.id, p.amount, p.state, c.captured, c.refunded, c.withdrawn,
                 c.returned, c.costs, c.outcome
        ORDER BY p.id
        """,
    )
    for row in found:
        name = ids.encode("payin", row.id)
        sums = (row.charge, row.refund, row.lost, row.back, row.fee)
        kept = (row.captured, row.refunded, row.withdrawn, row.returned, row.costs)
        if sums != kept or row.odd:
            yield Violation("P2", f"{name} is not what its lines add up to.")
        if row.captured not in (0, row.amount):
            yield Violation("P3", f"{name} captured {row.captured} of {row.amount}.")
        if row.state != _state(row):
            yield Violation("P2", f"{name} is {row.state}; its lines say otherwise.")


def _state(row: Row[Any]) -> str:
    """Return the state that sums and outcome come to, by a rule of our own."""
    facts = row._asdict()
    if not facts["captured"]:
        return "failed" if facts["state"] == "failed" else "created"
    if facts["outcome"] == "lost":
        return "charged_back"
    if facts["withdrawn"] and facts["outcome"] == "":
        return "disputed"
    return "refunded" if facts["refunded"] >= facts["captured"] else "succeeded"


def moved_as_lined(db: Connection) -> Iterator[Violation]:
    """P1: for each pay-in by card the ledger moved exactly what its lines say."""
    moved: dict[tuple[int, str], int] = {}
    reasons = ", ".join(f"'{reason}'" for reason in REASONS.values())
    moves = f"""
        SELECT subject, reason, SUM(amount) AS amount FROM transfers
        WHERE reason IN ({reasons}) AND (reason <> 'payin'
              OR subject IN (SELECT payin FROM cards))
        GROUP BY subject, reason
    """
    for subject, reason, amount in ask(db, moves):
        moved[subject, reason] = int(amount)
    lined = """
        SELECT payin, kind, SUM(amount) AS amount FROM provider_lines
        WHERE payin > 0 GROUP BY payin, kind ORDER BY payin, kind
    """
    for payin, kind, amount in ask(db, lined):
        name, wanted = ids.encode("payin", payin), abs(int(amount))
        found = moved.pop((payin, REASONS.get(kind, kind)), 0)
        if found != wanted:
            yield Violation(
                "P1", f"{name}: the lines ({kind}) say {wanted}, the ledger {found}."
            )
    for payin, reason in sorted(moved):
        name = ids.encode("payin", payin)
        yield Violation("P1", f"{name}: a transfer ({reason}) without its line.")


def clearing_is_the_lines(db: Connection) -> Iterator[Violation]:
    """P1: what the provider has of ours is the sum of its lines, corrections apart."""
    expected: dict[int, int] = {}
    lines = """
        SELECT currency, SUM(amount - fee) AS net FROM provider_lines GROUP BY currency
    """
    for currency, net in ask(db, lines):
        expected[currency] = int(net)
    corrected = """
        SELECT d.asset, SUM(CASE WHEN d.owner = :provider THEN t.amount
                                 ELSE -t.amount END) AS net
        FROM transfers t JOIN accounts d ON d.id = t.debit
        JOIN accounts c ON c.id = t.credit
        WHERE t.reason = 'correction' AND (d.owner = :provider OR c.owner = :provider)
        GROUP BY d.asset
    """
    for asset, net in ask(db, corrected, provider=PROVIDER):
        expected[asset] = expected.get(asset, 0) + int(net)
    kept = {
        asset: -balance
        for asset, balance in ask(
            db,
            "SELECT asset, balance FROM accounts WHERE owner = :provider",
            provider=PROVIDER,
        )
    }
    for asset in sorted(expected.keys() | kept.keys()):
        has, says = kept.get(asset, 0), expected.get(asset, 0)
        if has != says:
            name = asset_name(asset)
            yield Violation(
                "P1", f"The provider's {name} is booked as {has}; its lines say {says}."
            )


def debts_are_paid_first(db: Connection) -> Iterator[Violation]:
    """M4: who owes the exchange has nothing free in that currency."""
    found = ask(
        db,
        """
        SELECT o.owner, o.asset, o.balance, f.balance AS free
        FROM accounts o JOIN accounts f
             ON f.owner = o.owner AND f.asset = o.asset AND f.pocket = 0
        WHERE o.pocket = :open AND o.owner > 0 AND o.asset < :first
        AND o.balance < 0 AND f.balance > 0 ORDER BY o.id
        """,
        open=OPEN_POCKET,
        first=INSTRUMENT_MIN,
    )
    for owner, asset, balance, free in found:
        whose = account_name(owner, asset, OPEN_POCKET)
        yield Violation("M4", f"{whose} is {balance}, although {free} is free.")
