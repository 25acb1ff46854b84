"""Processes to be killed: they trade, and say each answer once they have it.

``python -m tests.crash.child DATABASE_URL SOCKET_URL`` is a writer behind a socket.
Without a socket, each line of the standard input is the name of a run: a fork (which
saves the imports) submits orders under it until it is killed.
"""

import os
import sys
import threading

from marketplace.trading import commands as c
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from marketplace.trading.wire import WriterServer
from settlement import store
from settlement.errors import Refusal
from tests.floor import BUY, CAT, DAN, bid, line

ASKERS = 4
SELL = c.PlaceOrder(DAN, DAN, line("sell", 13, 1))
BASKET = c.PlaceBasket(CAT, CAT, (BUY.line, line("buy", 8, 1), line("sell", 20, 10**9)))
FLOW: tuple[c.Command, ...] = (
    BUY, bid(), bid(8, 2), BASKET, c.CancelAll(CAT, CAT), SELL,
    bid(13, 1), c.RequestPayout(CAT, CAT, 1, 1, "bank"), bid(10**6, 10**6),
)  # fmt: skip


def say(text: str) -> None:
    """Print a line in one piece, whichever threads speak at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def trade(gateway: Gateway, run: str, asker: int) -> None:
    """Submit the flow again and again; print key, number and kind of each answer."""
    number = 0
    while True:
        command = FLOW[(number + asker) % len(FLOW)]
        key = f"{run}-{asker}-{number}"
        say(f"ask {key}")
        try:
            outcome = gateway.submit(command, key)
            say(f"done {key} {outcome.seq}")
        except Refusal as refusal:
            say(f"refused {key} {refusal.code}")
        number += 1


def serve(database_url: str, socket_url: str) -> None:
    """Take the lease, waiting for it, and serve until killed."""
    exchange = Exchange(store.connect(database_url, write=True), wait=True)
    server = WriterServer(socket_url, exchange)
    say("ready")
    server.serve()


def run(database_url: str, name: str) -> None:
    """Take the lease and trade until killed."""
    exchange = Exchange(store.connect(database_url, write=True), wait=True)
    gateway = Gateway(exchange, store.connect(database_url))
    say("ready")
    askers = [
        threading.Thread(target=trade, args=(gateway, name, asker))
        for asker in range(ASKERS)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()


def nurse(database_url: str) -> None:
    """Fork a run for each line of input, one at a time; say its number and its end."""
    for name in sys.stdin:
        child = os.fork()
        if not child:
            run(database_url, name.strip())
        say(f"\npid {child}")
        os.waitpid(child, 0)
        say("\ngone")


if __name__ == "__main__":
    (serve if len(sys.argv) > 2 else nurse)(*sys.argv[1:])
