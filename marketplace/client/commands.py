"""``databourse login`` and the rest: find, buy, fetch from an exchange elsewhere."""

import json
import os
import secrets
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from marketplace.client import accounts
from marketplace.client.accounts import MODE, Account
from marketplace.client.answers import Failed, Unreachable
from marketplace.client.exchange import Exchange
from marketplace.client.pulling import PARTS, Promised, places, pull
from marketplace.client.sentences import gettext, language

ADDRESS = "http://127.0.0.1:8000"
WHOLE = {"JPY"}  # currencies without decimals (ISO 4217)
TRIES_MAX = 3  # of an order, under one key
SECOND_US = 1_000_000
ENDS = "\n\nExit codes: 0 done, 1 refused, 2 wrongly called, 3 not reached, 4 damaged."


@click.command(epilog=ENDS.strip())
@click.argument("address", default=ADDRESS)
@click.option("--forget", is_flag=True, help="Forget the key that is kept here.")
def login(address: str, *, forget: bool) -> None:
    """Keep the key to an exchange, for the commands of buyers.

    The key is made on its account page; it is asked for, or read from standard input,
    and kept in your own configuration directory, readable by you alone. ADDRESS begins
    with https; plain http is only for 127.0.0.1.
    """
    if forget:
        accounts.forget()
        click.echo(gettext("✓ the key is forgotten"))
        return
    where = accounts.checked(address)
    if sys.stdin.isatty():
        key = click.prompt(gettext("Key"), hide_input=True)
    else:
        key = sys.stdin.readline()
    account = Account(where, key.strip())
    if not account.key.isascii() or not account.key.isprintable() or not account.key:
        raise Failed(gettext("This is no key."))
    who = Exchange(account).get("/me")
    path = accounts.save(account)
    member = who["member_zh"] if language() == "zh" else who["member_en"]
    name = member or who["member_zh"] or who["member_en"]
    click.echo(
        gettext("✓ you act for %(name)s at %(address)s", name=name, address=where)
    )
    click.echo(gettext("the key is in %(file)s", file=path), err=True)


@click.command(epilog=ENDS.strip())
@click.argument("words", nargs=-1)
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 50))
def search(words: tuple[str, ...], limit: int) -> None:
    """Search the market for WORDS, in either language; what there is to buy.

    Each line is the symbol of something to buy, its lowest posted price and the title.
    """
    exchange = Exchange(accounts.load())
    found = exchange.get("/listings", q=" ".join(words), limit=limit)
    for hit in found["data"]:
        title = _either(hit, "title")
        for unit in hit["instruments"]:
            price = unit.get("offer")
            shown = gettext("no price")
            if price is not None:
                shown = _money(price, unit["currency"])
            click.echo(f"{unit['symbol']:<24} {shown:>16}  {title}")
    click.echo(
        gettext(
            "✓ %(shown)s of %(total)s listings",
            shown=len(found["data"]),
            total=found["total"],
        ),
        err=True,
    )


@click.command(epilog=ENDS.strip())
@click.argument("symbol")
@click.option("--purpose", required=True, help="What it is for, such as research.")
@click.option("--quantity", default=1, show_default=True, type=click.IntRange(1))
@click.option(
    "--at-most",
    type=click.IntRange(0),
    help="Price of one unit in minor units; without it, what is posted now.",
)
@click.option("--yes", is_flag=True, help="Do not ask before it is bought.")
def buy(
    symbol: str, purpose: str, quantity: int, at_most: int | None, *, yes: bool
) -> None:
    """Buy SYMBOL at its posted price, at once or not at all.

    A connection that breaks is tried again under the same key: it is bought once.
    """
    exchange = Exchange(accounts.load())
    unit = exchange.get(f"/symbols/{symbol}")
    price = at_most
    if price is None:
        price = unit["offer"]
        if price is None:
            raise Failed(gettext("Nobody offers %(symbol)s now.", symbol=symbol))
    whole = _money(price * quantity, unit["currency"])
    if not yes:
        question = gettext(
            "Buy %(quantity)s × %(symbol)s for at most %(money)s?",
            quantity=quantity,
            symbol=symbol,
            money=whole,
        )
        if not click.confirm(question, err=True):
            raise Failed(gettext("Nothing was bought."))
    order = {
        "instrument": unit["id"],
        "side": "buy",
        "price": price,
        "quantity": quantity,
        "time_in_force": "FOK",
        "purpose": purpose,
    }
    placed = _place(exchange, order)
    if placed["state"] != "filled":
        raise Failed(
            gettext(
                "Nothing was bought: %(why)s (%(order)s)",
                why=placed["reason"] or placed["state"],
                order=placed["order"],
            )
        )
    paid = sum(fill["price"] * fill["quantity"] for fill in placed["trades"])
    trades = ", ".join(fill["trade"] for fill in placed["trades"])
    money = _money(paid, unit["currency"])
    click.echo(
        gettext(
            "✓ bought %(symbol)s for %(money)s: %(trades)s",
            symbol=symbol,
            money=money,
            trades=trades,
        )
    )


@click.command(epilog=ENDS.strip())
@click.argument("right", required=False)
def rights(right: str | None) -> None:
    """List your usage rights, newest first; with RIGHT (ent_…) the files it opens."""
    exchange = Exchange(accounts.load())
    if right is not None:
        files = _files(exchange, right)
        for file in files:
            click.echo(
                f"{file.id}  {file.size:>14,}  {file.sha256}  {file.name}"
                f"  ({file.release})"
            )
        click.echo(gettext("✓ %(number)s files", number=len(files)), err=True)
        return
    symbols: dict[str, str] = {}
    number = 0
    for one in exchange.all("/entitlements"):
        instrument = one["instrument"]
        if instrument not in symbols:
            unit = exchange.get(f"/instruments/{instrument}")
            symbols[instrument] = unit["symbol"]
        until = _day(one["until_us"]) if one["until_us"] else gettext("without end")
        state = f"{one['state']:<10}"
        click.echo(f"{one['id']}  {symbols[instrument]:<24} {state} {until}")
        number += 1
    click.echo(gettext("✓ %(number)s rights", number=number), err=True)


@click.command("pull", epilog=ENDS.strip())
@click.argument("right")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--to",
    "folder",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to; the present directory if not said.",
)
def pull_files(right: str, names: tuple[str, ...], folder: Path) -> None:
    """Bring the files that RIGHT (ent_…) opens here, or those called NAME.

    What is here already is left alone and not counted. What broke off goes on where it
    was, also in a later call within a day. Each file is checked by its hash. If the
    right opens several releases, each has a folder of its own.
    """
    exchange = Exchange(accounts.load())
    files = _files(exchange, right)
    missing = set(names) - {file.name for file in files}
    if missing:
        name = min(missing)
        raise Failed(gettext("The right opens no file called %(name)s.", name=name))
    wanted = [file for file in files if not names or file.name in names]
    targets = places(files, folder)  # all of them: NAME does not change where to
    brought = 0
    for file in wanted:
        with click.progressbar(
            length=file.size, label=file.name, file=sys.stderr
        ) as bar:
            receipt = pull(
                *(exchange, right, file, targets[file.id], folder / PARTS),
                lambda here, bar=bar: bar.update(here - bar.pos),  # type: ignore[misc]
            )
        brought += bool(receipt)
        if receipt:
            click.echo(f"{targets[file.id]}  {receipt}")
    click.echo(
        gettext(
            "✓ %(number)s files brought, %(rest)s were here",
            number=brought,
            rest=len(wanted) - brought,
        )
    )


@click.command(epilog=ENDS.strip())
@click.argument("right")
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; RIGHT.share if not said.",
)
def profile(right: str, path: Path | None) -> None:
    """Make a Delta Sharing profile of RIGHT (ent_…), for pandas, Spark, polars.

    It holds a token: the file is readable by you alone, and never written over.
    """
    path = path or Path(f"{right}.share")
    exchange = Exchange(accounts.load())
    if path.exists():
        raise Failed(gettext("%(file)s is there already.", file=path))
    made = exchange.post(f"/entitlements/{right}/sharings")
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    with os.fdopen(opened, "w", encoding="utf-8") as out:
        json.dump(made["profile"], out, indent=1)
    click.echo(
        gettext(
            "✓ %(file)s opens the tables of %(right)s until %(until)s",
            file=path,
            right=right,
            until=made["profile"]["expirationTime"],
        )
    )


def _place(exchange: Exchange, order: dict[str, Any]) -> Any:
    """Place an order once, however often the connection breaks."""
    key = secrets.token_hex(16)
    for _ in range(TRIES_MAX - 1):
        with suppress(Unreachable):
            return exchange.post("/orders", order, Idempotency_Key=key)
    return exchange.post("/orders", order, Idempotency_Key=key)


def _files(exchange: Exchange, right: str) -> list[Promised]:
    found = exchange.get(f"/entitlements/{right}/files")["data"]
    fields = Promised._fields
    return [Promised(**{name: file.get(name, "") for name in fields}) for file in found]


def _either(row: dict[str, Any], field: str) -> str:
    asked = language()
    other = "en" if asked == "zh" else "zh"
    return str(row[f"{field}_{asked}"] or row[f"{field}_{other}"])


def _money(minor: int, currency: str) -> str:
    if currency in WHOLE:
        return f"{minor:,} {currency}"
    return f"{minor // 100:,}.{minor % 100:02} {currency}"


def _day(at_us: int) -> str:
    moment = datetime.fromtimestamp(at_us // SECOND_US, UTC).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M")
