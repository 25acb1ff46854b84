"""The tape: every trade, written once, as Parquet partitions by day.

`trades/day=YYYY-MM-DD/part-<seq>.parquet` holds the trades of the commands up to <seq>
that the parts before it do not hold. `position.json` is replaced last and tells how far
the tape is complete; parts beyond it are what a crash left behind, unseen by readers
and removed before the tape is extended. So each trade is on it exactly once.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from settlement.clock import HOUR_US, moment
from settlement.money import BY_ASSET
from settlement.statistics.warehouse import (
    DIMENSIONS,
    POSITION,
    SCRATCH,
    TRADES,
    Position,
    read_position,
    write_parquet,
    write_position,
)
from settlement.tables import trades

LOCK = ".lock"
PART_MAX = 100_000  # trades in one step, rounded up to whole commands
ZONE_US = 8 * HOUR_US  # the exchange's day is Beijing's; China keeps no summer time


def _no_report(_done: int) -> None:
    """Tell nobody."""


def extend(
    db: Connection,
    directory: Path,
    *,
    part_max: int = PART_MAX,
    report: Callable[[int], None] = _no_report,
) -> int:
    """Append the trades since the tape's position; return how many there were.

    One at a time: a second call waits for the first. It may be interrupted at any
    point: the next call carries on. *report* is told the number of trades after each
    step of about *part_max*.
    """
    with _alone(directory):
        return _extend(db, directory, part_max, report)


def rebuild(db: Connection, directory: Path) -> int:
    """Write the tape anew from the records; return how many trades there were.

    Readers see an empty tape until it is done.
    """
    with _alone(directory):
        (directory / POSITION).unlink(missing_ok=True)
        return _extend(db, directory, PART_MAX, _no_report)


def write_dimension(directory: Path, name: str, rows: Iterable[Sequence[Any]]) -> None:
    """Replace the file of a dimension; *rows* are in the order of its columns.

    ``instruments``: instrument, symbol, product, vendor, class, sector.
    ``members``: member, region, kind.
    """
    write_parquet(rows, DIMENSIONS[name], directory / f"{name}.parquet")


def day_of(at_us: int) -> str:
    """Return the exchange's day of a moment, as ``YYYY-MM-DD``."""
    return moment(at_us + ZONE_US).date().isoformat()


def _extend(
    db: Connection, directory: Path, part_max: int, report: Callable[[int], None]
) -> int:
    position, done = read_position(directory), 0
    _remove_after(directory, position.seq)
    for batch in _batches(db, position, part_max):
        _write(directory, batch)
        done += len(batch)
        report(done)
    return done


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Wait until nobody else extends the tape; a crash lets go of it."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _batches(
    db: Connection, position: Position, part_max: int
) -> Iterator[list[Row[Any]]]:
    """Yield the trades after *position* in order, never cutting through a command."""
    # On PostgreSQL each statement sees the latest commit: fix the end first.
    end = db.scalar(select(trades.c.id).order_by(trades.c.id.desc()).limit(1))
    query = (
        select(trades)
        .where(trades.c.id > position.trade, trades.c.id <= (end or 0))
        .order_by(trades.c.id)
        .execution_options(yield_per=10_000)
    )
    batch: list[Row[Any]] = []
    for row in db.execute(query):
        if len(batch) >= part_max and row.seq != batch[-1].seq:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _write(directory: Path, batch: list[Row[Any]]) -> None:
    """Write one step: a part for each day, then the position."""
    seq = batch[-1].seq
    for day, rows in groupby(batch, key=lambda row: day_of(row.at_us)):
        part = directory / "trades" / f"day={day}" / f"part-{seq}.parquet"
        write_parquet(map(_line, rows), TRADES, part)
    write_position(directory, Position(seq, batch[-1].id))


def _line(row: Row[Any]) -> tuple[Any, ...]:
    currency = BY_ASSET[row.currency].code
    return (
        row.id, row.seq, row.at_us, row.instrument, row.price, row.quantity,
        row.price * row.quantity, currency, row.buyer, row.seller, row.taker,
        row.fee, row.origin,
    )  # fmt: skip


def _remove_after(directory: Path, position: int) -> None:
    """Remove the parts that a crash left behind."""
    for part in directory.glob("trades/day=*/part-*.parquet"):
        if int(part.stem.removeprefix("part-")) > position:
            part.unlink()
    for scratch in directory.glob(f"trades/day=*/{SCRATCH}*"):
        shutil.rmtree(scratch)
