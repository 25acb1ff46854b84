"""``databourse catalogue``: everything in public, in every format, as one ZIP file."""

from pathlib import Path

import click

from listings import publication
from marketplace import exporting, migrations
from marketplace.config import Config
from settlement.invariants import snapshot
from settlement.store import connect

REASONS_SHOWN = 20


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--address",
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Where the exchange is reached; addresses in the files begin with it.",
)
def catalogue(file: Path, address: str) -> None:
    """Write all listings in public, in every format, into the ZIP file FILE.

    listings/ has one file for each listing and format, catalogue/ the pages of the
    whole catalogue in the formats that have catalogues. All are of one moment. What a
    format cannot describe is named.
    """
    config = Config.from_environment().prepared()
    migrations.upgrade(config.database_url)
    engine = connect(config.database_url)
    try:
        with snapshot(engine) as db:
            total = publication.count(db)
            with click.progressbar(length=total, label="listings") as bar:
                done, left_out = exporting.bundle(
                    db,
                    address.rstrip("/"),
                    file,
                    lambda number: bar.update(number - bar.pos),
                )
    finally:
        engine.dispose()
    for line in left_out[:REASONS_SHOWN]:
        click.echo(f"left out: {line}", err=True)
    if len(left_out) > REASONS_SHOWN:
        click.echo(f"left out: and {len(left_out) - REASONS_SHOWN:,} more", err=True)
    click.secho(f"✓ {done:,} listings are in {file}", fg="green")
