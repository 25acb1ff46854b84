"""``databourse demo``: a believable market from a seed."""

import click

from marketplace import demo as market
from marketplace.cli.serve import Server
from marketplace.config import Config
from marketplace.services import open_services
from settlement import clock


@click.command()
@click.option("--serve", is_flag=True, help="Serve it afterwards.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--seed", default=1, show_default=True, help="Which market.")
def demo(host: str, seed: int, *, serve: bool) -> None:
    """Build the demo market, unless there is a market already; print its logins.

    Everything in it is made up: the organisations, the data and four weeks of trading.
    """
    config, began_s = Config.from_environment().prepared(), clock.elapsed_s()
    parts = open_services(config)
    try:
        if market.is_built(parts):
            click.echo("✓ the market is there already; nothing was changed")
        else:
            click.echo(f"{market.build(parts, seed=seed)}")
            took_s = clock.elapsed_s() - began_s
            click.secho(f"✓ the demo market was built in {took_s:.1f} s", fg="green")
    finally:
        parts.close()
    for login in market.logins():
        click.echo(str(login))
    if serve:
        Server(config, host, 1).run()
