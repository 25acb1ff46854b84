"""The tape: every trade, written once, as Parquet partitions by day.

`trades/day=YYYY-MM-DD/part-<seq>.parquet` holds the trades of the commands up to <seq>
that the parts before it do not hold; when the day is over its parts become one
`day-<seq>.parquet`. Corrections are parts of their own. The manifest names what counts.
A tape that is written anew from the same records has the same bytes.
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
from settlement.statistics.columns import (
    CORRECTIONS,
    DIMENSIONS,
    NOT_TOLD,
    ORIGINS,
    TRADES,
    About,
)
from settlement.statistics.manifest import Manifest, read_manifest, write_manifest
from settlement.statistics.tables import corrections
from settlement.statistics.warehouse import SCRATCH, merge_parquet, write_parquet
from settlement.tables import journal, trades

LOCK = ".lock"
PART_MAX = 100_000  # trades in one step, rounded up to whole commands
ZONE_US = 8 * HOUR_US  # the exchange's day is Beijing's; China keeps no summer time

Lines = Sequence[Row[Any]]
Describe = Callable[[Connection, Lines], Sequence[About]]  # one for each trade


def untold(_db: Connection, rows: Lines) -> list[About]:
    """Say of no trade what it is about."""
    return [NOT_TOLD] * len(rows)


def _no_report(_done: int) -> None:
    """Tell nobody."""


def extend(
    db: Connection,
    directory: Path,
    describe: Describe = untold,
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
        return _extend(db, directory, describe, part_max, report)


def rebuild(db: Connection, directory: Path, describe: Describe = untold) -> int:
    """Write the tape anew from the records; return how many trades there were.

    Readers see an empty tape until it is done.
    """
    with _alone(directory):
        write_manifest(directory, Manifest())
        return _extend(db, directory, describe, PART_MAX, _no_report)


def write_dimension(directory: Path, name: str, rows: Iterable[Sequence[Any]]) -> None:
    """Replace the file of a dimension; *rows* are in the order of `DIMENSIONS`."""
    write_parquet(rows, DIMENSIONS[name], directory / f"{name}.parquet")


def day_of(at_us: int) -> str:
    """Return the exchange's day of a moment, as ``YYYY-MM-DD``."""
    return moment(at_us + ZONE_US).date().isoformat()


def _extend(
    db: Connection,
    directory: Path,
    describe: Describe,
    part_max: int,
    report: Callable[[int], None],
) -> int:
    manifest, done = read_manifest(directory), 0
    _remove_unnamed(directory, manifest)
    for batch in _batches(db, manifest, part_max):
        about = describe(db, batch)
        manifest = _append(
            db, directory, manifest, list(zip(batch, about, strict=True))
        )
        done += len(batch)
        report(done)
    manifest = _correct(db, directory, manifest)
    _compact(directory, manifest)
    return done


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Wait until nobody else extends the tape; a crash lets go of it."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _batches(
    db: Connection, manifest: Manifest, part_max: int
) -> Iterator[list[Row[Any]]]:
    """Yield the trades after the tape's in order, never cutting through a command."""
    # On PostgreSQL each statement sees the latest commit: fix the end first.
    end = db.scalar(select(trades.c.id).order_by(trades.c.id.desc()).limit(1))
    query = (
        select(trades)
        .where(trades.c.id > manifest.trade, trades.c.id <= (end or 0))
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


def _append(
    db: Connection,
    directory: Path,
    manifest: Manifest,
    batch: list[tuple[Row[Any], About]],
) -> Manifest:
    """Write one step: a part for each day, then the manifest."""
    last, _ = batch[-1]
    days = dict(manifest.days)
    for day, of_day in groupby(batch, key=lambda pair: day_of(pair[0].at_us)):
        rows = list(of_day)
        name = f"part-{rows[-1][0].seq}.parquet"
        lines = (_line(row, about, day) for row, about in rows)
        write_parquet(lines, TRADES, directory / "trades" / f"day={day}" / name)
        days[day] = (*days.get(day, ()), name)
    head = db.scalar(select(journal.c.hash).where(journal.c.seq == last.seq))
    manifest = manifest._replace(
        seq=last.seq, head=(head or b"").hex(), trade=last.id, days=days
    )
    write_manifest(directory, manifest)
    return manifest


def _line(row: Row[Any], about: About, day: str) -> tuple[Any, ...]:
    currency = BY_ASSET[row.currency].code
    return (
        row.id, row.seq, row.at_us, day[:7], row.instrument, row.price, row.quantity,
        row.price * row.quantity, currency, row.buyer, row.seller, row.taker,
        row.fee, row.state, ORIGINS[row.origin], *about,
    )  # fmt: skip


def _correct(db: Connection, directory: Path, manifest: Manifest) -> Manifest:
    """Append the corrections since the last one."""
    columns = [corrections.c[name] for name in CORRECTIONS]
    query = select(*columns).where(corrections.c.id > manifest.correction)
    rows = db.execute(query.order_by(corrections.c.id)).all()
    if not rows:
        return manifest
    name = f"part-{rows[-1].id}.parquet"
    write_parquet(map(tuple, rows), CORRECTIONS, directory / "corrections" / name)
    manifest = manifest._replace(
        correction=rows[-1].id, corrections=(*manifest.corrections, name)
    )
    write_manifest(directory, manifest)
    return manifest


def _compact(directory: Path, manifest: Manifest) -> None:
    """Make one file of each day that is over: of all but the last.

    The parts stay until the next step, for those who read them meanwhile.
    """
    days = dict(manifest.days)
    loose = [day for day in list(days)[:-1] if days[day][-1].startswith("part-")]
    for day in loose:
        folder = directory / "trades" / f"day={day}"
        name = days[day][-1].replace("part-", "day-")
        merge_parquet([folder / part for part in days[day]], folder / name)
        days[day] = (name,)
    if loose:
        write_manifest(directory, manifest._replace(days=days))


def _remove_unnamed(directory: Path, manifest: Manifest) -> None:
    """Remove what the manifest does not name: a crash left it, or it was merged."""
    named = {*manifest.files(directory), *manifest.corrected(directory)}
    for pattern in ("trades/day=*/*.parquet", "corrections/*.parquet"):
        for part in directory.glob(pattern):
            if part not in named:
                part.unlink()
    for folder in (*directory.glob("trades/day=*"), directory / "corrections"):
        for scratch in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(scratch)
