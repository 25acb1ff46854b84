"""A whole life of money and rights, each step under its own key: repeated, done once.

``python -m tests.crash.life DATABASE_URL`` reads lines ``run point when hit`` and forks
for each a process that lives under the keys of *run* and kills itself at the hit-th
time that it comes to *point*, a function of ours. Nothing in the product knows of it:
the interpreter's own profile hook looks on, and only there.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from marketplace.trading import commands as c
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from settlement import store
from settlement.ledger import HOUSE
from tests.floor import BUY, CAT, CNY, SECOND, STAFF, SUN, VERA, bid, line

THIRD = 903
WAITED = SUN + 1
SHA = "ab" * 32


def opening() -> list[c.Command]:
    """Return what the floor needs besides: a right that is paid after acceptance."""
    return [
        c.ListInstrument(
            STAFF, WAITED, "WAITED", VERA, CNY, 1, 1, '{"title":"W"}', ("analysis",),
            None, 5, transferable=False, acceptance=c.Acceptance(7, 5),
        ),
        c.PlaceOrder(
            VERA, VERA, c.Line(WAITED, "sell", 3, 1, evergreen=True)
        ),
    ]  # fmt: skip


def live(do: Callable[[str, c.Command], Any], run: str) -> None:
    """Pay in, order, match, clear, settle, deliver, accept, mend, pay out."""
    payin = do("payin", c.RequestPayin(CAT, CAT, CNY, 90, "cash"))
    do("confirm", c.ConfirmPayin(STAFF, payin))
    card = do("card", c.RequestCardPayin(CAT, CAT, CNY, 500))
    charge = (f"txn_{run}", "charge", card, f"pi_{run}", CNY, 500, 2, 5)
    do("line", c.RecordLine(0, *charge))
    resting = do("bid", bid(9, 2)).order
    do("buy", BUY)
    sell = c.PlaceOrder(VERA, VERA, line("sell", 9, 1, time_in_force="IOC"))
    right = do("sell", sell).trades[0][0]
    do("cancel", c.CancelOrder(CAT, CAT, resting))
    want = c.Line(WAITED, "buy", 3, 2, "IOC", purpose="analysis")
    (part, *_), *_ = do("wait", c.PlaceOrder(CAT, CAT, want)).trades
    do("report", c.ReportDelivery(VERA, VERA, part, 2))
    do("accept", c.AcceptDelivery(CAT, CAT, part, 1))
    granted = do("grant", c.GrantRight(STAFF, CAT, WAITED, 1, "analysis"))
    do("deliver", c.Deliver(CAT, CAT, granted, 1, SHA, 9))
    journal = (1, "bank", "suspense", 0, CNY, 1)
    mend = do("propose", c.Propose(STAFF, "Correct", journal, "whose?"))
    do("decide", c.Decide(SECOND, mend, approve=True))
    payout = do("payout", c.RequestPayout(VERA, VERA, CNY, 5, "bank"))
    do("approve", c.ApprovePayout(SECOND, payout))
    do("pay", c.PayPayout(THIRD, payout))
    assert right
    assert HOUSE == 0


def watch(point: str, when: str, hit: int) -> None:
    """Kill this process at the *hit*-th time that *point* is come to."""
    path, _, name = point.partition(":")
    event, seen = ("call" if when == "before" else "return"), 0

    def hook(frame: FrameType, happens: str, _: Any) -> None:
        nonlocal seen
        code = frame.f_code
        if happens != event or code.co_name != name:
            return
        if code.co_filename.endswith(f"/{path}.py"):
            seen += 1
            if seen == hit:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(hook)
    sys.setprofile(hook)


def run(database_url: str, name: str, point: str, when: str, hit: int) -> None:
    """Live once; say each answer, and in the end that it was whole."""
    if point != "-":
        watch(point, when, hit)
    exchange = Exchange(store.connect(database_url, write=True), wait=True)
    gateway = Gateway(exchange, store.connect(database_url))

    def do(step: str, command: c.Command) -> Any:
        outcome = gateway.submit(command, f"{name}-{step}")
        sys.stdout.write(f"done {name}-{step} {outcome.seq}\n")
        sys.stdout.flush()
        return outcome.result

    live(do, name)
    sys.stdout.write(f"whole {name}\n")
    sys.stdout.flush()
    gateway.close()


def nurse(database_url: str) -> None:
    """Fork for each line of the input; say how each ended."""
    for text in sys.stdin:
        name, point, when, hit = text.split()
        child = os.fork()
        if not child:
            try:
                run(database_url, name, point, when, int(hit))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write(f"\ngone {'killed' if killed else 'alive'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    nurse(sys.argv[1])
