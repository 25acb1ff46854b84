"""``databourse retention``: what is kept how long, what is due, erase it by class."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine

from marketplace import migrations
from marketplace.config import Config
from marketplace.members.verification import OPERATOR
from marketplace.privacy import erasing
from marketplace.privacy import retention as classes
from marketplace.trading.gateway import open_gateway
from settlement import clock, ids, store


@click.group()
def retention() -> None:
    """Show what is kept how long, and propose to erase what is due."""


@retention.command("list")
def list_() -> None:
    """List the classes: period, rows, how many are past it, the rule."""
    with _writes() as (_, engine), engine.connect() as db:
        for line in classes.due(db, clock.now_us()):
            kept = "" if line.of.erased else "  (never erased)"
            click.echo(
                f"{line.of.code:<14}{line.of.days:>7} d {line.rows:>10} rows"
                f" {line.due:>8} due  {line.of.rule}{kept}"
            )


@retention.command()
@click.argument("code", type=click.Choice(list(classes.BY_CODE)))
@click.option("--propose", "reason", help="Propose it, for this reason.")
def erase(code: str, reason: str | None) -> None:
    """Say what is due of the class CODE; with --propose let it wait for approval.

    Without --propose nothing changes. A member of the staff approves it on the page
    of retention; the server must not run meanwhile, or propose it there instead.
    """
    classes.erasable(code)
    with _writes() as (config, engine):
        with engine.connect() as db:
            line = classes.due_of(db, classes.BY_CODE[code], clock.now_us())
        until = clock.moment(line.until_us).date().isoformat()
        if reason is None:
            click.echo(f"✓ {line.due} of {line.rows} rows are from before {until}")
            return
        gateway = open_gateway(config.exchange_url, engine, engine)
        try:
            command = erasing.of_class(OPERATOR, code, reason, clock.now_us())
            number = gateway.submit(command).result
        finally:
            gateway.close()
        public = ids.encode("proposal", number)
        click.echo(f"✓ {public} waits for approval: {line.due} rows before {until}")


@contextmanager
def _writes() -> Iterator[tuple[Config, Engine]]:
    config = Config.from_environment().prepared()
    migrations.upgrade(config.database_url)
    engine = store.connect(config.database_url, write=True)
    try:
        yield config, engine
    finally:
        engine.dispose()
