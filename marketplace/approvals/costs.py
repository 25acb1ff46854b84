"""What a command costs its member at most, read from what it is about.

All that is read here stays as it is: the price of an offer, the first tier of a group
buy, the quantity of an auction, the sum of a contract.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from listings.plans import UNITS_MAX, charge
from marketplace.trading import agreement_tables, pool_tables, tables, usage_tables
from marketplace.trading.bidding import BidInContest
from marketplace.trading.commands import (
    Command,
    Line,
    PlaceBasket,
    PlaceOrder,
    ReplaceOrder,
)
from marketplace.trading.drafting import SignContract
from marketplace.trading.orders import VALUE_MAX
from marketplace.trading.pooling import JoinPool
from marketplace.trading.pools import tiers_of
from marketplace.trading.quoting import CounterOffer, OfferPrice, TakeOffer
from marketplace.trading.usage import charged
from marketplace.trading.using import DeclareUse, SetBudget
from marketplace.trading.venue import UnknownInstrument
from settlement import statements
from settlement.errors import NotFound
from settlement.ids import encode

_b, _o = tables.books.c, tables.offers.c


class Cost(NamedTuple):
    """What is spent in one currency, in minor units; None: nobody can say."""

    currency: int  # asset number
    amount: int | None
    instrument: int  # the first
    lines: int = 1


Costs = Callable[[Connection, Any], list[Cost]]


def costs(db: Connection, command: Command) -> list[Cost]:
    """Return what *command* costs its member, by currency; empty if it buys nothing.

    What may not be is left to the market to refuse. What the records do not have is
    refused here, with NotFound or UnknownInstrument: they may not have it yet, and
    nothing passes whose cost is not known.
    """
    return [
        cost
        for cost in COSTS[type(command)](db, command)
        if cost.amount is None or cost.amount <= VALUE_MAX
    ]


def _order(db: Connection, command: PlaceOrder) -> list[Cost]:
    return _lines(db, [command.line])


def _basket(db: Connection, command: PlaceBasket) -> list[Cost]:
    found = _lines(db, command.lines)
    if command.total_max is None or len(found) != 1:
        return found  # a total in two currencies is refused by the market
    return [found[0]._replace(amount=command.total_max)]


def _lines(db: Connection, lines: Iterable[Line]) -> list[Cost]:
    """Return what the lines that buy cost together, by currency."""
    buying = [line for line in lines if line.side == "buy"]
    wanted = {line.instrument for line in buying}
    known = select(_b.instrument, _b.currency).where(_b.instrument.in_(wanted))
    currencies = {row.instrument: row.currency for row in db.execute(known)}
    found: dict[int, Cost] = {}
    for line in buying:
        currency = currencies.get(line.instrument)
        if currency is None:
            raise UnknownInstrument(line.instrument)
        amount = None if line.price is None else line.price * line.quantity
        if amount is not None and amount > VALUE_MAX:
            continue
        old = found.get(currency, Cost(currency, 0, line.instrument, 0))
        both = (
            None
            if amount is None or old.amount is None
            else min(VALUE_MAX, old.amount + amount)
        )
        found[currency] = old._replace(amount=both, lines=old.lines + 1)
    return [found[currency] for currency in sorted(found)]


def _replaced(db: Connection, command: ReplaceOrder) -> list[Cost]:
    o = tables.orders.c
    row = db.execute(
        select(o.instrument, o.side).where(
            o.id == command.order, o.member == command.member
        )
    ).first()
    if row is None:
        raise _unknown("order", command.order)
    if row.side != "buy":
        return []
    line = Line(row.instrument, "buy", command.price, command.quantity)
    return _lines(db, [line])


def _offered(db: Connection, command: OfferPrice) -> list[Cost]:
    sells = select(_b.vendor).where(_b.instrument == command.instrument)
    vendor = db.scalar(sells)
    if vendor is None:
        raise UnknownInstrument(command.instrument)
    if vendor != command.to:
        return []  # the vendor's own offer
    line = Line(command.instrument, "buy", command.price, command.quantity)
    return _lines(db, [line])


def _countered(db: Connection, command: CounterOffer) -> list[Cost]:
    return _answered(db, command, command.price, command.quantity)


def _taken(db: Connection, command: TakeOffer) -> list[Cost]:
    return _answered(db, command)


def _answered(
    db: Connection,
    command: CounterOffer | TakeOffer,
    price: int | None = None,
    quantity: int | None = None,
) -> list[Cost]:
    """Return what the buyer of an offer pays for it, or for its answer to it."""
    row = db.execute(
        select(_o.instrument, _o.price, _o.quantity, _o.member).where(
            _o.id == command.offer
        )
    ).first()
    if row is None:
        raise _unknown("offer", command.offer)
    if row.member != command.member:
        return []  # the vendor's side of it
    line = Line(
        row.instrument,
        "buy",
        row.price if price is None else price,
        row.quantity if quantity is None else quantity,
    )
    return _lines(db, [line])


def _joined(db: Connection, command: JoinPool) -> list[Cost]:
    query = select(pool_tables.pools).where(pool_tables.pools.c.id == command.pool)
    row = db.execute(query).first()
    if row is None:
        raise _unknown("pool", command.pool)
    first = tiers_of(row.tiers)[0][1]
    return [Cost(row.currency, first * row.quantity, row.instrument)]


def _bid(db: Connection, command: BidInContest) -> list[Cost]:
    c = tables.contests.c
    query = select(c.instrument, c.quantity).where(c.id == command.contest)
    row = db.execute(query).first()
    if row is None:
        raise _unknown("contest", command.contest)
    return _lines(db, [Line(row.instrument, "buy", command.price, row.quantity)])


def _signed(db: Connection, command: SignContract) -> list[Cost]:
    a = agreement_tables.agreements.c
    row = db.execute(
        select(a.instrument, a.currency, a.price, a.quantity, a.buyer).where(
            a.id == command.contract
        )
    ).first()
    if row is None:
        raise _unknown("agreement", command.contract)
    if row.buyer != command.member:
        return []  # the vendor's signature
    return [Cost(row.currency, row.price * row.quantity, row.instrument)]


def _set_aside(db: Connection, command: SetBudget) -> list[Cost]:
    right = statements.entitlement(db, command.entitlement, command.member)
    return _lines(db, [Line(right.instrument, "buy", command.amount, 1)])


def _declared(db: Connection, command: DeclareUse) -> list[Cost]:
    right = statements.entitlement(db, command.entitlement, command.member)
    _, plan = charged(statements.frozen(db, right.terms).body)
    if plan is None or not 0 <= command.units <= UNITS_MAX:
        return []
    p = usage_tables.periods.c
    known = select(p.units).where(p.entitlement == right.id, p.period == command.period)
    before = min(db.scalar(known) or 0, command.units)
    due = charge(plan, command.units).total - charge(plan, before).total
    return _lines(db, [Line(right.instrument, "buy", due, 1)])


def _unknown(kind: str, number: int) -> NotFound:
    return NotFound(kind, encode(kind, max(0, number)))


# Whatever a member's user may spend its money with; see `desk.check`.
COSTS: dict[type, Costs] = {
    PlaceOrder: _order,
    PlaceBasket: _basket,
    ReplaceOrder: _replaced,
    OfferPrice: _offered,
    CounterOffer: _countered,
    TakeOffer: _taken,
    JoinPool: _joined,
    BidInContest: _bid,
    SignContract: _signed,
    SetBudget: _set_aside,
    DeclareUse: _declared,
}
