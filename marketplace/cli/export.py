"""``databourse export``: the journal and the trades as readable JSON lines."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, func, inspect, select

from marketplace.config import Config
from marketplace.trading.commands import KINDS
from marketplace.trading.commands import Line as OrderLine
from marketplace.trading.tables import books
from settlement import ids
from settlement.clock import moment
from settlement.invariants import snapshot
from settlement.journal import Record, read, records
from settlement.money import BY_ASSET, plain
from settlement.store import connect
from settlement.tables import journal, trades

Line = dict[str, Any]


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--verifiable",
    is_flag=True,
    help="Add each record's exact text, so that anyone can recompute the hashes.",
)
def export(directory: Path, *, verifiable: bool) -> None:
    """Write the journal and the trades to DIRECTORY as JSON lines.

    journal.jsonl has one line for each command, refused ones too: its number, time,
    who it was for, its fields by name, what came of it, and its hash. trades.jsonl has
    one line for each trade, with prices in the currency's own decimals. Both are of one
    moment; files that are there already are replaced when the new ones are complete.

    With --verifiable the hash of each record is SHA-256 over the hash of the record
    before (32 zero bytes before the first) followed by the UTF-8 bytes of `body`.

    The Parquet files for statistics are kept up to date by `serve` itself.
    """
    engine = connect(Config.from_environment().database_url)
    if not inspect(engine).has_table(journal.name):
        where = engine.url.render_as_string(hide_password=True)
        engine.dispose()
        message = f"there is no exchange at {where}"
        raise click.ClickException(message)
    directory.mkdir(parents=True, exist_ok=True)
    with snapshot(engine) as db:
        lines = _journal(db, verifiable=verifiable)
        recorded = _write(db, directory / "journal.jsonl", lines, journal)
        traded = _write(db, directory / "trades.jsonl", _trades(db), trades)
        newest = select(journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
        head = db.scalar(newest) or bytes(32)
    engine.dispose()
    click.secho(
        f"✓ {recorded} records and {traded} trades are in {directory}; "
        f"the last record's hash is {head.hex()}",
        fg="green",
    )


def _write(db: Connection, target: Path, lines: Iterator[Line], table: Any) -> int:
    """Write *lines* to *target*, which is replaced at the end; how many there were."""
    total = db.scalar(select(func.count()).select_from(table)) or 0
    written = target.with_name(f".{target.name}.part")
    with (
        written.open("w", encoding="utf-8") as file,
        click.progressbar(
            lines,
            length=total,
            label=target.stem,
            file=sys.stderr,
            update_min_steps=500,
        ) as counted,
    ):
        count = 0
        for count, line in enumerate(counted, start=1):  # noqa: B007 - the last is kept
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    written.replace(target)
    return count


def _journal(db: Connection, *, verifiable: bool) -> Iterator[Line]:
    for record in records(db):
        line = _record(record)
        if verifiable:
            line["body"] = record.body
        yield line


def _record(record: Record) -> Line:
    """Return a record with its command's fields by name."""
    entry = read(record.body)
    command = dict(zip(KINDS[entry.kind]._fields, entry.command, strict=False))
    if "line" in command:
        command["line"] = _line(command["line"])
    if "lines" in command:
        command["lines"] = [_line(values) for values in command["lines"]]
    return {
        "seq": entry.seq,
        "at": _time(entry.at_us),
        "epoch": entry.epoch,
        "principal": ids.encode("member", entry.principal),
        "key": entry.key,
        "kind": entry.kind,
        "command": command,
        "outcome": entry.outcome,
        "hash": record.hash.hex(),
    }


def _line(values: list[Any]) -> dict[str, Any]:
    return dict(zip(OrderLine._fields, values, strict=False))


def _trades(db: Connection) -> Iterator[Line]:
    query = (
        select(trades, books.c.symbol)
        .join(books, books.c.instrument == trades.c.instrument, isouter=True)
        .order_by(trades.c.id)
        .execution_options(yield_per=5_000)
    )
    for row in db.execute(query):
        currency = BY_ASSET[row.currency].code
        yield {
            "id": ids.encode("trade", row.id),
            "seq": row.seq,
            "at": _time(row.at_us),
            "instrument": ids.encode("instrument", row.instrument),
            "symbol": row.symbol,
            "price": plain(row.price, currency),
            "quantity": row.quantity,
            "value": plain(row.price * row.quantity, currency),
            "fee": plain(row.fee, currency),
            "currency": currency,
            "buyer": ids.encode("member", row.buyer),
            "seller": ids.encode("member", row.seller),
            "buy_order": _order(row.buy_order),
            "sell_order": _order(row.sell_order),
            "taker": row.taker,
            "origin": row.origin,
            "state": row.state,
        }


def _order(number: int) -> str | None:
    """Return an order's id; a negotiated trade (0) has none."""
    return ids.encode("order", number) if number else None


def _time(at_us: int) -> str:
    return moment(at_us).isoformat().replace("+00:00", "Z")
