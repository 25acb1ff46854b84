"""What a member sees of itself: its waiting orders and what becomes of them, trades."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from marketplace.api.orders import OrderSchema
from marketplace.api.trades import OwnTradeSchema, own
from marketplace.streams.channels import Parts, Position, Seen
from marketplace.trading import reads, watching
from marketplace.trading.watching import ORDERS_MAX
from settlement.store import PAGE_MAX

TRADES_SHOWN = 50  # in a snapshot; older ones are at /trades
WAITING = ("open", "partial")
ORDER, TRADE = OrderSchema(), OwnTradeSchema()


class Account(NamedTuple):
    """A member at one moment."""

    orders: dict[int, tuple[Any, ...]]  # those that wait: what may change of each
    last_order: int
    last_trade: int
    shown: dict[int, Parts]  # the orders as they are told
    trades: list[Parts]  # the last TRADES_SHOWN, newest first


class News(NamedTuple):
    """What has happened since the last look."""

    orders: list[Parts]
    trades: list[Parts]


class Accounts:
    """Watches members, each for itself."""

    def look(self, db: Connection, known: Mapping[int, Seen | None]) -> dict[int, Seen]:
        """Look at members; all that is told is of one position."""
        seq = watching.freeze(db)
        found = {
            member: _first(db, seq, member)
            for member, seen in known.items()
            if seen is None
        }
        before = {member: seen for member, seen in known.items() if seen is not None}
        return found | _next(db, seq, before)

    def snapshot(self, seen: Seen) -> Parts:
        """Return all there is to see."""
        account: Account = seen.state
        return {"orders": list(account.shown.values()), "trades": account.trades}

    def change(self, _before: Seen, after: Seen) -> Parts:
        """Return what has happened: the orders that changed, the trades."""
        told: Parts = after.news._asdict()
        return {name: rows for name, rows in told.items() if rows}


def _first(db: Connection, seq: int, member: int) -> Seen:
    rows: list[Any] = []
    before: int | None = None
    while len(rows) < ORDERS_MAX:
        page = reads.orders_of(db, member, before, PAGE_MAX, live=True)
        rows += page.rows
        before = page.before
        if before is None:
            break
    rows.reverse()
    trades = [
        TRADE.dump(own(row))
        for row in reads.trades_of(db, member, limit=TRADES_SHOWN).rows
    ]
    account = Account(
        {row.id: _mutable(row) for row in rows},
        watching.last_orders(db, [member]).get(member, 0),
        watching.last_trade(db),
        {row.id: ORDER.dump(row) for row in rows},
        trades,
    )
    return Seen(Position(seq), account, News([], []))


def _next(db: Connection, seq: int, before: dict[int, Seen]) -> dict[int, Seen]:
    """Look again at members: at the orders that waited, the new ones, the trades."""
    if not before:
        return {}
    accounts: dict[int, Account] = {m: seen.state for m, seen in before.items()}
    known = [order for account in accounts.values() for order in account.orders]
    last = {member: account.last_order for member, account in accounts.items()}
    rows: dict[int, list[Any]] = {member: [] for member in accounts}
    for row in watching.orders_seen(db, known, last):
        rows[row.member].append(row)
    trades = watching.trades_after(db, min(a.last_trade for a in accounts.values()))
    newest = trades[-1].id if trades else max(a.last_trade for a in accounts.values())
    found = {}
    for member, account in accounts.items():
        new = _traded(member, account.last_trade, trades)
        found[member] = _look(seq, account, rows[member], new, newest)
    return found


def _look(
    seq: int, account: Account, rows: list[Any], new: list[Parts], newest: int
) -> Seen:
    waiting, shown, changed = dict(account.orders), dict(account.shown), []
    for row in rows:
        if waiting.get(row.id) != _mutable(row):
            shown[row.id] = ORDER.dump(row)
            waiting[row.id] = _mutable(row)
            changed.append(shown[row.id])
        if row.state not in WAITING:
            del waiting[row.id], shown[row.id]
    state = Account(
        waiting,
        max([account.last_order, *(row.id for row in rows)]),
        max(newest, account.last_trade),
        shown,
        (new[::-1] + account.trades)[:TRADES_SHOWN],
    )
    return Seen(Position(seq), state, News(changed, new))


def _mutable(row: Any) -> tuple[Any, ...]:
    return row.quantity, row.remaining, row.price, row.state


def _traded(member: int, after: int, rows: list[Any]) -> list[Parts]:
    """Return the member's trades among *rows* as it may see them, earliest first."""
    return [
        told(member, row)
        for row in rows
        if row.id > after and member in (row.buyer, row.seller)
    ]


def told(member: int, trade: Any) -> Parts:
    """Return a trade as one of its parties is told of it, here and by webhook."""
    side = "buy" if trade.buyer == member else "sell"
    parts: Parts = TRADE.dump(own(trade, side))
    return parts
