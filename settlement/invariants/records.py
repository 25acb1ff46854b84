"""Invariants of the records: numbered, chained, nothing without its command."""

import heapq
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection

from settlement import ids
from settlement import journal as journal_module
from settlement.invariants.violation import Violation, ask

# Table → its number column and the first number.
NUMBERED: dict[str, tuple[str, int]] = {
    "journal": ("seq", 1),
    "accounts": ("id", 0),
    "transfers": ("id", 1),
    "trades": ("id", 1),
    "orders": ("id", 1),
    "entitlements": ("id", 1),
    "receipts": ("id", 1),
    "payins": ("id", 1),
    "payouts": ("id", 1),
    "terms": ("id", 1),
    "fee_schedules": ("version", 1),
    "offers": ("id", 1),
    "filings": ("id", 1),
    "contests": ("id", 1),
    "contest_bids": ("id", 1),
    "proposals": ("id", 1),
    "disputes": ("id", 1),
    "uses": ("id", 1),
    "refunds": ("id", 1),
    "busts": ("id", 1),
    "provider_lines": ("id", 1),
    "splits": ("id", 1),
    "runs": ("id", 1),
    "fails": ("id", 1),
    "tax_schedules": ("version", 1),
    "mendings": ("id", 1),
    "mandates": ("id", 1),
}
SEQUENCED = (
    "transfers", "trades", "orders", "receipts", "fee_schedules", "offers", "contests",
    "contest_bids", "proposals",
    "disputes", "refunds", "busts", "uses", "splits", "tax_schedules",
    "runs", "fails",
    "provider_lines", "mendings",
)  # fmt: skip

# Which commands may leave rows in which table; transfers come from most of them.
CAUSES: dict[str, frozenset[str]] = {
    "orders": frozenset({"PlaceOrder", "PlaceBasket", "ReplaceOrder"}),
    "trades": frozenset(
        {
            "PlaceOrder",
            "PlaceBasket",
            "ReplaceOrder",
            "TakeOffer",
            "SetPhase",
            "Uncross",
            "Tick",
            "PayContest",
            "SignContract",
        }
    ),
    "stops": frozenset({"StopTrading"}),
    "limits": frozenset({"Decide"}),
    "proposals": frozenset({"Propose", "OfferRefund", "QuestionTrade"}),
    "disputes": frozenset({"OpenDispute"}),
    "refunds": frozenset({"Decide"}),
    "busts": frozenset({"Decide"}),
    "splits": frozenset({"ProposeSplit"}),
    "runs": frozenset({"FreezeRun"}),
    "fails": frozenset({"ExecuteRun"}),
    "cycles": frozenset({"Decide"}),
    "credits": frozenset({"Decide"}),
    "penalties": frozenset({"Decide"}),
    "tax_schedules": frozenset({"Decide"}),
    "auctions": frozenset({"SetPhase", "Uncross", "Tick"}),
    "filings": frozenset({"FileTrade"}),
    "mandates": frozenset({"GiveMandate"}),
    "erasures": frozenset({"Decide"}),
    "pools": frozenset({"OpenPool"}),
    "pool_members": frozenset({"JoinPool"}),
    "agreements": frozenset({"DraftContract"}),
    "signatures": frozenset({"SignContract"}),
    "tenders": frozenset({"CallTender"}),
    "tender_bids": frozenset({"SealBid"}),
    "offers": frozenset({"OfferPrice", "CounterOffer", "OpenBids"}),
    "kept_prices": frozenset({"CancelOrder"}),
    "contests": frozenset({"OpenContest"}),
    "contest_bids": frozenset({"BidInContest"}),
    "receipts": frozenset({"Deliver"}),
    "fee_schedules": frozenset({"PublishFees"}),
    "uses": frozenset({"CountUse", "DeclareUse", "SetBudget"}),
    "workdays": frozenset({"SetWorkdays"}),
    "mendings": frozenset({"Decide"}),
    "provider_lines": frozenset({"RecordLine"}),
    "withheld": frozenset({"RecordLine"}),
    "measures": frozenset({"SuspendRight", "RestoreRight", "RevokeRight"}),
    "arrivals": frozenset(
        {
            "RequestPayin",
            "ConfirmPayin",
            "ApprovePayin",
            "RejectPayin",
            "RequestPayout",
            "ApprovePayout",
            "PayPayout",
            "FailPayout",
            "CancelPayout",
            "RequestCardPayin",
            "RecordLine",
            "CloseDispute",
            "EndCard",
        }
    ),
}


class Said(NamedTuple):
    """What the journal says of one command: rows as they must stand in the tables."""

    orders: list[tuple[Any, ...]]  # id, seq, member, instrument, side, price
    trades: list[tuple[Any, ...]]  # id, seq, price, quantity


def chain_holds(db: Connection) -> Iterator[Violation]:
    """A1: the chain of hashes holds from the first record to the writer's head."""
    for sentence in journal_module.verify(db):
        yield Violation("A1", sentence)


def no_gaps(db: Connection) -> Iterator[Violation]:
    """M6 and B6: numbers run without gaps, and rows are in the journal's order."""
    for table, (column, first) in NUMBERED.items():
        found = ask(
            db,
            f"""
            SELECT number, previous FROM (
                SELECT {column} AS number,
                       LAG({column}) OVER (ORDER BY {column}) AS previous
                FROM {table}
            ) numbered
            WHERE number <> COALESCE(previous + 1, :first) ORDER BY number
            """,
            first=first,
        )
        code = "B6" if table == "journal" else "M6"
        for number, previous in found:
            after = "the beginning" if previous is None else previous
            yield Violation(
                code, f"{table}: {number} follows {after}; rows are missing."
            )
    for table in SEQUENCED:
        column = NUMBERED[table][0]
        found = ask(
            db,
            f"""
            SELECT number FROM (
                SELECT {column} AS number, seq,
                       LAG(seq) OVER (ORDER BY {column}) AS previous
                FROM {table}
            ) numbered WHERE seq < previous ORDER BY number
            """,
        )
        for (number,) in found:
            yield Violation("M6", f"{table}: {number} is of an earlier command.")


def one_key_one_record(db: Connection) -> Iterator[Violation]:
    """M9: an idempotency key of a member stands for one command."""
    found = ask(
        db,
        """
        SELECT principal, COUNT(*) AS times, MIN(seq) AS seq FROM journal
        WHERE key IS NOT NULL GROUP BY principal, key HAVING COUNT(*) > 1
        ORDER BY MIN(seq)
        """,
    )
    for member, times, seq in found:
        who = ids.encode("member", member)
        yield Violation("M9", f"A key of {who} was used {times} times, first at {seq}.")


def nothing_without_command(db: Connection) -> Iterator[Violation]:
    """A4 and B6: every row was caused by an applied command of the right kind."""
    streams = [_steps(db, table) for table in (*CAUSES, "transfers")]
    steps = heapq.merge(*streams)
    seq, table = next(steps, (None, ""))
    for number, kind, applied in _commands(db):
        while seq is not None and seq <= number:
            yield from _judge(
                seq, table, kind if seq == number else None, applied=applied
            )
            seq, table = next(steps, (None, ""))
    while seq is not None:
        yield from _judge(seq, table, None, applied=False)
        seq, table = next(steps, (None, ""))


def _judge(
    seq: int, table: str, kind: str | None, *, applied: bool
) -> Iterator[Violation]:
    if kind is None:
        yield Violation(
            "A4", f"{table}: a row is of record {seq}, which does not exist."
        )
    elif not applied:
        yield Violation("A4", f"{table}: a row is of record {seq}, which was refused.")
    elif table in CAUSES and kind not in CAUSES[table]:
        yield Violation("A4", f"{table}: a row is of record {seq}, a {kind}.")


def _steps(db: Connection, table: str) -> Iterator[tuple[int, str]]:
    # The first fee schedule was there before the first command.
    query = f"SELECT DISTINCT seq FROM {table} WHERE seq > 0 ORDER BY seq"
    for (seq,) in ask(db, query):
        yield seq, table


def _commands(db: Connection) -> Iterator[tuple[int, str, bool]]:
    for seq, body in ask(db, "SELECT seq, body FROM journal ORDER BY seq"):
        record = json.loads(body)
        yield seq, record[5], record[7][0] == journal_module.APPLIED


def orders_as_journalled(db: Connection) -> Iterator[Violation]:
    """A4 and B6: orders and trades are exactly those that the journal answered.

    The first difference of each kind is named; all after it would be shifted by it.
    """
    orders = ask(
        db, "SELECT id, seq, member, instrument, side, price FROM orders ORDER BY id"
    )
    trades = ask(
        db,
        "SELECT id, seq, price, quantity FROM trades"
        " WHERE origin IN ('book', 'pinned') ORDER BY id",
    )
    watched: list[tuple[str, Iterator[Any]]] = [("order", orders), ("trade", trades)]
    for said in _answers(db):
        for kind, rows in watched:
            for expected in said.orders if kind == "order" else said.trades:
                row = next(rows, None)
                if row is None or tuple(row) != expected:
                    yield _differs(kind, expected[0])
                    watched = [pair for pair in watched if pair[0] != kind]
                    break
    for kind, rows in watched:
        row = next(rows, None)
        if row is not None:
            yield _differs(kind, row[0])


def _differs(kind: str, number: int) -> Violation:
    name = ids.encode(kind, number)
    return Violation("A4", f"{kind.title()} {name} is not what the journal says.")


def _replacement(db: Connection, order: int, price: int | None) -> tuple[Any, ...]:
    """Return the line of what replaced an order: the old one's but for the price."""
    old = ask(db, "SELECT instrument, side FROM orders WHERE id = :id", id=order)
    return (*next(iter(old), (None, None)), price)


def _answers(db: Connection) -> Iterator[Said]:
    """Yield what the journal says of each command that placed orders."""
    for seq, body in ask(db, "SELECT seq, body FROM journal ORDER BY seq"):
        _, _, _, _, _, kind, command, (outcome, *rest) = json.loads(body)
        if outcome != journal_module.APPLIED or kind not in CAUSES["orders"]:
            continue
        _by, member, wanted = command[:3]
        if kind == "ReplaceOrder":
            wanted = _replacement(db, *command[2:4])
            if rest[0][0] == command[2]:  # reduced, where it waits
                continue
        basket = kind == "PlaceBasket"
        lines, results = (wanted, rest[0]) if basket else ([wanted], rest)
        said = Said([], [])
        for (instrument, side, price, *_), result in zip(lines, results, strict=True):
            if not isinstance(result[0], str):  # a refused line begins with its code
                said.orders.append((result[0], seq, member, instrument, side, price))
                said.trades.extend((trade[0], seq, *trade[1:]) for trade in result[5])
        yield said
