"""``databourse import``: list what another catalogue describes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sqlalchemy import Connection, Engine

from listings import catalogue, importing
from listings.importing import FORMATS, Report
from listings.search.index import IndexBusy, open_index
from listings.search.projection import BATCH_MAX, Projection
from marketplace import admission, migrations, projection
from marketplace.config import Config
from marketplace.members import organisations
from marketplace.members.verification import OPERATOR, MemberState
from marketplace.trading.gateway import Gateway, open_gateway
from marketplace.trading.lease import WriterElsewhere
from settlement import clock, ids, store
from settlement.errors import Refusal

SUBMITTERS = 32  # so that many commands share one commit
REASONS_SHOWN = 20


@dataclass(eq=False)
class NotAVerifiedVendor(Refusal):
    """Only a verified vendor can have listings."""

    member: str


@click.command("import")
@click.argument("name", type=click.Choice(sorted(FORMATS)))
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--vendor", required=True, metavar="MEMBER", help="mem_…, verified.")
def import_(name: str, files: tuple[Path, ...], vendor: str) -> None:
    """List what the catalogue NAME describes in its FILEs, for the vendor MEMBER.

    An entry is known by its id in the catalogue: a second run updates what changed and
    leaves the rest alone. What has no field of ours is kept beside it; nothing is cut.
    Catalogues name no prices: a listing is free where its licence or its catalogue says
    so, otherwise buyers ask for a quote. Exits with 1 if an entry was refused.
    """
    config, began_s = Config.from_environment().prepared(), clock.elapsed_s()
    migrations.upgrade(config.database_url)
    member = ids.decode("member", vendor)
    with _engines(config) as (writes, reads), _progress() as progress:
        with reads.connect() as db:
            _check(db, member, vendor)
            position = _last_change(db)
        read = progress.add_task("entries", total=None)
        report = importing.run(
            writes,
            name,
            files,
            member,
            lambda done: progress.update(read, completed=done),
        )
        progress.update(read, total=report.entries + len(report.strays))
        notes = [
            *_tell_market(config, writes, reads, position, progress),
            *_index(config, reads, progress),
        ]
    _say(name, report, clock.elapsed_s() - began_s, notes)
    if report.refused:
        raise SystemExit(1)


def _check(db: Connection, member: int, public: str) -> None:
    found = organisations.get(db, member)
    if not found.vendor or found.state != MemberState.VERIFIED:
        raise NotAVerifiedVendor(public)


def _last_change(db: Connection) -> int:
    """Return the position of the newest change: what follows is ours or later."""
    last = 0
    while steps := catalogue.changed(db, last, BATCH_MAX):
        last = steps[-1][0]
    return last


def _tell_market(
    config: Config, writes: Engine, reads: Engine, position: int, progress: Progress
) -> Iterator[str]:
    """Open the books of what was listed, or leave it to the server that runs."""
    with reads.connect() as db:
        changed: list[int] = []
        while steps := catalogue.changed(db, position, BATCH_MAX):
            changed += [product for _, product in steps]
            position = steps[-1][0]
    if not changed:
        return
    try:
        gateway = open_gateway(config.exchange_url, writes, reads)
    except WriterElsewhere:
        yield "the running server opens the books"
        return
    task = progress.add_task("books", total=len(changed))
    try:
        with ThreadPoolExecutor(SUBMITTERS) as pool:
            tell = lambda product: _tell(reads, gateway, product)
            for refused in pool.map(tell, changed):
                progress.advance(task)
                yield from refused
    finally:
        gateway.close()


def _tell(reads: Engine, gateway: Gateway, product: int) -> list[str]:
    """Tell the market of one product; return what it refused."""
    with reads.connect() as db:
        commands = list(admission.untold(db, product, OPERATOR))
    refused = []
    for command in commands:
        try:
            gateway.submit(command)
        except Refusal as refusal:
            refused.append(f"{ids.encode('product', product)}: {refusal}")
    return refused


def _index(config: Config, reads: Engine, progress: Progress) -> Iterator[str]:
    """Show the listings in search, or leave it to the server that runs."""
    task = progress.add_task("search", total=None)
    following = Projection(
        reads, open_index(config.search_url), projection.changes_after
    )
    try:
        while number := following.step():
            progress.advance(task, number)
    except IndexBusy:
        yield "the running server indexes them"


def _say(name: str, report: Report, took_s: float, notes: list[str]) -> None:
    """Print what became of the entries: a table, what was refused, one line."""
    table = Table("", *(["entries"]), title=name, title_justify="left")
    table.columns[1].justify = "right"
    rows = {f"class: {kind}": count for kind, count in sorted(report.classes.items())}
    rows |= {f"price: {mode}": count for mode, count in sorted(report.modes.items())}
    for label, count in rows.items():
        table.add_row(label, f"{count:,}")
    Console().print(table)
    _list("refused", [f"{entry.id}: {entry.reason}" for entry in report.refused])
    _list("left out", [f"{stray.id}: {stray.reason}" for stray in report.strays])
    _list("note", notes)
    mark, colour = ("✗", "red") if report.refused else ("✓", "green")
    click.secho(
        f"{mark} {report.entries:,} entries: {report.created:,} created,"
        f" {report.updated:,} updated, {report.unchanged:,} unchanged,"
        f" {len(report.refused):,} refused, in {took_s:.1f} s",
        fg=colour,
    )


def _list(label: str, lines: list[str]) -> None:
    for line in lines[:REASONS_SHOWN]:
        click.echo(f"{label}: {line}", err=True)
    if len(lines) > REASONS_SHOWN:
        click.echo(f"{label}: and {len(lines) - REASONS_SHOWN:,} more", err=True)


@contextmanager
def _engines(config: Config) -> Iterator[tuple[Engine, Engine]]:
    writes = store.connect(config.database_url, write=True)
    reads = store.connect(config.database_url)
    try:
        yield writes, reads
    finally:
        reads.dispose()
        writes.dispose()


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
