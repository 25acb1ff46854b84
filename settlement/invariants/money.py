"""Invariants of money: nothing appears, nothing vanishes, nobody is overdrawn."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants import charges
from settlement.invariants.violation import (
    Violation,
    account_name,
    ask,
    asset_name,
)
from settlement.ledger import PROVIDER
from settlement.money import AMOUNT_MAX, BY_ASSET, INSTRUMENT_MIN
from settlement.tables import OPEN_POCKET

MONEY_COLUMNS = (
    ("accounts", "balance", AMOUNT_MAX * 1_000),
    ("transfers", "amount", AMOUNT_MAX),
    ("trades", "price", AMOUNT_MAX),
    ("trades", "quantity", AMOUNT_MAX),
    ("trades", "fee", AMOUNT_MAX),
    ("disputes", "left_over", AMOUNT_MAX),
    ("disputes", "refund", AMOUNT_MAX),
    ("refunds", "amount", AMOUNT_MAX),
    ("refunds", "fee", AMOUNT_MAX),
    ("busts", "amount", AMOUNT_MAX),
    ("busts", "fee", AMOUNT_MAX),
    ("busts", "paid", AMOUNT_MAX),
    ("shares", "amount", AMOUNT_MAX),
    ("obligations", "cover", AMOUNT_MAX),
    ("run_lines", "pays", AMOUNT_MAX * 1_000),
    ("run_lines", "gets", AMOUNT_MAX * 1_000),
    ("fails", "amount", AMOUNT_MAX * 1_000),
    ("escrows", "released", AMOUNT_MAX),
    ("escrows", "refunded", AMOUNT_MAX),
    ("escrows", "fee", AMOUNT_MAX),
    ("orders", "price", AMOUNT_MAX),
    ("orders", "quantity", AMOUNT_MAX),
    ("orders", "remaining", AMOUNT_MAX),
    ("payins", "amount", AMOUNT_MAX),
    ("payouts", "amount", AMOUNT_MAX),
    ("cards", "captured", AMOUNT_MAX),
    ("cards", "withdrawn", AMOUNT_MAX),
    ("provider_lines", "amount", AMOUNT_MAX),
    ("provider_lines", "fee", AMOUNT_MAX),
    ("entitlements", "quantity", AMOUNT_MAX),
    ("tabs", "held", AMOUNT_MAX),
    ("uses", "due", AMOUNT_MAX),
    ("uses", "amount", AMOUNT_MAX),
    ("periods", "amount", AMOUNT_MAX * 1_000),
)


def two_sides(db: Connection) -> Iterator[Violation]:
    """M1: each transfer takes from one account what it gives to another."""
    found = ask(
        db,
        """
        SELECT t.id, t.amount, t.debit, t.credit, d.id AS giver, c.id AS taker
        FROM transfers t
        LEFT JOIN accounts d ON d.id = t.debit
        LEFT JOIN accounts c ON c.id = t.credit
        WHERE d.id IS NULL OR c.id IS NULL OR t.debit = t.credit OR t.amount <= 0
        """,
    )
    for row in found:
        name = ids.encode("transfer", row.id)
        if row.giver is None or row.taker is None:
            missing = row.debit if row.giver is None else row.credit
            yield Violation(
                "M1", f"Transfer {name} names account {missing}, not there."
            )
        elif row.debit == row.credit:
            yield Violation(
                "M1", f"Transfer {name} has the same account on both sides."
            )
        else:
            yield Violation("M1", f"Transfer {name} moves {row.amount}.")


def parties_named(db: Connection) -> Iterator[Violation]:
    """M1: the parties that a transfer of money names are the owners of its accounts.

    The world outside, an open pocket, is no party; nobody is their own payee. Of
    what settles a trade only the house is named: members find it by the trade.
    """
    found = ask(
        db,
        """
        SELECT id FROM (
            SELECT t.id, t.payer, t.payee,
                   CASE WHEN d.asset < :first AND d.pocket <> :open
                        THEN d.owner END AS giver,
                   CASE WHEN d.asset < :first AND c.pocket <> :open
                             AND c.owner <> d.owner THEN c.owner END AS taker
            FROM transfers t
            JOIN accounts d ON d.id = t.debit JOIN accounts c ON c.id = t.credit
            WHERE t.reason NOT IN ('payment', 'fee')
            UNION ALL
            SELECT t.id, t.payer, t.payee, NULL,
                   CASE WHEN c.owner = 0 THEN 0 END
            FROM transfers t JOIN accounts c ON c.id = t.credit
            WHERE t.reason IN ('payment', 'fee')
        ) named
        WHERE COALESCE(payer, -1) <> COALESCE(giver, -1)
           OR COALESCE(payee, -1) <> COALESCE(taker, -1)
        ORDER BY id
        """,
        first=INSTRUMENT_MIN,
        open=OPEN_POCKET,
    )
    for (number,) in found:
        name = ids.encode("transfer", number)
        yield Violation(
            "M1", f"Transfer {name} names others than its accounts' owners."
        )


def nothing_from_nothing(db: Connection) -> Iterator[Violation]:
    """M2: the balances of each asset sum to zero."""
    totals: dict[int, int] = {}
    for asset, balance in ask(db, "SELECT asset, balance FROM accounts"):
        totals[asset] = totals.get(asset, 0) + balance
    for asset, total in sorted(totals.items()):
        if total:
            yield Violation(
                "M2", f"The balances of {asset_name(asset)} sum to {total}."
            )


def balances_follow(db: Connection) -> Iterator[Violation]:
    """M3 and M4: folding the transfers gives the balances, and never an overdraft."""
    accounts = {
        row.id: row for row in ask(db, "SELECT id, owner, asset, pocket FROM accounts")
    }
    folded = dict.fromkeys(accounts, 0)
    overdrawn: set[int] = set()
    moves = ask(db, "SELECT id, debit, credit, amount FROM transfers ORDER BY id")
    for number, debit, credit, amount in moves:
        folded[credit] = folded.get(credit, 0) + amount
        left = folded[debit] = folded.get(debit, 0) - amount
        if left < 0 and debit in accounts and debit not in overdrawn:
            account = accounts[debit]
            if account.pocket != OPEN_POCKET:
                overdrawn.add(debit)
                name = ids.encode("transfer", number)
                whose = account_name(account.owner, account.asset, account.pocket)
                yield Violation("M4", f"Transfer {name} took {whose} to {left}.")
    for number, balance in ask(db, "SELECT id, balance FROM accounts ORDER BY id"):
        if folded[number] != balance:
            _, owner, asset, pocket = accounts[number]
            yield Violation(
                "M3",
                f"Account {number}, {account_name(owner, asset, pocket)}, says"
                f" {balance} but its transfers make {folded[number]}.",
            )


def nobody_overdrawn(db: Connection) -> Iterator[Violation]:
    """M4: only an open pocket may be below zero, and it may not be above.

    But for a provider's: after chargebacks we may owe it.
    """
    found = ask(
        db,
        """
        SELECT owner, asset, pocket, balance FROM accounts
        WHERE (pocket <> :open AND balance < 0)
           OR (pocket = :open AND balance > 0 AND owner <> :provider)
        ORDER BY id
        """,
        open=OPEN_POCKET,
        provider=PROVIDER,
    )
    for owner, asset, pocket, balance in found:
        whose = account_name(owner, asset, pocket)
        what = "overdrawn at" if balance < 0 else "above zero, at"
        yield Violation("M4", f"{whose} is {what} {balance}.")


def whole_numbers(db: Connection) -> Iterator[Violation]:
    """M5: amounts are integers within bounds, of a known currency."""
    kind, whole = ("typeof({0})", "integer")
    if db.dialect.name == "postgresql":
        kind, whole = ("pg_typeof({0})::text", "bigint")
    for table, column, most in MONEY_COLUMNS:
        typed = kind.format(column)
        found = ask(
            db,
            f"""
            SELECT {column} AS value, {typed} AS kind FROM {table}
            WHERE {column} IS NOT NULL
            AND ({typed} <> :whole OR {column} > :most OR {column} < -:most)
            """,
            whole=whole,
            most=most,
        )
        for value, found_kind in found:
            yield Violation(
                "M5", f"{table}.{column} holds {value!r} ({found_kind}), out of bounds."
            )
    yield from _known_currencies(db)


def _known_currencies(db: Connection) -> Iterator[Violation]:
    money = "SELECT DISTINCT asset FROM accounts WHERE asset < :first ORDER BY asset"
    for (asset,) in ask(db, money, first=INSTRUMENT_MIN):
        if asset not in BY_ASSET:
            yield Violation("M5", f"Accounts hold asset {asset}, not a known currency.")


def one_asset(db: Connection) -> Iterator[Violation]:
    """M7: a transfer moves one asset."""
    found = ask(
        db,
        """
        SELECT t.id, d.asset AS given, c.asset AS taken FROM transfers t
        JOIN accounts d ON d.id = t.debit JOIN accounts c ON c.id = t.credit
        WHERE d.asset <> c.asset ORDER BY t.id
        """,
    )
    for number, given, taken in found:
        yield Violation(
            "M7",
            f"Transfer {ids.encode('transfer', number)} takes {asset_name(given)}"
            f" and gives {asset_name(taken)}.",
        )


def outside_is_the_house(db: Connection) -> Iterator[Violation]:
    """M11: money comes from and goes to the outside through the house alone.

    A member's own open pocket is what it owes after a chargeback or a refund.
    """
    found = ask(
        db,
        """
        SELECT DISTINCT a.owner, a.asset FROM accounts a
        LEFT JOIN transfers t ON t.debit = a.id OR t.credit = a.id
        WHERE a.asset < :first AND a.pocket = :open AND a.owner > 0
        AND (t.id IS NULL OR t.reason NOT IN ('chargeback', 'card_refund', 'debt_paid'))
        ORDER BY a.owner, a.asset
        """,
        first=INSTRUMENT_MIN,
        open=OPEN_POCKET,
    )
    for owner, asset in found:
        whose = account_name(owner, asset, OPEN_POCKET)
        yield Violation("M11", f"{whose} is a way in and out of its own.")


def fees_as_published(db: Connection) -> Iterator[Violation]:
    """M8: each fee is by the first rule of the schedule in force that covers it."""
    schedules = {
        row.version: row
        for row in ask(db, "SELECT version, seq, trade_bps, rules FROM fee_schedules")
    }
    kinds: dict[int, str] = {}
    for number, body in ask(db, "SELECT id, body FROM terms"):
        said = json.loads(body)
        kinds[number] = str(said.get("class", "")) if isinstance(said, dict) else ""
    found = ask(
        db,
        """
        SELECT t.id, t.seq, t.price * t.quantity AS value, t.fee, t.currency, t.origin,
               t.seller, c.fee_schedule, c.fee_rule, c.terms
        FROM trades t JOIN contracts c ON c.trade = t.id ORDER BY t.id
        """,
    )
    for row in found:
        name, version = ids.encode("trade", row.id), row.fee_schedule
        if version not in schedules:
            yield Violation(
                "M8", f"Trade {name} names fee schedule {version}, not there."
            )
            continue
        in_force = max(
            (v for v, one in schedules.items() if one.seq <= row.seq), default=None
        )
        if version != in_force:
            yield Violation(
                "M8",
                f"Trade {name} was charged by fee schedule {version};"
                f" {in_force} was in force.",
            )
        one = schedules[version]
        due = charges.due(one.trade_bps, one.rules, row.fee_rule, row.value)
        if row.fee != due:
            yield Violation("M8", f"Trade {name} was charged {row.fee}; {due} was due.")
        facts = Charged(
            row.currency, kinds.get(row.terms, ""), row.origin, row.seller
        )  # fmt: skip
        if not charges.covers(one.rules, row.fee_rule, facts):
            yield Violation("M8", f"Trade {name} was charged by another's rule.")


class Charged(NamedTuple):
    """What the rules for fees ask of a trade."""

    currency: int
    kind: str
    origin: str
    seller: int
