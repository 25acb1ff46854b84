"""``databourse measure``: call the data services whose time has come."""

import click

from marketplace import migrations
from marketplace.config import Config
from marketplace.measuring import Measurer
from settlement import store


@click.command()
def measure() -> None:
    """Call every data service that is due, once, and keep latency and uptime.

    The running server does so by itself. Safe beside it: nothing is called twice.
    """
    config = Config.from_environment().prepared()
    migrations.upgrade(config.database_url)
    writes = store.connect(config.database_url, write=True)
    reads = store.connect(config.database_url)
    measurer, called, up = Measurer(reads, writes, config.reachable), 0, 0
    while made := measurer.step():
        called += len(made)
        up += sum(call.up for call in made)
    reads.dispose()
    writes.dispose()
    click.secho(f"✓ {called:,} services called, {up:,} of them up", fg="green")
