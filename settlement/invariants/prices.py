"""Invariants of prices: ceilings and free trials."""

import json
from bisect import bisect_right
from collections.abc import Iterator

from sqlalchemy import Connection

from settlement import ids
from settlement import journal as journal_module
from settlement.invariants.violation import Violation, ask

# Where a command ListInstrument says what; commands are journalled as arrays.
INSTRUMENT, PRICE_MAX, TRIAL_OF = 1, 12, 13


def under_the_ceiling(db: Connection) -> Iterator[Violation]:
    """C1: no trade and no waiting order is above the ceiling in force at its time."""
    ceilings = _ceilings(db)
    if not ceilings:
        return
    trades = "SELECT id, seq, instrument, price FROM trades ORDER BY id"
    for number, seq, instrument, price in ask(db, trades):
        most = _at(ceilings.get(instrument, []), seq)
        if most is not None and price > most:
            name = ids.encode("trade", number)
            yield Violation("C1", f"Trade {name} at {price} is above {most}, its cap.")
    waiting = """
        SELECT id, instrument, price FROM orders
        WHERE state IN ('open', 'partial') ORDER BY id
    """
    for number, instrument, price in ask(db, waiting):
        most = _at(ceilings.get(instrument, []), 1 << 63)
        if most is not None and price > most:
            name = ids.encode("order", number)
            yield Violation("C1", f"Order {name} waits at {price}, above {most}.")


Ceilings = list[tuple[int, int | None]]  # (journal number, minor units or none)


def _ceilings(db: Connection) -> dict[int, Ceilings]:
    """Return the ceilings and since when they held, of instruments that had one."""
    found: dict[int, Ceilings] = {}
    for seq, command in _listings(db):
        most = command[PRICE_MAX] if len(command) > PRICE_MAX else None
        found.setdefault(command[INSTRUMENT], []).append((seq, most))
    return {
        instrument: steps
        for instrument, steps in found.items()
        if any(most is not None for _, most in steps)
    }


def _listings(db: Connection) -> Iterator[tuple[int, list[int]]]:
    """Yield number and fields of each applied ListInstrument."""
    query = """
        SELECT seq, body FROM journal WHERE body LIKE '%"ListInstrument"%' ORDER BY seq
    """
    for seq, body in ask(db, query):
        record = json.loads(body)
        if record[5] == "ListInstrument" and record[7][0] == journal_module.APPLIED:
            yield seq, record[6]


def _at(steps: Ceilings, seq: int) -> int | None:
    place = bisect_right(steps, seq, key=lambda step: step[0])
    return steps[place - 1][1] if place else None


def tried_once(db: Connection) -> Iterator[Violation]:
    """C2: each member tries a product once, one unit, at no price."""
    trials = {
        command[INSTRUMENT]
        for _, command in _listings(db)
        if len(command) > TRIAL_OF and command[TRIAL_OF] is not None
    }
    query = """
        SELECT holder, instrument, COUNT(*) AS times FROM entitlements
        GROUP BY holder, instrument HAVING COUNT(*) > 1 ORDER BY holder, instrument
    """
    for holder, instrument, times in ask(db, query) if trials else ():
        if instrument in trials:
            who = ids.encode("member", holder)
            what = ids.encode("instrument", instrument)
            yield Violation("C2", f"{who} tried {what} {times} times.")


def pinned_as_seen(db: Connection) -> Iterator[Violation]:
    """C7: who buys at a price that rose since had seen it, and bought in time."""
    found = ask(
        db,
        """
        SELECT t.id FROM trades t
        LEFT JOIN kept_prices k ON k.id = t.sell_order AND k.instrument = t.instrument
             AND k.vendor = t.seller AND k.price = t.price
             AND k.seq < t.seq AND t.at_us < k.until_us
        LEFT JOIN orders b ON b.id = t.buy_order AND b.side = 'buy'
             AND b.member = t.buyer AND COALESCE(b.price, t.price) >= t.price
        WHERE t.origin = 'pinned'
        AND (k.id IS NULL OR b.id IS NULL OR t.taker <> 'buy') ORDER BY t.id
        """,
    )
    for (number,) in found:
        name = ids.encode("trade", number)
        yield Violation("C7", f"Trade {name} is at a price that was not kept.")
    odd = """
        SELECT k.id FROM kept_prices k LEFT JOIN orders o ON o.id = k.id
             AND o.evergreen = 1 AND o.state = 'cancelled' AND o.price = k.price
             AND o.member = k.vendor AND o.instrument = k.instrument
        WHERE o.id IS NULL ORDER BY k.id
    """
    for (number,) in ask(db, odd):
        name = ids.encode("order", number)
        yield Violation("C7", f"The price of order {name} is kept, but was not posted.")
