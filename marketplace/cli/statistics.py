"""``databourse statistics``: what was published, proven from the records."""

import click

from marketplace.config import Config
from marketplace.publishing import shelf
from settlement import clock, ids
from settlement.errors import NotFound
from settlement.statistics import publications
from settlement.statistics.reproduction import Reproduction, reproduce
from settlement.store import connect

SHOWN_MAX = 20


@click.group()
def statistics() -> None:
    """Prove what was published of the statistics."""


@statistics.command("list")
def list_() -> None:
    """List the publications with their position of the journal and their hashes."""
    engine = connect(Config.from_environment().database_url)
    with engine.connect() as db:
        for row in publications.released(db, clock.now_us()):
            click.echo(
                f"{ids.encode('publication', row.id)} {row.period} up to {row.last_day}"
                f" vintage {row.vintage} {row.state}: record {row.seq}, {row.sha256}"
            )
    engine.dispose()


@statistics.command("reproduce")
@click.argument("number", metavar="ID")
def reproduce_(number: str) -> None:
    """Compute a publication (pub_…) or one table of it (fig_…) again, and compare.

    From the tape of trades at the publication's position of the journal, by the texts
    of the questions that were published. What comes out otherwise is named, and the
    exit code is then 1.
    """
    config = Config.from_environment()
    engine = connect(config.database_url)
    with engine.connect() as db:
        try:
            table = publications.table(db, ids.decode("figure", number))
            whole, only = table.publication, table.id
        except NotFound:
            whole, only = ids.decode("publication", number), None
        row = publications.get(db, whole)
        found = reproduce(db, shelf(config), whole, only)
    engine.dispose()
    click.echo(
        f"{ids.encode('publication', whole)}: {row.period} up to {row.last_day},"
        f" vintage {row.vintage}; record {row.seq}, {row.head}"
    )
    _tell(found)


def _tell(found: Reproduction) -> None:
    others = [table for table in found.tables if not table.is_same]
    for table in others[:SHOWN_MAX]:
        figure = ids.encode("figure", table.figure)
        click.secho(f"✗ {figure} {table.question} by {table.by or '-'}", fg="red")
    if not found.is_whole:
        click.secho("✗ the publication's hash is not that of its tables", fg="red")
    if not found.is_same:
        raise SystemExit(1)
    click.secho(f"✓ {len(found.tables)} tables are as they were published", fg="green")
