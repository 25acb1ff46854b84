"""``databourse member``: register, verify and suspend from the machine itself."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine

from listings.registration import opinions
from marketplace import migrations
from marketplace.config import Config
from marketplace.members import organisations, roles, users, verification
from marketplace.members.organisations import Organisation
from marketplace.members.passwords import Passwords
from marketplace.members.tables import HOUSE
from marketplace.members.verification import MemberEvent
from marketplace.trading.gateway import open_gateway
from marketplace.trading.lease import WriterElsewhere
from settlement import ids, store


@click.group()
def member() -> None:
    """Register, verify, suspend and list members."""


@member.command()
@click.argument("name")
@click.argument("email")
@click.option("--name-zh", default="", help="The name in Chinese.")
@click.option(
    "--kind",
    type=click.Choice(list(organisations.KINDS)),
    default="company",
    show_default=True,
)
@click.option("--code", help="The unified social credit code; not for foreign members.")
@click.option("--region", default="31", show_default=True, help="GB/T 2260 code.")
@click.option("--vendor", is_flag=True, help="It sells.")
@click.option("--buyer", is_flag=True, help="It buys.")
@click.option(
    "--assesses",
    multiple=True,
    type=click.Choice(list(opinions.KINDS)),
    help="It gives opinions of that kind; may be repeated.",
)
@click.option("--verify", "at_once", is_flag=True, help="Verify it at once.")
def add(
    name: str,
    email: str,
    name_zh: str,
    kind: str,
    code: str | None,
    region: str,
    assesses: tuple[str, ...],
    *,
    vendor: bool,
    buyer: bool,
    at_once: bool,
) -> None:
    """Register the organisation NAME with its owner's EMAIL, and print a password."""
    wanted = Organisation(kind, name_zh, name, code, region, vendor, buyer, assesses)
    organisations.checked(wanted)
    password = secrets.token_urlsafe(12)
    hashed = users.hashed(Passwords(), password, email)
    with _writes() as writes:
        with writes.begin() as db:
            number, user = users.sign_up(db, wanted, email, name, hashed)
            verification.submit(db, number, user)
            if at_once:
                verification.decide(db, number, MemberEvent.VERIFY, None)
        told = _tell(writes) if at_once else ""
    public = ids.encode("member", number)
    click.secho(f"✓ {public} registered; {email} signs in with {password}{told}")


@member.command()
@click.argument("email")
@click.argument("granted", nargs=-1, type=click.Choice(roles.STAFF), required=True)
def staff(email: str, granted: tuple[str, ...]) -> None:
    """Add a user of the house with the roles GRANTED, and print a password."""
    password = secrets.token_urlsafe(12)
    hashed = users.hashed(Passwords(), password, email)
    with _writes() as writes, writes.begin() as db:
        organisations.ensure_house(db)
        users.add(db, HOUSE, email, email.partition("@")[0], hashed, granted)
    click.secho(f"✓ {email} ({', '.join(granted)}) signs in with {password}")


@member.command()
@click.argument("number", metavar="MEMBER")
def verify(number: str) -> None:
    """Verify MEMBER (mem_…): it may trade from now on."""
    _decide(number, MemberEvent.VERIFY, "", "is verified")


@member.command()
@click.argument("number", metavar="MEMBER")
@click.option("--reason", required=True, help="Why; the member reads it.")
def suspend(number: str, reason: str) -> None:
    """Suspend MEMBER: its open orders are cancelled and it cannot trade."""
    _decide(number, MemberEvent.SUSPEND, reason, "is suspended")


@member.command()
@click.argument("number", metavar="MEMBER")
def restore(number: str) -> None:
    """Let the suspended MEMBER trade again."""
    _decide(number, MemberEvent.RESTORE, "", "may trade again")


@member.command("list")
@click.option(
    "--state", type=click.Choice([state.value for state in verification.MemberState])
)
def list_(state: str | None) -> None:
    """List the members, newest first."""
    count, before = 0, None
    with _writes() as writes, writes.connect() as db:
        while True:
            page = organisations.in_state(db, state, before, store.PAGE_MAX)
            for row in page.rows:
                public = ids.encode("member", row.id)
                click.echo(f"{public}  {row.state:<9}  {row.name_zh or row.name_en}")
            count, before = count + len(page.rows), page.before
            if before is None:
                break
    click.echo(f"✓ {count} members")


def _decide(public: str, event: MemberEvent, reason: str, done: str) -> None:
    number = ids.decode("member", public)
    with _writes() as writes:
        with writes.begin() as db:
            verification.decide(db, number, event, None, reason)
        told = _tell(writes)
    click.secho(f"✓ {public} {done}{told}")


def _tell(writes: Engine) -> str:
    """Tell the market, or leave it to the server that runs: it looks by itself."""
    config = Config.from_environment()
    try:
        gateway = open_gateway(config.exchange_url, writes, writes)
    except WriterElsewhere:
        return " (the running server tells the market)"
    try:
        verification.tell_market(writes, gateway)
    finally:
        gateway.close()
    return ""


@contextmanager
def _writes() -> Iterator[Engine]:
    config = Config.from_environment().prepared()
    migrations.upgrade(config.database_url)
    engine = store.connect(config.database_url, write=True)
    try:
        yield engine
    finally:
        engine.dispose()
