"""A seeded tape of trades, small enough to be counted again in plain Python."""

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from marketplace.schema import metadata
from settlement import store
from settlement.clock import HOUR_US
from settlement.statistics import tape
from settlement.tables import trades

START_US = 1_767_110_400_000_000  # 2025-12-31 00:00 in Beijing
CLASSES = ("dataset", "service", "application")
SECTORS = ("finance", "transport")
REGIONS = ("310000", "110000", "440000")

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
                "fee": 0, "origin": "book", "state": "settled", "delivery": number,
            }
        )  # fmt: skip
    return rows


INSTRUMENTS = [
    (number, f"S{number}", number, 1, CLASSES[number % 3], SECTORS[number % 2])
    for number in range(1000, 1005)
]
MEMBERS = [(number, REGIONS[number % 3], "enterprise") for number in range(1, 30)]


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
        tape.extend(db, there, part_max=70)
    tape.write_dimension(there, "instruments", INSTRUMENTS)
    tape.write_dimension(there, "members", MEMBERS)
    return there
