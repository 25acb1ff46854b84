"""A journal of many orders, replayed into an empty market: its rate, the same state.

The journal is made once from a seed: limit orders, orders at once and cancels of twenty
members in one book. It lies in a file, a record a line as the exchange writes it. Then
every line is read and applied again; each outcome and the digest of the whole state
must be those of the making. DATABOURSE_ORDERS says how many orders, else 1,000,000.
"""

import os
import random
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from marketplace.trading import commands as c
from marketplace.trading.commands import decode
from marketplace.trading.market import Market
from marketplace.trading.records import drain
from marketplace.trading.snapshot import digest
from settlement import clock
from settlement.canonical import canonical
from settlement.errors import Refusal
from settlement.journal import APPLIED, REFUSED, Chain, read
from tests.floor import PRICE, SECOND, SUN, VERA, line, opening
from tests.speed import Table

ORDERS = int(os.environ.get("DATABOURSE_ORDERS", "1000000"))
SEED = 20_260_402
MEMBERS = tuple(range(10, 30))
CASH, UNITS = 10**9, 5_000  # minor units, and units of the right, of each
MIDDLE, AWAY = 1_000, 40  # the price that the flow moves around
BATCH = 2_000  # commands between two times that the rows are let go
Outcome = tuple[Any, ...]


def run() -> Iterator[Table]:
    """Make the journal, replay it, and compare."""
    made = Market()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        begun = clock.elapsed_s()
        records = _make(made, file)
        made_s = clock.elapsed_s() - begun
        wanted = digest(made)
        trades, orders = made.last_trade, made.last_order
        del made
        file.seek(0)
        begun = clock.elapsed_s()
        again = _replay(file)
        took_s = clock.elapsed_s() - begun
    assert digest(again) == wanted, "the replayed state is another"
    rows: list[tuple[str | int | float, ...]] = [
        ("made", records, orders, trades, made_s, int(records / made_s)),
        ("replayed", records, again.last_order, again.last_trade, took_s,
         int(records / took_s)),
    ]  # fmt: skip
    columns = ("", "records", "orders", "trades", "seconds", "records/s")
    note = f"the same outcomes, and the same state: {wanted[:16]}…"
    yield Table("A journal replayed", columns, rows, note)


def _make(market: Market, file: IO[str]) -> int:
    """Apply the flow to *market* and write its journal; how many records."""
    chain = Chain(0, bytes(32), 1)
    for number, command in enumerate(_flow(market), start=1):
        outcome = _outcome(market, command, number)
        record = chain.append(
            number, getattr(command, "member", 0), None, type(command).__name__,
            command, outcome,
        )  # fmt: skip
        file.write(f"{record.body}\n")
        if not number % BATCH:
            drain(market)
    return chain.seq


def _flow(market: Market) -> Iterator[c.Command]:
    """Yield what opens the floor, then orders and cancels."""
    yield from opening(CASH, MEMBERS)
    for payin, member in enumerate(MEMBERS, start=1):
        yield c.ApprovePayin(SECOND, payin)
        first = line("buy", PRICE, UNITS, time_in_force="IOC")
        yield c.PlaceOrder(member, member, first)
    yield c.CancelOrder(VERA, VERA, 1)
    chance = random.Random(SEED)
    while market.last_order < ORDERS:
        member, draw = chance.choice(MEMBERS), chance.random()
        waiting = market.orders_of.get(member)
        if draw < 0.35 and waiting:
            yield c.CancelOrder(member, member, next(iter(waiting)))
            continue
        price = MIDDLE + chance.randint(-AWAY, AWAY)
        held = market.ledger.balance(member, SUN)
        side = "sell" if held >= 9 and draw > 0.6 else "buy"
        how = "IOC" if draw > 0.9 else "GTC"
        units = chance.randint(1, 9)
        order = line(side, price, units, time_in_force=how)
        yield c.PlaceOrder(member, member, order)


def _replay(file: IO[str]) -> Market:
    """Apply every record of the journal to an empty market, compared one by one."""
    market = Market()
    for text in file:
        entry = read(text)
        command = decode(entry.kind, entry.command)
        outcome = _outcome(market, command, entry.seq)
        assert canonical(outcome) == canonical(entry.outcome), entry.seq
        if not entry.seq % BATCH:
            drain(market)
    return market


def _outcome(market: Market, command: c.Command, seq: int) -> Outcome:
    try:
        return APPLIED, market.apply(command, seq, seq)
    except Refusal as refusal:
        return REFUSED, refusal.code, refusal.facts()
