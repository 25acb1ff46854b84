"""Invariants of cycles: what is owed is what was traded, and runs pay everybody."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask, asset_name

HOUSE, FREE, HELD, ESCROW = 0, 0, 1, 2
OBLIGATIONS = """
    SELECT o.*, t.id AS found, t.price * t.quantity AS value, t.fee, t.buyer, t.seller,
           t.currency, t.state AS stands, e.state AS right_state, e.trade AS of_trade,
           r.state AS run_state, r.currency AS run_currency, f.state AS fail_state
    FROM obligations o LEFT JOIN trades t ON t.id = o.trade
    LEFT JOIN entitlements e ON e.id = o.entitlement
    LEFT JOIN runs r ON r.id = o.run LEFT JOIN fails f ON f.id = o.fail
    ORDER BY o.trade
"""
STANDS = {
    "due": "due",
    "failed": "due",
    "settled": "settled",
    "written_off": "unwound",
}


def owed_as_traded(db: Connection) -> Iterator[Violation]:
    """S5: obligations are those of the deferred trades, each where its trade stands."""
    for row in ask(db, OBLIGATIONS):
        if row.found is None:
            yield _wrong(row.trade, "owes, but is not there")
            continue
        if row.stands != STANDS.get(row.state):
            yield _wrong(row.trade, f"is {row.stands}; what it owes is {row.state}")
        if not 0 <= row.cover <= row.value or row.of_trade != row.trade:
            yield _wrong(row.trade, "owes otherwise than it was traded")
        executed = row.run_state == "executed"
        if executed != (row.state != "due"):
            yield _wrong(row.trade, f"is {row.state} in a run that is {row.run_state}")
        if row.run is not None and row.run_currency != row.currency:
            yield _wrong(row.trade, "is in a run of another currency", "M7")
        if (row.state == "failed") != (row.fail_state == "open"):
            yield _wrong(row.trade, f"is {row.state}, its debt {row.fail_state}")
        if row.stands == "due" and row.right_state == "active":
            yield _wrong(row.trade, "is in force before it is paid", "S2")
    alone = """
        SELECT t.id FROM trades t LEFT JOIN obligations o ON o.trade = t.id
        WHERE t.state = 'due' AND o.trade IS NULL ORDER BY t.id
    """
    for (number,) in ask(db, alone):
        yield _wrong(number, "is due, but owes nothing")


def netted_as_owed(db: Connection) -> Iterator[Violation]:
    """S5: each figure of a run is the sum of its trades; all nets sum to nothing."""
    lines: dict[int, dict[int, list[int]]] = {}
    query = "SELECT * FROM run_lines ORDER BY run, member"
    for run, member, *amounts in ask(db, query):
        lines.setdefault(run, {})[member] = amounts
    sums = _sums(db)
    query = "SELECT id, state, trades, gross, net, by_user, approved_by FROM runs"
    for row in ask(db, f"{query} ORDER BY id"):
        name = ids.encode("run", row.id)
        said = lines.pop(row.id, {})
        nets = [gets - fee + sh - pays for pays, gets, fee, sh, _ in said.values()]
        fees = sum(line[2] for line in said.values())
        if sum(nets) + fees or sum(max(0, -net) for net in nets) != row.net:
            yield Violation("S5", f"The nets of run {name} do not add up.")
        if row.approved_by is not None and row.approved_by == row.by_user:
            yield Violation("A6", f"Run {name} was frozen and approved by one person.")
        if row.state == "cancelled":
            continue
        found = sums.get(row.id, {})
        count = sum(line[5] for line in found.values())
        if row.state != "executed":  # shares are not made yet, only planned
            for line in (*found.values(), *said.values()):
                line[3] = 0
        if count != row.trades or any(
            found.get(m, [0] * 6)[:5] != said.get(m, [0] * 5)
            for m in found.keys() | said.keys()
        ):
            yield Violation("S5", f"Run {name} says other sums than its trades make.")
    for run in sorted(lines):
        name = ids.encode("run", run)
        yield Violation("S5", f"Lines are of run {name}, which does not exist.")


def _sums(db: Connection) -> dict[int, dict[int, list[int]]]:
    """Return what the trades of each run come to for each member; last: bought."""
    sums: dict[int, dict[int, list[int]]] = {}

    def add(run: int, member: int, place: int, amount: int) -> None:
        line = sums.setdefault(run, {}).setdefault(member, [0] * 6)
        line[place] += amount

    for row in ask(db, OBLIGATIONS):
        if row.run is None or row.found is None:
            continue
        for member, place, amount in (
            (row.buyer, 0, row.value),
            (row.buyer, 4, row.cover),
            (row.buyer, 5, 1),
            (row.seller, 1, row.value),
            (row.seller, 2, row.fee),
        ):
            add(row.run, member, place, amount)
    shared = """
        SELECT o.run, t.seller, s.party, s.netted FROM shares s
        JOIN obligations o ON o.trade = s.trade JOIN trades t ON t.id = s.trade
        WHERE o.state <> 'due'
    """
    for run, seller, party, amount in ask(db, shared):
        if party != seller:
            add(run, seller, 3, -amount)
            add(run, party, 3, amount)
    return sums


def paid_as_netted(db: Connection) -> Iterator[Violation]:
    """M8: what a run moved is what it came to: nobody but the reserve was short."""
    moves = """
        SELECT x.subject AS run, d.owner AS giver, d.pocket AS source, c.owner AS taker,
               c.pocket AS target, d.asset, x.reason, x.amount
        FROM transfers x JOIN accounts d ON d.id = x.debit
        JOIN accounts c ON c.id = x.credit
        WHERE x.reason IN ('netting', 'advance', 'netting_fee') ORDER BY x.id
    """
    moved: dict[tuple[int, int], int] = {}
    for row in ask(db, moves):
        key_in, key_out = (row.run, row.taker), (row.run, row.giver)
        if row.reason == "netting" and row.taker == HOUSE:
            moved[key_out] = moved.get(key_out, 0) - row.amount
        elif row.reason == "netting":
            moved[key_in] = moved.get(key_in, 0) + row.amount
        elif row.reason == "advance":
            moved[row.run, HOUSE] = moved.get((row.run, HOUSE), 0) - row.amount
    due: dict[tuple[int, int], int] = {}
    lines = """
        SELECT l.run, l.member, l.gets - l.fee + l.shares - l.pays AS net,
               COALESCE(f.amount, 0) AS short
        FROM run_lines l JOIN runs r ON r.id = l.run AND r.state = 'executed'
        LEFT JOIN fails f ON f.run = l.run AND f.member = l.member
    """
    for run, member, net, short in ask(db, lines):
        if net + short:
            due[run, member] = net + short
        if short:
            due[run, HOUSE] = due.get((run, HOUSE), 0) - short
    for key in sorted(moved.keys() | due.keys()):
        has, should = moved.get(key, 0), due.get(key, 0)
        if has != should:
            name, who = ids.encode("run", key[0]), ids.encode("member", key[1])
            yield Violation(
                "M8", f"Run {name} moved {has} for {who}; {should} was due."
            )


def reserve_covers_credit(db: Connection) -> Iterator[Violation]:
    """S6 and M11: the house's reserve, with what it advanced, covers all credit."""
    query = "SELECT asset, balance FROM accounts WHERE owner = 0 AND pocket = 1"
    held: dict[int, int] = dict(map(tuple, ask(db, query)))
    owed: dict[tuple[int, int], int] = {}
    advanced: dict[int, int] = {}
    debts = "SELECT member, currency, amount FROM fails WHERE state = 'open'"
    for member, currency, amount in ask(db, debts):
        owed[member, currency] = owed.get((member, currency), 0) + amount
        advanced[currency] = advanced.get(currency, 0) + amount
    for row in ask(db, OBLIGATIONS):
        if row.state == "due" and row.found is not None:
            key = row.buyer, row.currency
            owed[key] = owed.get(key, 0) + row.value - row.cover
    lines: dict[tuple[int, int], int] = {}
    for member, currency, amount in ask(
        db, "SELECT member, currency, amount FROM credits"
    ):
        lines[member, currency] = amount
    needed: dict[int, int] = {}
    for key in owed.keys() | lines.keys():
        most = max(owed.get(key, 0), lines.get(key, 0))
        needed[key[1]] = needed.get(key[1], 0) + most
    for currency in sorted(needed):
        has = held.get(currency, 0) + advanced.get(currency, 0)
        if has < needed[currency]:
            yield Violation(
                "S6",
                f"The reserve of {asset_name(currency)} is {has}; the credit given"
                f" needs {needed[currency]}.",
            )


def reserve_follows(db: Connection) -> Iterator[Violation]:
    """M11: the reserve is what was put in, less advances, plus what came back."""
    folded: dict[int, int] = {}
    moves = """
        SELECT d.asset, d.owner AS giver, d.pocket AS source, c.owner AS taker,
               c.pocket AS target, x.reason, x.amount
        FROM transfers x JOIN accounts d ON d.id = x.debit
        JOIN accounts c ON c.id = x.credit
        WHERE x.reason IN ('reserve', 'advance', 'debt', 'penalty')
    """
    for row in ask(db, moves):
        if (row.taker, row.target) == (HOUSE, HELD):
            folded[row.asset] = folded.get(row.asset, 0) + row.amount
        if (row.giver, row.source) == (HOUSE, HELD):
            folded[row.asset] = folded.get(row.asset, 0) - row.amount
    query = "SELECT asset, balance FROM accounts WHERE owner = 0 AND pocket = 1"
    held: dict[int, int] = dict(map(tuple, ask(db, query)))
    for asset in sorted(folded.keys() | held.keys()):
        has, made = held.get(asset, 0), folded.get(asset, 0)
        if has != made:
            name = asset_name(asset)
            yield Violation(
                "M11", f"The reserve of {name} is {has}; its moves make {made}."
            )
    query = "SELECT asset, balance FROM accounts WHERE owner = 0 AND pocket = 2"
    for asset, balance in ask(db, query):
        if balance:
            name = asset_name(asset)
            yield Violation(
                "M10", f"The house's clearing of {name} is left at {balance}."
            )


def debts_are_kept(db: Connection) -> Iterator[Violation]:
    """S1: a debt ends once: paid with its penalty, or written off."""
    moved: dict[int, Any] = {}
    query = """
        SELECT subject, SUM(CASE WHEN reason = 'debt' THEN amount ELSE 0 END) AS debt,
               SUM(CASE WHEN reason = 'penalty' THEN amount ELSE 0 END) AS penalty
        FROM transfers WHERE reason IN ('debt', 'penalty') GROUP BY subject
    """
    for row in ask(db, query):
        moved[row.subject] = (row.debt, row.penalty)
    query = "SELECT id, amount, penalty, state FROM fails ORDER BY id"
    for row in ask(db, query):
        due = (row.amount, row.penalty) if row.state == "cured" else (0, 0)
        if moved.pop(row.id, (0, 0)) != due:
            name = ids.encode("fail", row.id)
            yield Violation("S1", f"Debt {name} is {row.state}; its payments differ.")
    for number in sorted(moved):
        name = ids.encode("fail", number)
        yield Violation("S1", f"Payments are of debt {name}, which does not exist.")


def _wrong(trade: int, what: str, code: str = "S5") -> Violation:
    return Violation(code, f"Trade {ids.encode('trade', trade)} {what}.")
