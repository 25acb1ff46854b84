"""What the views work with: one frozen value, opened once a process."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from flask import current_app
from sqlalchemy import Engine

from listings.files import Storage
from listings.search.finding import Finder
from listings.search.index import Index, open_index
from marketplace import migrations
from marketplace.approvals import desk as approvals
from marketplace.config import INLINE, Config, WrongSetting
from marketplace.examining import Examiner
from marketplace.fetching import Fetcher
from marketplace.followers import following
from marketplace.members import organisations
from marketplace.members.passwords import Passwords
from marketplace.payments import payees
from marketplace.pricing import quotes, tenders
from marketplace.pricing.changes import Guard
from marketplace.privacy.texts import Texts
from marketplace.seal import Seal
from marketplace.trading.commands import Command
from marketplace.trading.gateway import Gateway, open_gateway
from marketplace.transparency import Log
from marketplace.vault import Vault
from settlement import store
from settlement.payments.provider import Provider
from settlement.statistics.views import Answering
from settlement.statistics.warehouse import Warehouse

EXTENSION = "databourse"


@dataclass(frozen=True, slots=True)
class Services:
    """The open parts of the exchange; close them with `close`."""

    config: Config
    reads: Engine
    writes: Engine
    passwords: Passwords
    gateway: Gateway
    index: Index
    finder: Finder
    files: Storage
    examiner: Examiner
    fetcher: Fetcher
    warehouse: Answering
    seal: Seal
    vault: Vault
    texts: Texts
    log: Log
    cards: Provider | None  # None: no payments by card here
    closing: ExitStack = field(repr=False)

    def close(self) -> None:
        """Stop the threads, give the writer's lease back, close the connections."""
        self.closing.close()


def services() -> Services:
    """Return the services of the running application."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def open_services(config: Config) -> Services:
    """Open the database (upgraded first), the door, the index and the files.

    WriterElsewhere if another process writes and *config* asks for the inline writer.
    """
    config = config.prepared()
    migrations.upgrade(config.database_url)
    with ExitStack() as stack:
        reads = opened(stack, config.database_url, write=False)
        writes = opened(stack, config.database_url, write=True)
        with writes.begin() as db:
            organisations.ensure_house(db)
        rises = Guard(reads, config)

        def guard(command: Command, key: str | None) -> None:
            rises.check(command)
            quotes.check_answer(reads, command)
            tenders.check_award(reads, command)
            payees.check(reads, command)
            approvals.check(reads, writes, command, key)

        vault = Vault(config.data)
        # Of its own: a page opens texts while it holds a connection of the others.
        texts = Texts(opened(stack, config.database_url, write=False), writes, vault)
        hide = texts.hidden
        gateway = open_gateway(config.exchange_url, writes, reads, guard, hide)
        stack.callback(gateway.close)
        config.warehouse().mkdir(parents=True, exist_ok=True)
        warehouse = open_warehouse(config)
        stack.callback(warehouse.close)
        index = open_index(config.search_url)
        stack.callback(index.close)
        files = Storage(config.files_url)
        examiner = stack.enter_context(Examiner(reads, writes, files))
        fetcher = Fetcher(writes, files, examiner, config.reachable)
        stack.enter_context(fetcher)
        cards = card_provider(config)
        if config.followers:  # in every process: two never claim the same
            stack.enter_context(examiner.following())
            stack.enter_context(fetcher.following())
        if config.followers and config.exchange_url == INLINE:
            stack.enter_context(following(config, reads, writes, gateway, index, cards))
        return Services(
            config,
            reads,
            writes,
            Passwords(fast=config.fast_passwords),
            gateway,
            index,
            Finder(index),
            files,
            examiner,
            fetcher,
            warehouse,
            Seal(config.data),
            vault,
            texts,
            Log(config.data),
            cards,
            stack.pop_all(),
        )


def card_provider(config: Config) -> Provider | None:
    """Return the payment provider that *config* has the key of, or None."""
    if not config.stripe_key:
        return None
    from settlement.payments.stripe import Stripe  # slow to import, and often not used

    return Stripe(config.stripe_key, config.stripe_webhook_secret, config.stripe_url)


def open_warehouse(config: Config) -> Answering:
    """Return the engine that *config* names, over its tape; WrongSetting without it."""
    if not config.spark:
        return Warehouse(config.warehouse())
    try:
        from settlement.statistics.spark import SparkWarehouse  # an extra, and slow
    except ImportError:
        lacking = "WAREHOUSE_URL: install databourse[spark], with a Java runtime"
        raise WrongSetting(lacking) from None
    return SparkWarehouse(config.warehouse(), config.spark)


def opened(stack: ExitStack, url: str, *, write: bool) -> Engine:
    """Return an engine for *url* that is disposed of when *stack* closes."""
    engine = store.connect(url, write=write)
    stack.callback(engine.dispose)
    return engine
