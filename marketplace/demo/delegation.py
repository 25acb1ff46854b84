"""The demo's member with a limit inside: an order waits, an agent has a mandate."""

from typing import NamedTuple

from sqlalchemy import Engine

from marketplace.approvals import desk, limits
from marketplace.approvals.desk import ApprovalAwaited
from marketplace.demo.floor import Floor, Trader
from marketplace.members import agents, users
from marketplace.members.agents import Bounds
from marketplace.members.passwords import Passwords
from marketplace.trading import mandate_reads
from marketplace.trading.commands import Line, PlaceOrder
from marketplace.trading.gateway import Gateway
from settlement import clock
from settlement.money import BY_CODE

MEMBER = "shixun"
CURRENCY = BY_CODE["CNY"].asset
LIMIT = 5_000_000  # minor units: above it a second user approves
AGENT = "训练数据采购助手 Training data assistant"
DAILY, TOTAL, ALONE = 10_000_000, 40_000_000, 4_000_000  # minor units
MANDATE_DAYS = 90
TIMES = 2  # the limit is exceeded so clearly, at the least


class Parts(NamedTuple):
    """What giving a mandate works with."""

    reads: Engine
    writes: Engine
    gateway: Gateway
    passwords: Passwords


def delegate(floor: Floor, parts: Parts) -> None:
    """Set a limit, let an order above it wait, and give an agent a mandate."""
    buyer = next(one for one in floor.buyers if one.person.key == MEMBER)
    with parts.writes.begin() as db:
        limits.put(db, buyer.user, buyer.member, CURRENCY, LIMIT)
    posted = _posted(floor, buyer)
    number, price = next(one for one in posted if one[1] <= LIMIT)
    command = _order(floor, buyer, buyer.user, number, price)
    units = -(-LIMIT * TIMES // (price * command.line.quantity))
    line = command.line._replace(quantity=command.line.quantity * units)
    try:
        desk.check(parts.reads, parts.writes, command._replace(line=line), "demo-1")
    except ApprovalAwaited:
        _mandate(floor, parts, buyer, posted)
        return
    message = "the order of the demo waits for nobody"
    raise AssertionError(message)


def _mandate(
    floor: Floor, parts: Parts, buyer: Trader, posted: list[tuple[int, int]]
) -> None:
    """Let an agent of the member buy data to train with; it has bought one already."""
    trains = [
        (number, price)
        for number, price in posted
        if "model_training" in floor.market.venues[number].purposes
    ]
    bounds = Bounds(
        AGENT, CURRENCY, LIMIT, DAILY, TOTAL, ALONE, True,
        tuple(number for number, _ in trains), ("model_training",),
        floor.at_us + MANDATE_DAYS * clock.DAY_US,
    )  # fmt: skip
    with parts.reads.connect() as db:
        owner = users.get(db, buyer.user)
    given = agents.give(parts, owner, bounds)
    with parts.reads.connect() as db:
        agent = mandate_reads.one(db, given.mandate, buyer.member).holder
    lacking = [
        (price, number)
        for number, price in trains
        if price <= ALONE and not floor.free(buyer.member, number)
    ]
    for price, number in sorted(lacking)[:1]:
        bought = _order(floor, buyer, agent, number, price, "model_training")
        floor.must(bought)


def _posted(floor: Floor, buyer: Trader) -> list[tuple[int, int]]:
    """Return what is posted in yuan for anybody but is not its own, by number."""
    found = []
    for one in sorted(floor.traded, key=lambda one: one.number):
        venue = floor.market.venues[one.number]
        best = None if one.posted is None else floor.market.orders.get(one.posted)
        plain = venue.audience is None and not venue.scope.exclusive
        instant = not venue.acceptance.days and venue.trial_of is None
        if best is None or not best.price or not plain or not instant or venue.call:
            continue
        if venue.currency == CURRENCY and venue.vendor != buyer.member:
            found.append((one.number, best.price))
    return found


def _order(
    floor: Floor, buyer: Trader, user: int, number: int, price: int, purpose: str = ""
) -> PlaceOrder:
    """Return an order of the member at the posted price, one lot."""
    lot = floor.market.venues[number].lot
    purpose = purpose or floor.purpose(number)
    line = Line(number, "buy", price, lot, "IOC", purpose=purpose)
    return PlaceOrder(user, buyer.member, line)
