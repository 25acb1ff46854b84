"""``databourse listing``: products kept as YAML files, applied in a user's name."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from marketplace import migrations
from marketplace.config import Config
from marketplace.manifests.applying import Outcome, apply
from marketplace.manifests.writing import dumped, written
from marketplace.members import users
from marketplace.trading.gateway import Gateway, open_gateway
from settlement import ids, store
from settlement.errors import Invalid

SIGNS = {"created": "+", "changed": "~", "unchanged": "="}
FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
as_user = click.option(
    "--user", "email", required=True, metavar="EMAIL", help="Whose name it is done in."
)


@click.group()
def listing() -> None:
    """Listing as code: apply, compare and write products as YAML documents."""


@listing.command("apply")
@click.argument("file", type=FILE)
@as_user
def apply_(file: Path, email: str) -> None:
    """Make or change the products that FILE describes; again, and nothing changes.

    FILE has one or several YAML documents; - is standard input. The rules are those of
    the vendor's pages: what is registered already goes to the registrar as a change. A
    price waits until its instrument is listed: apply the file again then. If anything
    is wrong, every problem is named with its line, and nothing is done.
    """
    _run(file, email, dry_run=False)


@listing.command()
@click.argument("file", type=FILE)
@as_user
def diff(file: Path, email: str) -> None:
    """Show what applying FILE would change; exit with 3 if that is something."""
    if _run(file, email, dry_run=True):
        raise SystemExit(3)


@listing.command()
@click.argument("products", nargs=-1, required=True, metavar="PRODUCT…")
@as_user
def get(products: tuple[str, ...], email: str) -> None:
    """Write each PRODUCT (prd_…) as a document that changes nothing when applied."""
    with _desk() as desk, desk.reads.connect() as db:
        member = users.by_email(db, email).member
        for product in products:
            number = ids.decode("product", product)
            click.echo(written(db, number, member), nl=False)


class Desk:
    """What applying works with; the market is asked only if a price changes."""

    def __init__(self, stack: ExitStack, config: Config) -> None:
        """Close with *stack* what is opened."""
        self.config = config
        self._stack = stack
        self.writes, self.reads = self._engine(write=True), self._engine(write=False)

    def _engine(self, *, write: bool) -> Engine:
        engine = store.connect(self.config.database_url, write=write)
        self._stack.callback(engine.dispose)
        return engine

    @cached_property
    def gateway(self) -> Gateway:
        """The one door; WriterElsewhere if a server without an address writes."""
        gateway = open_gateway(self.config.exchange_url, self.writes, self.reads)
        self._stack.callback(gateway.close)
        return gateway


@contextmanager
def _desk() -> Iterator[Desk]:
    config = Config.from_environment().prepared()
    migrations.upgrade(config.database_url)
    with ExitStack() as stack:
        yield Desk(stack, config)


def _run(file: Path, email: str, *, dry_run: bool) -> bool:
    """Apply or compare, and say so; whether something changed or would."""
    with click.open_file(str(file), encoding="utf-8") as stream:
        text = stream.read()
    with _desk() as desk:
        with desk.reads.connect() as db:
            user = users.by_email(db, email)
        try:
            outcomes = apply(desk, text, user, dry_run=dry_run)
        except Invalid as invalid:
            _complain(file, invalid)
            raise SystemExit(1) from None
    for outcome in outcomes:
        _say(outcome)
    changed = sum(bool(outcome.changes) for outcome in outcomes)
    done = "would change" if dry_run else "changed"
    click.secho(f"✓ {len(outcomes)} documents: {changed} {done}", fg="green")
    return changed > 0


def _complain(file: Path, invalid: Invalid) -> None:
    for where, texts in invalid.problems.items():
        for text in texts:
            click.echo(f"{file}:{where}: {text}", err=True)
    number = sum(map(len, invalid.problems.values()))
    click.secho(f"✗ {number} problems", fg="red", err=True)


def _say(outcome: Outcome) -> None:
    product = "" if outcome.product is None else ids.encode("product", outcome.product)
    named = " ".join(part for part in (outcome.reference, product) if part)
    click.echo(f"{SIGNS[outcome.outcome]} {named}: {outcome.outcome}")
    for change in outcome.changes:
        click.echo(f"    {change.path}")
        for sign, value in (("-", change.before), ("+", change.after)):
            if value not in (None, "", (), []):
                for line in _lines(value):
                    click.echo(f"      {sign} {line}")
    for symbol in outcome.waiting:
        click.echo(f"    {symbol}: its price waits until it is listed")


def _lines(value: Any) -> list[str]:
    """Return a value as the lines that a file would have of it."""
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, int):
        return [str(value)]
    plain = list(value) if isinstance(value, tuple) else value
    return dumped(plain).splitlines()[1:]
