"""An approved request on its way: the command that was asked for, as it was asked for.

What follows a command elsewhere (telling the other side, closing a request for quotes)
follows it here too, because it goes the way that a view would have sent it.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row

from marketplace.approvals import desk, limits
from marketplace.contracts import drafts
from marketplace.members import users
from marketplace.members.users import User
from marketplace.pricing import quotes
from marketplace.trading.bidding import BidInContest
from marketplace.trading.commands import (
    PlaceBasket,
    Placed,
    PlaceOrder,
    ReplaceOrder,
)
from marketplace.trading.drafting import SignContract
from marketplace.trading.pooling import JoinPool
from marketplace.trading.quoting import CounterOffer, OfferPrice, TakeOffer
from marketplace.trading.using import DeclareUse, SetBudget
from settlement import clock
from settlement.errors import Busy, ExchangeHalted, OutcomeUnknown, Refusal
from settlement.journal import by_key

MENDED_US = clock.MINUTE_US  # after the approval: by then it is sent, or was cut off
# What a request made, by the kind of its command: of what kind its result's number is.
MAKES = {
    PlaceOrder.__name__: "order",
    PlaceBasket.__name__: "order",
    ReplaceOrder.__name__: "order",
    OfferPrice.__name__: "offer",
    CounterOffer.__name__: "offer",
    TakeOffer.__name__: "trade",
    JoinPool.__name__: "pool",
    BidInContest.__name__: "contest",
    SignContract.__name__: "agreement",
    SetBudget.__name__: "entitlement",
    DeclareUse.__name__: "entitlement",
}


def approve(parts: drafts.Parts, by: User, number: int) -> None:
    """Approve a request and send it; what the market then refuses is kept as refused.

    Raises what `desk.approve` raises, or the market's refusal. After an outside
    failure (Busy, ExchangeHalted, OutcomeUnknown) the request stays approved: whoever
    approves it again sends it again, and it still happens once.
    """
    with parts.writes.begin() as db:
        row = desk.approve(db, by, number)
        if row.kind == desk.LIMIT:
            _set(db, row)
            return
    _carry_out(parts, row)


def _carry_out(parts: drafts.Parts, row: Row[Any]) -> None:
    """Send an approved request and note what became of it; the market's refusal."""
    try:
        result = _send(parts, row)
    except (Busy, ExchangeHalted, OutcomeUnknown):
        raise
    except Refusal as refusal:
        with parts.writes.begin() as db:
            desk.finish(db, row, "refused", None, refusal.code)
        raise
    with parts.writes.begin() as db:
        desk.finish(db, row, "sent", result)


class Mender:
    """Finishes what a crash left between an approval and the note that it was sent.

    The journal knows by the request's key whether the market has decided: then it goes
    the same way again, which changes nothing and notes what came of it. A request that
    the market never saw is sent by whoever approves it again, or ends unsent.
    """

    def __init__(self, parts: drafts.Parts) -> None:
        """Look and finish with *parts*."""
        self._parts = parts

    def step(self) -> int:
        """Finish what can be; return how many."""
        with self._parts.reads.connect() as db:
            rows = desk.unfinished(db, clock.now_us() - MENDED_US)
            known = {row.id: by_key(db, row.member, row.key) for row in rows}
        done = 0
        for row in rows:
            if known[row.id] is not None:
                with suppress(Refusal):  # it is noted
                    _carry_out(self._parts, row)
            elif row.expires_us <= clock.now_us() - MENDED_US:  # not under way either
                with self._parts.writes.begin() as db:
                    desk.finish(db, row, "unsent", None)
            else:
                continue
            done += 1
        return done


def _set(db: Connection, row: Row[Any]) -> None:
    """Put the limit that was asked for in force."""
    currency, amount = desk.limit_of(row)
    if amount is None:
        limits.take_off(db, row.member, currency)
    else:
        limits.put(db, row.by_user, row.member, currency, amount)
    desk.finish(db, row, "sent", None)


def _send(parts: drafts.Parts, row: Row[Any]) -> int | None:
    """Send the command of a request under its key; the number of what it made."""
    command = desk.command_of(row)
    return SENDS.get(type(command), _plainly)(parts, command, row.key)


def _plainly(parts: drafts.Parts, command: Any, key: str) -> int | None:
    """Send an order or a basket: the number of the (first) order that it placed."""
    result = parts.gateway.submit(command, key).result
    lines = result if isinstance(command, PlaceBasket) else (result,)
    return next((one.order for one in lines if isinstance(one, Placed)), None)


def _join(parts: drafts.Parts, command: JoinPool, key: str) -> int:
    parts.gateway.submit(command, key)
    return command.pool


def _bid(parts: drafts.Parts, command: BidInContest, key: str) -> int:
    parts.gateway.submit(command, key)
    return command.contest


def _sign(parts: drafts.Parts, command: SignContract, key: str) -> int:
    with parts.reads.connect() as db:
        signer = users.get(db, command.by)
    drafts.sign(parts, signer, command.contract, command.sha256, key)
    return command.contract


def _use(parts: drafts.Parts, command: SetBudget | DeclareUse, key: str) -> int:
    parts.gateway.submit(command, key)
    return command.entitlement


SENDS: dict[type, Callable[[drafts.Parts, Any, str], int | None]] = {
    TakeOffer: quotes.take,
    OfferPrice: quotes.offer,
    CounterOffer: quotes.counter,
    SignContract: _sign,
    JoinPool: _join,
    BidInContest: _bid,
    SetBudget: _use,
    DeclareUse: _use,
}
