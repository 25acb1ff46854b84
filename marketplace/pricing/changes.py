"""Protection from price rises: announced at once, in force after a notice period.

Running rights keep their terms whatever happens; falls hold at once. A rise of what is
charged again and again takes effect after a period that is a setting: 90 days where use
is metered, 30 where a term or a seat is renewed (features B12, after AWS Data
Exchange). What is sold once may change at once: nobody depends on its next price.
"""

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, Row, insert, select, update

from listings import catalogue, products, succession
from listings.admission import Actor, By
from listings.changes import touch
from listings.plans import METERED
from listings.tables import instruments
from marketplace.community.notices import notify
from marketplace.config import Config
from marketplace.pricing.posting import Parts, post
from marketplace.pricing.tables import price_changes
from marketplace.trading import reads
from marketplace.trading.commands import Command, PlaceBasket, Placed, PlaceOrder
from marketplace.trading.gateway import Gateway
from marketplace.trading.orders import PRICE_MAX
from marketplace.trading.quoting import CounterOffer, OfferPrice
from marketplace.trading.tables import offers, orders
from marketplace.trading.venue import AboveCeiling, OffTick, WrongOrder
from settlement import clock
from settlement.errors import (
    Busy,
    ExchangeHalted,
    NotFound,
    OutcomeUnknown,
    Refusal,
)
from settlement.ids import encode
from settlement.store import next_numbers
from settlement.tables import entitlements

RENEWED = ("per_term", "seat")
DUE_MAX = 200  # applied in one step

log = logging.getLogger(__name__)
c = price_changes.c


@dataclass(eq=False)
class NoticeNeeded(Refusal):
    """A price above the posted one is announced first: set it as the posted price."""

    posted: int  # minor units per unit
    price: int
    notice_days: int


class Notice(NamedTuple):
    """How many days before they hold rises are announced."""

    metered_days: int = 90
    renewed_days: int = 30

    def days(self, mode: str) -> int:
        """Return the period of instruments that are charged by *mode*."""
        if mode in METERED:
            return self.metered_days
        return self.renewed_days if mode in RENEWED else 0


class Period(NamedTuple):
    """From the announcement until the price holds, microseconds UTC."""

    announced_us: int
    effective_us: int


class Rise(NamedTuple):
    """A price that was announced and does not hold yet."""

    number: int
    instrument: int
    before: int  # minor units
    price: int
    effective_us: int


class Writing(Parts, Protocol):
    """What setting a price works with; the services have it."""

    @property
    def writes(self) -> Engine:
        """The engine to write by."""

    @property
    def config(self) -> Config:
        """The settings."""


def notice_of(config: Config) -> Notice:
    """Return the notice periods that the settings ask for."""
    return Notice(config.metered_notice_days, config.renewed_notice_days)


def set_price(parts: Writing, by: By, instrument: int, price: int) -> Placed | Rise:
    """Post a price of the vendor's own instrument, or announce it if it is a rise.

    NotFound if it is another's; AboveCeiling, OffTick or WrongOrder as for an order.
    Whatever was announced before is replaced.
    """
    with parts.reads.connect() as db:
        book, rise = foreseen(db, parts.config, by, instrument, price)
    if rise is not None:
        now_us = clock.now_us()
        period = Period(now_us, now_us + rise.notice_days * clock.DAY_US)
        with parts.writes.begin() as db:
            return announce(db, by, instrument, (rise.posted, price), period)
    placed = post(parts, by, instrument, book.lot, price)
    with parts.writes.begin() as db:
        _withdraw(db, instrument)
    return placed


def foreseen(
    db: Connection, config: Config, by: By, instrument: int, price: int
) -> tuple[Row[Any], NoticeNeeded | None]:
    """Return the book, and why the price must be announced first; None: it may hold.

    The refusals of `set_price` that need no order.
    """
    book = reads.book(db, instrument)
    if book.vendor != by.member:
        raise NotFound("instrument", encode("instrument", instrument))
    _check(book, price)
    return book, rise_of(db, config, by.member, instrument, price)


def rise_of(
    db: Connection, config: Config, vendor: int, instrument: int, price: int
) -> NoticeNeeded | None:
    """Return why the vendor's price must be announced first; None: it may hold now."""
    query = select(instruments.c.mode, instruments.c.product)
    found = db.execute(query.where(instruments.c.id == instrument)).first()
    days = 0 if found is None else notice_of(config).days(found.mode)
    if found is None or not days or products.find(db, found.product).vendor != vendor:
        return None
    most = last_posted(db, instrument, vendor)
    if most is None:
        most = _inherited(db, vendor, instrument, found.product)
    if most is None or price <= most or _announced(db, instrument, price):
        return None
    return NoticeNeeded(most, price, days)


def _inherited(
    db: Connection, vendor: int, instrument: int, product: int
) -> int | None:
    """Return what binds the first price of an instrument; None: nothing does.

    It stands for those of the product that give no less, while they are on offer or
    others hold rights in them: their last price is its own. So no rise goes round its
    notice by a second symbol.
    """
    units = {unit.id: unit for unit in catalogue.instruments_of(db, product)}
    others = [number for number in units if number != instrument]
    offered = reads.posted_prices(db, others)
    caps = []
    for other in others:
        last = last_posted(db, other, vendor)
        held = other in offered or holders(db, [other]) - {vendor}
        if last is not None and held:
            caps.append(succession.cap(units[instrument], units[other], last))
    return min((most for most in caps if most is not None), default=None)


def _announced(db: Connection, instrument: int, price: int) -> bool:
    """Tell whether the notice of a rise to *price* is over."""
    due = select(c.id).where(
        *(c.instrument == instrument, c.state == "pending", c.price >= price),
        c.effective_us <= clock.now_us(),
    )
    return db.execute(due).first() is not None


class Guard:
    """Keeps unannounced rises out, by whatever way an order or offer is made.

    A vendor's finite offer or personal price above its posted one is a rise as well,
    also after the posted price was taken down.
    """

    def __init__(self, reads: Engine, config: Config) -> None:
        """Look prices up by *reads*."""
        self._reads = reads
        self._config = config

    def check(self, command: Command) -> None:
        """Refuse with NoticeNeeded what sells above the price that binds the vendor."""
        asked = list(_sales(command))
        if not asked and not isinstance(command, CounterOffer):
            return
        with self._reads.connect() as db:
            if isinstance(command, CounterOffer):
                answered = select(offers.c.instrument).where(
                    offers.c.id == command.offer, offers.c.vendor == command.member
                )
                asked = [
                    (command.member, instrument, command.price)
                    for instrument in db.scalars(answered)
                ]
            for member, instrument, price in asked:
                rise = rise_of(db, self._config, member, instrument, price)
                if rise is not None:
                    raise rise


def _sales(command: Command) -> Iterator[tuple[int, int, int]]:
    """Yield member, instrument and price of what a command offers at a limit."""
    if isinstance(command, OfferPrice):
        yield command.member, command.instrument, command.price
    elif isinstance(command, PlaceOrder | PlaceBasket):
        lines = command.lines if isinstance(command, PlaceBasket) else (command.line,)
        for line in lines:
            if line.side == "sell" and line.price is not None:
                yield command.member, line.instrument, line.price


def _check(book: Row[Any], price: int) -> None:
    """Refuse a price that the book would refuse, before it is announced."""
    if not 0 <= price <= PRICE_MAX:
        raise WrongOrder("price")
    if price % book.tick:
        raise OffTick(price, book.tick)
    if book.price_max is not None and price > book.price_max:
        raise AboveCeiling(price, book.price_max)


def last_posted(db: Connection, instrument: int, vendor: int) -> int | None:
    """Return the price that the vendor posted last, in force or not; None: none yet."""
    o = orders.c
    query = (
        select(o.price)
        .where(o.instrument == instrument, o.member == vendor, o.evergreen == 1)
        .order_by(o.id.desc())
        .limit(1)
    )
    return db.scalar(query)


def announce(
    db: Connection, by: By, instrument: int, prices: tuple[int, int], when: Period
) -> Rise:
    """Record a rise (from, to) for its period, tell the holders once; what it is."""
    (before, price), (now_us, effective_us) = prices, when
    _withdraw(db, instrument)
    (number,) = next_numbers(db, c.id)
    db.execute(
        insert(price_changes).values(
            id=number,
            instrument=instrument,
            vendor=by.member,
            before=before,
            price=price,
            announced_us=now_us,
            announced_by=by.id,
            effective_us=effective_us,
            state="pending",
        )
    )
    query = select(instruments.c.product, instruments.c.symbol)
    unit = db.execute(query.where(instruments.c.id == instrument)).one()
    touch(db, [unit.product])
    notify(
        db,
        holders(db, [instrument]) - {by.member},
        "price_rise",
        f"price-change {number}",
        unit.product,
        {"symbol": unit.symbol, "days": (effective_us - now_us) // clock.DAY_US},
    )
    return Rise(number, instrument, before, price, effective_us)


def withdraw(db: Connection, instrument: int, vendor: int) -> None:
    """Take the vendor's announced rise back; NotFound if there is none."""
    mine = select(c.id).where(
        c.instrument == instrument, c.vendor == vendor, c.state == "pending"
    )
    if db.execute(mine).first() is None:
        raise NotFound("price", encode("instrument", instrument))
    _withdraw(db, instrument)


def _withdraw(db: Connection, instrument: int) -> None:
    waiting = (c.instrument == instrument, c.state == "pending")
    db.execute(update(price_changes).where(*waiting).values(state="withdrawn"))


def pending(db: Connection, wanted: Collection[int]) -> dict[int, Rise]:
    """Return the announced rise of each of the instruments *wanted* that has one."""
    query = select(c.id, c.instrument, c.before, c.price, c.effective_us).where(
        c.state == "pending", c.instrument.in_(wanted)
    )
    return {row.instrument: Rise(*row) for row in db.execute(query)}


class Rises:
    """Brings announced rises into force; `step` is for a `Follower`.

    A step may be interrupted and repeated: each rise is posted once under its key.
    """

    def __init__(self, reads: Engine, writes: Engine, gateway: Gateway) -> None:
        """Post by *gateway* what is due."""
        self.reads = reads
        self.writes = writes
        self.gateway = gateway

    def step(self) -> int:
        """Post the prices whose time has come; how many."""
        due = select(price_changes).where(
            c.state == "pending", c.effective_us <= clock.now_us()
        )
        with self.reads.connect() as db:
            rows = db.execute(due.order_by(c.id).limit(DUE_MAX)).all()
            posted = set(reads.posted_prices(db, [row.instrument for row in rows]))
            posted |= {  # never posted: the price of what it stands for bound it
                row.instrument
                for row in rows
                if last_posted(db, row.instrument, row.vendor) is None
            }
        for row in rows:
            state = self._apply(row) if row.instrument in posted else "withdrawn"
            with self.writes.begin() as db:
                mine = (c.id == row.id, c.state == "pending")
                db.execute(update(price_changes).where(*mine).values(state=state))
        return len(rows)

    def _apply(self, row: Row[Any]) -> str:
        """Post one price; what became of the rise."""
        by = Actor(row.announced_by, row.vendor)
        key = f"price-change-{row.id}"
        try:
            with self.reads.connect() as db:
                lot = reads.book(db, row.instrument).lot
            post(self, by, row.instrument, lot, row.price, key)
        except (Busy, ExchangeHalted, OutcomeUnknown):
            raise  # the same rise is looked at again
        except Refusal as refusal:
            log.warning("price change %s: the market refused: %s", row.id, refusal)
            return "refused"
        return "applied"


def holders(db: Connection, wanted: Iterable[int]) -> set[int]:
    """Return who holds a live right to one of the instruments *wanted*."""
    e = entitlements
    query = select(e.c.holder).where(
        e.c.instrument.in_(list(wanted)), e.c.state.in_(("active", "suspended"))
    )
    return set(db.execute(query.distinct()).scalars())
