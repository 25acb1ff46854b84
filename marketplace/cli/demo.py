"""``databourse demo``: a believable market from a seed."""

import sys

import click

from marketplace import demo as market
from marketplace.cli.serve import Server
from marketplace.config import Config
from marketplace.observability import configure_logging
from settlement import clock


@click.command()
@click.option("--serve", is_flag=True, help="Serve it afterwards.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--seed", default=1, show_default=True, help="Which market.")
def demo(host: str, seed: int, *, serve: bool) -> None:
    """Build the demo market, unless there is a market already; print its logins.

    Everything in it is made up: the organisations, the data and four weeks of trading.
    """
    config = Config.from_environment().prepared()
    if market.is_built(config):
        click.echo("✓ the market is there already; nothing was changed")
    else:
        _build(config, seed)
    for login in market.logins():
        click.echo(str(login))
    if serve:
        configure_logging()
        Server(config, host, 1).run()


def _build(config: Config, seed: int) -> None:
    """Build the market behind a progress bar, and say what there is."""
    began_s = clock.elapsed_s()
    with click.progressbar(
        length=market.STEPS, label="trading", file=sys.stderr
    ) as bar:
        summary = market.build(
            config, seed=seed, progress=lambda done: bar.update(done - bar.pos)
        )
    took_s = clock.elapsed_s() - began_s
    click.echo(str(summary))
    click.secho(f"✓ the demo market was built in {took_s:.1f} s", fg="green")
