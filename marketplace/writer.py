"""The writer as a process of its own: behind a socket, with a standby."""

import signal
from contextlib import ExitStack
from threading import Thread
from types import FrameType

import structlog

from listings.search.index import open_index
from marketplace import migrations
from marketplace.config import Config
from marketplace.followers import following
from marketplace.services import card_provider, opened
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from marketplace.trading.wire import WriterServer

log = structlog.get_logger()


def run_writer(config: Config) -> bool:
    """Write until told to stop; true if it stopped in order, false if fenced off.

    A second writer of the same database waits here as the standby, and takes over when
    the first one's lock is free.
    """
    config = config.prepared()
    migrations.upgrade(config.database_url)
    with ExitStack() as stack:
        writes = opened(stack, config.database_url, write=True)
        reads = opened(stack, config.database_url, write=False)
        exchange = Exchange(writes, address=config.exchange_url, wait=True)
        stack.callback(exchange.close)
        server = WriterServer(config.exchange_url, exchange)
        _stop_by_signal(server)
        Thread(target=_stop_when_fenced, args=(exchange, server), daemon=True).start()
        log.info("writer.ready", address=config.exchange_url)
        gateway, index = Gateway(exchange, reads), open_index(config.search_url)
        cards = card_provider(config)
        with following(config, reads, writes, gateway, index, cards):
            server.serve()
        return not exchange.fenced.is_set()


def _stop_by_signal(server: WriterServer) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _stop_when_fenced(exchange: Exchange, server: WriterServer) -> None:
    exchange.fenced.wait()
    log.error("writer.fenced_off")
    server.stop()
