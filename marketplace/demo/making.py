"""Builds the demo market: members, listings, and four weeks up to midnight."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import Engine, event, func, select

from listings import catalogue
from listings.admission import Actor
from listings.files import Storage
from listings.search.index import open_index
from listings.search.projection import Projection
from marketplace import migrations
from marketplace.config import Config
from marketplace.correcting import Corrector
from marketplace.demo import (
    answers,
    bank,
    dates,
    demands,
    listing,
    mistakes,
    objections,
    voices,
)
from marketplace.demo.agreements import agree
from marketplace.demo.calendar import DAYS, ZONE, Day, days, midnight
from marketplace.demo.cashier import Cashier
from marketplace.demo.cleanroom import open_room
from marketplace.demo.contests import Auctions
from marketplace.demo.contracts import sign
from marketplace.demo.cuts import sell_cut
from marketplace.demo.delegation import Parts, delegate
from marketplace.demo.floor import Floor, Hands, Traded
from marketplace.demo.members import Cast, invite
from marketplace.demo.menus import SEATS, Menus
from marketplace.demo.numbers import publish
from marketplace.demo.payloads import goods
from marketplace.demo.pools import gather
from marketplace.demo.products import Product, products
from marketplace.demo.programs import connect
from marketplace.demo.requests import Requests
from marketplace.demo.stages import Stages
from marketplace.demo.weeks import Weeks, listing_days, popularity
from marketplace.holidays import ANNOUNCED, announced
from marketplace.members import organisations, verification
from marketplace.members.passwords import Passwords
from marketplace.members.tables import members
from marketplace.privacy.texts import Texts
from marketplace.projection import Prices, changes_after
from marketplace.trading.acceptance import SetWorkdays
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from marketplace.trading.venue import BookState
from marketplace.vault import Vault
from marketplace.warehouse import Feed
from settlement import clock, store

AFTER_US = 2 * clock.HOUR_US  # what still happens after the last midnight
Progress = Callable[[int], None]  # how many of STEPS are done
STEPS = len(products()) + DAYS


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is in the demo market."""

    members: int
    listings: int
    instruments: int
    orders: int
    trades: int
    commands: int
    refused: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"{self.members} members, {self.listings} listings with {self.instruments}"
            f" instruments, {self.orders:,} orders, {self.trades:,} trades"
            f" ({self.commands:,} commands, {sum(self.refused.values())} refused)"
        )


def is_built(config: Config) -> bool:
    """Tell whether there is a market already: any member besides the house."""
    migrations.upgrade(config.database_url)
    reads = store.connect(config.database_url)
    with reads.connect() as db:
        there = db.scalar(select(func.count()).select_from(members)) or 0
    reads.dispose()
    return there > 1


def build(
    config: Config, *, seed: int = 1, progress: Progress = lambda _done: None
) -> Summary:
    """Build the market of *seed* up to the last midnight in Shanghai, and index it.

    Nothing else may be writing: WriterElsewhere if a server runs. The same seed on the
    same day gives the same market.
    """
    config = config.prepared()
    migrations.upgrade(config.database_url)
    with ExitStack() as stack:
        writes = _hasty(config.database_url)
        stack.callback(writes.dispose)
        reads = store.connect(config.database_url)
        stack.callback(reads.dispose)
        until = midnight(clock.now_us() - AFTER_US)
        made = _Making(config, seed, until, writes, reads, progress)
        made.sign_everybody_up()
        made.register_everything()
        summary = made.trade()
        made.follow()
    _make_durable(config.database_url)
    return summary


def _hasty(url: str) -> Engine:
    """Return a write engine that does not wait for the disk at each commit.

    A demo that a power failure cuts short is built again; real engines never do this.
    """
    engine = store.connect(url, write=True)
    setting = {
        "sqlite": "PRAGMA synchronous=OFF",
        "postgresql": "SET synchronous_commit=off",
    }[engine.dialect.name]

    @event.listens_for(engine, "connect")
    def _hurry(raw: Any, _record: Any) -> None:
        cursor = raw.cursor()
        cursor.execute(setting)
        cursor.close()
        if engine.dialect.name == "postgresql":
            raw.commit()

    return engine


def _make_durable(url: str) -> None:
    """Bring everything to the disk at last."""
    engine = store.connect(url)
    if engine.dialect.name == "sqlite":
        with engine.connect() as db:
            db.rollback()
            raw = db.connection.dbapi_connection
            assert raw is not None
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


class _Making:
    """The steps of building, and what one leaves for the next."""

    def __init__(
        self,
        config: Config,
        seed: int,
        until: datetime,
        writes: Engine,
        reads: Engine,
        progress: Progress,
    ) -> None:
        self._config = config
        self._seed = seed
        self._until = until
        self._writes = writes
        self._reads = reads
        self._progress = progress
        self._random = Random(f"{seed}/{until:%Y-%m-%d}")
        self._keys = Random(f"{seed}/keys")  # of texts: the journal is the seed's
        self._days: list[Day] = list(days(until))
        self._opens = listing_days(products(), self._days, self._random)
        self._traded: dict[str, list[Traded]] = {}
        self._numbers: dict[str, int] = {}
        self._cast: Cast
        self._registrar: Actor

    def sign_everybody_up(self) -> None:
        """Make the members, their users and the staff."""
        passwords = Passwords(fast=self._config.fast_passwords)
        with self._writes.begin() as db:
            organisations.ensure_house(db)
            self._cast = invite(db, passwords)
        registrar = self._cast.staff["registrar"]
        self._registrar = Actor(registrar.id, registrar.member)

    def register_everything(self) -> None:
        """Make the payloads and bring every product as far as registration."""
        storage = Storage(self._config.files_url)
        first = self._first()
        label = f"{first:%Y-%m}"
        everything = products()
        for number, product in enumerate(everything, start=1):
            made = goods(product, self._seed, first)
            with self._writes.begin() as db:
                codes = listing.licence_numbers(db)
                self._numbers[product.code], traded = listing.register(
                    db,
                    product,
                    self._cast.vendors[product.vendor],
                    self._cast,
                    codes,
                    storage,
                    made,
                    label,
                )
            liked = popularity(product, self._random)
            for one in traded:
                one.popularity = liked
            self._traded[product.code] = traded
            self._progress(number)

        with self._writes.begin() as db:
            dates.move_listings(db, self._admissions())

    def _first(self) -> datetime:
        """Return the first day of trading, to which the first releases belong."""
        return clock.moment(self._days[0].begins_us).astimezone(ZONE)

    def _admissions(self) -> dict[int, int]:
        """Return when each product is admitted, or would be if it did not wait."""
        last = self._days[-1]
        waiting = {  # so that the steps before it are past
            listing.TO_REVIEW: last.at(9) + 8 * clock.DAY_US,
            listing.TO_ADMIT: last.at(9) + clock.DAY_US,
        }
        return {
            number: waiting.get(code) or self._days[self._opens[code]].at(8)
            for code, number in self._numbers.items()
        }

    def trade(self) -> Summary:
        """Open the exchange on the demo's clock and trade the four weeks."""
        hands = Hands(self._days[0].begins_us - clock.DAY_US)
        exchange = Exchange(self._writes, now_us=hands.now_us)
        vault = Vault(self._config.data)
        texts = Texts(self._reads, self._writes, vault, self._keys.randbytes)
        gateway = Gateway(exchange, self._reads, hide=texts.hidden)
        floor = Floor(exchange, gateway, hands, self._random)
        floor.buyers = self._cast.buyers
        staff = self._cast.staff
        cashier = Cashier(
            floor, staff["settlement_officer"].id, staff["settlement_approver"].id
        )
        try:
            verification.tell_market(self._reads, gateway)
            officer = staff["settlement_officer"].id
            for year in sorted(ANNOUNCED):
                floor.must(SetWorkdays(officer, announced(year)))
            admitted = self._admitted()
            weeks = Weeks(
                floor, cashier, list(self._cast.vendors.values()), admitted, self._admit
            )
            before = len(products())
            weeks.run(
                self._until,
                lambda done: self._progress(before + done),
            )
            menus = Menus(floor, self._writes, self._registrar)
            menus.make(self._numbers, self._traded)
            Auctions(floor, menus).make(self._numbers, self._traded)
            objections.make(floor, self._cast.vendors)
            agree(floor, menus, self._writes, self._numbers, self._traded)
            mistakes.make(floor, self._writes, staff)
            gather(floor, self._traded)
            open_room(floor, menus, self._writes, self._numbers, self._traded)
            registrar = staff["registrar"].id
            sign(floor, self._reads, self._traded, registrar)
            Requests(floor, self._writes, vault).make(self._traded)
            passwords = Passwords(fast=True)  # nobody signs in as an agent
            delegate(floor, Parts(self._reads, self._writes, gateway, passwords))
            sold = self._traded[SEATS][-1]
            connect(floor, self._writes, vault, self._numbers[SEATS], sold)
            storage = Storage(self._config.files_url)
            stages = Stages(floor, self._writes, self._cast, storage)
            stages.make(self._numbers, self._traded, self._seed, self._first())
            sell_cut(floor, menus, self._writes, self._numbers, self._traded)
            since_us = self._days[-bank.DAYS].begins_us
            bank.bring(self._reads, self._writes, gateway, officer, since_us)
            market = exchange.market
            cast = self._cast
            venues = market.venues.values()
            with self._reads.connect() as db:
                listed = sum(catalogue.counts(db).values())
            return Summary(
                len(cast.vendors) + len(cast.buyers) + len(cast.assessors),
                listed,
                sum(venue.state is BookState.LISTED for venue in venues),
                market.last_order,
                market.last_trade,
                gateway.status().seq,
                dict(Counter(floor.refused)),
            )
        finally:
            gateway.close()

    def _admitted(self) -> list[tuple[int, list[Traded]]]:
        """Return what comes to the market on which day."""
        waiting = (listing.TO_REVIEW, listing.TO_ADMIT)
        return [
            (self._opens[code], traded)
            for code, traded in self._traded.items()
            if code not in waiting
        ]

    def _admit(self, floor: Floor, product: Product) -> None:
        """Let the registrar admit a product, and the market open its books."""
        with self._writes.begin() as db:
            number = self._numbers[product.code]
            vendor = self._cast.vendors[product.vendor]
            told = listing.admit(db, number, self._registrar, vendor)
            dates.move_admission(db, number, floor.at_us)
        for command in told:
            floor.must(command)

    def follow(self) -> None:
        """Date the members; bring search and statistics up with the records."""
        with self._writes.begin() as db:
            dates.move_members(db, self._days[0], self._days[-1])
            catalogue.touch(db, list(self._numbers.values()))
            demands.post(db, self._cast.buyers)
            voices.speak(db, self._cast.buyers)
            answers.measure(db, self._numbers, self._seed, self._until)
        Prices(self._reads, self._writes, self._config.data).step()
        Corrector(self._reads, self._writes).step()
        index = open_index(self._config.search_url)
        Projection(self._reads, index, changes_after).catch_up()
        self._config.warehouse().mkdir(parents=True, exist_ok=True)
        Feed(self._reads, self._config.warehouse()).step()
        staff = self._cast.staff
        publish(
            self._config,
            (self._reads, self._writes),
            self._days,
            [staff["statistician"], staff["chief-statistician"]],
        )
