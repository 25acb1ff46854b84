"""A seeded tape of trades, small enough to be counted again in plain Python."""

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from marketplace.schema import metadata
from settlement import store
from settlement.clock import HOUR_US
from settlement.statistics import tape
from settlement.statistics.columns import About
from settlement.tables import trades

START_US = 1_767_110_400_000_000  # 2025-12-31 00:00 in Beijing
CLASSES = ("dataset", "service", "application")
SECTORS = ("finance", "transport")
REGIONS = ("31", "11", "44")
MODELS = {"book": "posted", "negotiated": "negotiated", "filed": "filed"}

Trade = dict[str, Any]


def trade_rows(count: int, seed: int = 7) -> list[Trade]:
    """Return *count* trades of four days, several a command, in two currencies."""
    dice = random.Random(seed)
    rows, seq, at_us = [], 5, START_US
    for number in range(1, count + 1):
        if dice.random() < 0.6:
            seq += dice.randint(1, 3)
            at_us += dice.randint(0, 320 * HOUR_US // count)
        instrument = dice.choice((1000, 1001, 1002, 1003, 1004))
        price, quantity = dice.randint(0, 500), dice.randint(1, 9)
        rows.append(
            {
                "id": number, "seq": seq, "at_us": at_us, "instrument": instrument,
                "price": price, "quantity": quantity,
                "currency": 2 if instrument == 1004 else 1,
                "buyer": dice.randint(20, 29), "seller": dice.randint(1, 6),
                "buy_order": number, "sell_order": number, "taker": "buy",
                "fee": 0, "origin": dice.choice(tuple(MODELS)), "state": "settled",
                "delivery": number,
            }
        )  # fmt: skip
    return rows


INSTRUMENTS = [
    (number, f"S{number}", number, 1, CLASSES[number % 3], SECTORS[number % 2],
     number % 4 > 0, "listed")
    for number in range(1000, 1005)
]  # fmt: skip
MEMBERS = [
    (number, REGIONS[number % 3], "company", number < 10, number > 9, "2025-12")
    for number in range(1, 30)
]
_STEPS = ("submitted", "returned", "submitted", "registered", "listed", "delisted")
EVENTS = [
    (
        product * 10 + step, START_US + (place + step) * 3 * 24 * HOUR_US,
        tape.day_of(START_US + (place + step) * 3 * 24 * HOUR_US)[:7], event,
        product, 1 + product % 6, CLASSES[product % 3], SECTORS[product % 2],
        "JG"[product % 2], REGIONS[product % 3], REGIONS[product % 2], "public",
    )
    for place, product in enumerate(range(998, 1010))
    for step, event in enumerate(_STEPS)
    if (step != 1 or product % 3 == 0) and (step < 5 or product % 4 == 0)
]  # fmt: skip
USAGE = [
    (month, number, CLASSES[number % 3], SECTORS[number % 2], number * 3, hits)
    for month in ("2025-12", "2026-01")
    for number, hits in ((1000, 2000), (1001, None), (1003, 1500))
]


def about(row: Any) -> About:
    """Return what a trade of this tape is about."""
    number = row.instrument
    return About(
        MODELS[row.origin], "whole" if number % 2 else "per_call", 0,
        CLASSES[number % 3], SECTORS[number % 2], "JG"[number % 2],
        REGIONS[row.seller % 3], REGIONS[row.buyer % 3], REGIONS[number % 2],
        "internal", ("public", "enterprise")[number % 2], "none",
        ("domestic", "cross")[row.buyer % 2],
    )  # fmt: skip


def describe(_db: Connection, rows: Any) -> list[About]:
    """Say what each trade is about."""
    return [about(row) for row in rows]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = store.connect(f"sqlite:///{tmp_path / 'trades.db'}", write=True)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def written(engine: Engine) -> list[Trade]:
    rows = trade_rows(300)
    with engine.begin() as db:
        db.execute(trades.insert(), rows)
    return rows


@pytest.fixture
def directory(engine: Engine, written: list[Trade], tmp_path: Path) -> Path:
    """The tape of the trades `written`, with its dimensions."""
    return write_tape(engine, tmp_path / "tape's dir")


def write_tape(engine: Engine, there: Path) -> Path:
    """Write everything that questions need into the directory *there*."""
    with engine.connect() as db:
        tape.extend(db, there, describe, part_max=70)
    tape.write_dimension(there, "instruments", INSTRUMENTS)
    tape.write_dimension(there, "members", MEMBERS)
    tape.write_dimension(there, "events", EVENTS)
    tape.write_dimension(there, "usage", USAGE)
    return there
