"""``databourse key``: make and end API keys from the machine itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection

from marketplace import migrations
from marketplace.config import Config
from marketplace.members import keys, users
from settlement import clock, ids, store


@click.group()
def key() -> None:
    """Create, revoke and list API keys."""


@key.command()
@click.argument("email")
@click.option("--name", default="command line", show_default=True)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(list(keys.SCOPES)),
    help="May be given several times; every key may read.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="How long it is good for.")
def create(email: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key that acts for the user with EMAIL; it is shown this once."""
    until = None if days is None else clock.now_us() + days * clock.DAY_US
    with _database() as db:
        owner = users.by_email(db, email)
        made = keys.create(db, owner, name, scopes, until)
    click.echo(made.secret)
    click.echo(f"✓ {ids.encode('key', made.id)} acts for {email}", err=True)


@key.command()
@click.argument("email")
@click.argument("number", metavar="KEY")
def rotate(email: str, number: str) -> None:
    """Make a key in place of KEY (key_…) of the user with EMAIL; that goes on a day."""
    with _database() as db:
        made = keys.rotate(db, users.by_email(db, email), ids.decode("key", number))
    click.echo(made.secret)
    click.echo(f"✓ {ids.encode('key', made.id)} replaces {number}", err=True)


@key.command()
@click.argument("member")
@click.argument("number", metavar="KEY")
def revoke(member: str, number: str) -> None:
    """End KEY (key_…) of MEMBER (mem_…) at once."""
    with _database() as db:
        keys.revoke(db, ids.decode("member", member), ids.decode("key", number))
    click.echo(f"✓ {number} is revoked")


@key.command("list")
@click.argument("member")
def list_(member: str) -> None:
    """List the living keys of MEMBER (mem_…), newest first."""
    with _database() as db:
        found = keys.of_member(db, ids.decode("member", member))
    for row in found:
        public = ids.encode("key", row.id)
        click.echo(f"{public}  dbk_{row.prefix}_…  {row.scopes}  {row.name}")
    click.echo(f"✓ {len(found)} keys")


@contextmanager
def _database() -> Iterator[Connection]:
    config = Config.from_environment().prepared()
    migrations.upgrade(config.database_url)
    engine = store.connect(config.database_url, write=True)
    try:
        with engine.begin() as db:
            yield db
    finally:
        engine.dispose()
