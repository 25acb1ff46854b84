"""``databourse reindex``: make the search index anew from the catalogue."""

import click

from listings.search.index import open_index
from listings.search.projection import Projection
from marketplace import projection
from marketplace.config import Config
from settlement import clock, store


@click.command()
def reindex() -> None:
    """Make the search index anew from the catalogue.

    Safe while the server runs: its searches find what is already indexed.
    """
    config, began_s = Config.from_environment().prepared(), clock.elapsed_s()
    engine = store.connect(config.database_url)
    index = open_index(config.search_url)
    Projection(engine, index, projection.changes_after).remake()
    engine.dispose()
    took_s = clock.elapsed_s() - began_s
    click.secho(f"✓ {index.count():,} listings indexed in {took_s:.1f} s", fg="green")
    index.close()
