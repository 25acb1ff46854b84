"""Rebuild everything from the journal alone and hold it against the records."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, create_engine, select

from marketplace.trading import agreement_tables as a
from marketplace.trading import erasure_tables as e
from marketplace.trading import invoice_tables as i
from marketplace.trading import mandate_tables as n
from marketplace.trading import pool_tables as g
from marketplace.trading import tables as t
from marketplace.trading import tender_tables as b
from marketplace.trading import usage_tables as u
from marketplace.trading.commands import decode
from marketplace.trading.market import Market
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from settlement import claim_tables as m
from settlement import closing_tables as o
from settlement import cycle_tables as d
from settlement import share_tables as h
from settlement import tables as s
from settlement.canonical import canonical
from settlement.errors import Refusal
from settlement.journal import APPLIED, REFUSED, Record, read, records
from settlement.payments import tables as p
from settlement.store import metadata

BATCH = 2_000  # records between two writes to the rebuilt tables
DIFFERENCES_MAX = 20

# Every table that the writer writes; the journal itself is what they are rebuilt from.
REBUILT: tuple[Table, ...] = (
    t.orders, t.books, t.offers, t.contests, t.contest_bids, t.contest_bidders,
    u.tabs, u.periods, u.uses, u.use_shares, u.meters,
    t.kept_prices, t.filings, b.tenders, b.tender_bids,
    a.agreements, a.signatures, g.pools, g.pool_members, n.mandates,
    i.invoices, i.invoiced, e.erasures,
    t.standings, t.phases, t.auctions, t.stops, t.limits, t.proposals, s.accounts,
    s.transfers,
    s.fee_schedules, s.trades, s.terms, s.contracts, s.entitlements, s.measures,
    s.escrows, s.workdays, m.disputes, m.refunds, m.busts,
    d.cycles, d.credits_, d.penalties, d.obligations, d.runs, d.run_lines, d.fails,
    h.splits, h.split_parties, h.shares, h.tax_schedules,
    s.receipts, s.payins, s.payouts, s.arrivals,
    o.closings, p.cards, p.provider_lines, p.withheld, p.mendings,
)  # fmt: skip


class Replay(NamedTuple):
    """What a replay found."""

    records: int
    rows: int  # compared, in all tables
    replayed: str  # digest of the state from the journal
    recorded: str  # digest of the state in the tables
    differences: list[str]


def replay(
    db: Connection, progress: Callable[[int], None] = lambda _done: None
) -> Replay:
    """Replay the journal of *db* and compare every outcome, row and the state's digest.

    *progress* is told the number of records done. At most DIFFERENCES_MAX differences
    are named, each in a sentence.
    """
    market, count = Market(), 0
    differences: list[str] = []
    engine = create_engine("sqlite://")
    with engine.begin() as rebuilt:
        metadata.create_all(rebuilt, tables=list(REBUILT))
        source = records(db)
        while batch := list(islice(source, BATCH)):
            for record in batch:
                difference = _apply(market, record)
                if difference and len(differences) < DIFFERENCES_MAX:
                    differences.append(difference)
            write(rebuilt, drain(market))
            count += len(batch)
            progress(count)
        rows = 0
        for table in REBUILT:
            compared, found = _compare(table, db, rebuilt)
            rows += compared
            differences += list(islice(found, DIFFERENCES_MAX - len(differences)))
    engine.dispose()
    recorded = _digest_of(db)
    replayed = digest(market)
    if replayed != recorded and not differences:
        differences.append("The rebuilt state differs from the recorded one.")
    return Replay(count, rows, replayed, recorded, differences)


def _digest_of(db: Connection) -> str:
    """Return the digest of the recorded state; rows too odd to load have been named."""
    try:
        return digest(load(db))
    except (AssertionError, LookupError, ValueError):
        return "unreadable"


def _apply(market: Market, record: Record) -> str | None:
    """Apply one record; a sentence if it does not come out as recorded."""
    try:
        entry = read(record.body)
        command = decode(entry.kind, entry.command)
    except (LookupError, ValueError, TypeError):
        return f"Record {record.seq} cannot be read."
    outcome: tuple[Any, ...]
    try:
        outcome = (APPLIED, market.apply(command, entry.seq, entry.at_us))
    except Refusal as refusal:
        outcome = (REFUSED, refusal.code, refusal.facts())
    if canonical(outcome) == canonical(entry.outcome):
        return None
    return (
        f"Record {entry.seq} ({entry.kind}) now has another outcome: {outcome!r:.200}"
    )


def _compare(
    table: Table, recorded: Connection, rebuilt: Connection
) -> tuple[int, Iterator[str]]:
    """Compare two copies of a table in order of their keys; rows and differences."""
    query = select(table).order_by(*table.primary_key)
    there = {_key(table, row): tuple(row) for row in recorded.execute(query)}
    here = {_key(table, row): tuple(row) for row in rebuilt.execute(query)}
    return len(there), _differences(table.name, there, here)


def _differences(
    name: str, there: dict[Any, tuple[Any, ...]], here: dict[Any, tuple[Any, ...]]
) -> Iterator[str]:
    for key in sorted(there.keys() | here.keys()):
        if key not in here:
            yield f"{name} {key} is recorded but the journal does not make it."
        elif key not in there:
            yield f"{name} {key} is missing: the journal makes it."
        elif there[key] != here[key]:
            said, made = json.dumps(there[key]), json.dumps(here[key])
            yield f"{name} {key} is recorded as {said}, the journal makes it {made}."


def _key(table: Table, row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, column.name) for column in table.primary_key)
