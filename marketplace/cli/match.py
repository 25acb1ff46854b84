"""`databourse match`: run an order file through a book, for analysts and tests."""

import json
import sys
from typing import BinaryIO

import click

from marketplace.trading import orderfile
from marketplace.trading.matcher import Event, Matcher

PROGRESS_EVERY = 50_000  # lines

_EXPLANATION = """Run FILE, an order file, through an order book; - is standard input.

Nothing is stored, no money moves and no server is needed: this shows what the
exchange's own book does with a flow of orders.

Each line of FILE is one JSON object. A field in brackets may be left out.

\b
{"op": "place", "id": "1", ["member": "a",] ["instrument": "SUN",]
 "side": "buy"|"sell", "price": 100|null, "quantity": 10,
 ["time_in_force": "GTC"|"IOC"|"FOK"|"GTD",] ["expires_us": T,]
 ["post_only": true|false]}
{"op": "cancel", "id": "1"}
{"op": "reduce", "id": "1", "quantity": 5}
{"op": "flush"}
{"op": "phase", "phase": "call"|"continuous", ["instrument": "SUN",]
 ["reference": 100|null]}
{"op": "indicative", ["instrument": "SUN"]}
{"op": "uncross", ["instrument": "SUN"]}

A price of null is a market order, which waits in a call only. The time in force is GTC
if it is left out. Lines without an instrument share one book. Two orders of the same
member never trade: the newer is cancelled when they meet. A post-only order that would
trade is refused. An id may be used again only after a flush, unless its order was
refused. A reduce takes its quantity off what remains and keeps the order's priority;
one that takes everything ends the order with "remaining": 0, one that takes more is
refused.

In a call orders collect: nothing trades until an uncross, then all at one price, the
rest stays. Chosen is among all prices from the lowest to the highest limit the one at
which most trades; then with the least surplus; then the highest if there is a surplus
of buys at all that remain, the lowest if of sells; else the nearest to the reference
(the last price, or what the phase line says), and the higher of two equally near.
Market orders trade first, then price and time decide. IOC and FOK are refused in a
call; an order that overlaps with its own member's is cancelled. The phase continuous
first uncrosses what can trade, then cancels the market orders that are left.

Any line may tell its time as "at_us" (microseconds since 1970, never going back). A GTD
order, and only that, has "expires_us"; it expires before the first line whose time has
reached that. The times in the file are the only clock.

Each line is answered by one or more JSON lines: accepted, refused, trade, cancelled,
reduced, expired, flushed, phase, indicative, uncross, and top. A malformed line is
refused with its number and a code, and changes nothing. The rest of an order is
cancelled by its time in force first (immediate_or_cancel, fill_or_kill); no_liquidity
is the rest of any other market order.
"""


@click.command(help=_EXPLANATION)
@click.argument("file", type=click.File("rb"))
@click.option("--top", is_flag=True, help="Tell the best prices when they change.")
@click.option("--book", is_flag=True, help="End with the orders that still wait.")
@click.option(
    "--allow-self-trade", is_flag=True, help="Let orders of one member trade."
)
def match(file: BinaryIO, *, top: bool, book: bool, allow_self_trade: bool) -> None:
    """Feed every line to the matcher and print what it answers."""
    matcher = Matcher(allow_self_trade=allow_self_trade, top=top)
    out = sys.stdout.buffer
    asked_live = not file.seekable()  # somebody may wait for each answer
    for number, line in enumerate(orderfile.lines(file), 1):
        out.write(b"".join(map(_encode, matcher.feed(line))))
        if asked_live:
            out.flush()
        if number % PROGRESS_EVERY == 0:
            _show_progress(number)
    if book:
        out.writelines(map(_encode, matcher.resting()))
    out.flush()
    click.echo(_summary(matcher), err=True)


def _show_progress(number: int) -> None:
    """Count the lines for whoever watches while the answers go elsewhere."""
    if sys.stderr.isatty() and not sys.stdout.isatty():
        click.echo(f"\r{number:,} lines … ", nl=False, err=True)


def _encode(event: Event) -> bytes:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def _summary(matcher: Matcher) -> str:
    """Say in one line what was done."""
    tally = matcher.tally
    return (
        f"✓ lines: {tally['lines']:,}; orders accepted: {tally['accepted']:,}; "
        f"lines refused: {tally['refused']:,}; trades: {tally['trade']:,} "
        f"of {tally['traded']:,} in all; still waiting: {matcher.waiting:,}"
    )
