"""``databourse serve``: the web server, or the writer in a process of its own."""

from dataclasses import replace
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from marketplace.app import create_app
from marketplace.config import INLINE, Config
from marketplace.observability import configure_logging
from marketplace.services import EXTENSION
from marketplace.streams.answers import ON_SOCKETS
from marketplace.streams.worker import Worker
from marketplace.writer import run_writer
from settlement.errors import Refusal

THREADS = 200  # of a worker; streams of live data hold none
BACKLOG = 512
GRACEFUL_S = 20
LOAD_FAILED = 4  # gunicorn's own: the arbiter gives up instead of trying again


class Log(Logger):
    """gunicorn's own words, as lines of our log."""

    def setup(self, cfg: Any) -> None:
        """Hand every record to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):
    """gunicorn, told by code; every worker opens its own services after the fork."""

    def __init__(self, config: Config, host: str, workers: int) -> None:
        """Listen on *host* and the port of *config* with so many workers."""
        self._config = config
        self._options: dict[str, Any] = {
            "bind": f"{host}:{config.port}",
            "worker_class": Worker,
            "workers": workers,
            "threads": THREADS,
            "backlog": BACKLOG,
            "graceful_timeout": GRACEFUL_S,
            "proc_name": "databourse",
            "loglevel": "warning",
            "control_socket_disable": True,
            "forwarded_allow_ips": "",  # ProxyFix alone decides whom to believe
            "worker_exit": _close,
            "post_worker_init": _ready,
            "logger_class": Log,
        }
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application, in the worker's process."""
        try:
            app = create_app(self._config)
        except Refusal as refusal:
            click.secho(f"✗ {refusal}", fg="red", err=True)
            raise SystemExit(LOAD_FAILED) from None
        app.config[ON_SOCKETS] = True
        return app


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=int, help="The port; else PORT, else 8000.")
@click.option("--workers", default=1, show_default=True, help="Web processes.")
@click.option("--writer", is_flag=True, help="Be the writer at EXCHANGE_URL instead.")
def serve(host: str, port: int | None, workers: int, *, writer: bool) -> None:
    """Serve the pages and the API until told to stop (SIGTERM).

    One process does everything by default. To grow, run `databourse serve --writer`
    with EXCHANGE_URL=unix:/path (or tcp:127.0.0.1:port), a second one as its standby,
    and `databourse serve --workers N` with the same EXCHANGE_URL.
    """
    config = Config.from_environment().prepared()
    if port is not None:
        config = replace(config, port=port)
    configure_logging()
    if writer:
        _write(config)
        return
    if workers > 1 and config.exchange_url == INLINE:
        raise click.UsageError("Several workers need a writer: set EXCHANGE_URL.")
    Server(config, host, workers).run()


def _write(config: Config) -> None:
    if config.exchange_url == INLINE:
        raise click.UsageError(
            "A writer needs EXCHANGE_URL=unix:/path or tcp:host:port."
        )
    if not run_writer(config):
        click.secho("✗ another writer has taken over", fg="red", err=True)
        raise SystemExit(1)
    click.echo("✓ the writer stopped in order")


def _ready(worker: Any) -> None:
    """Say where to look, once the first worker can answer."""
    if worker.age == 1:
        click.secho(f"✓ Databourse is at http://{worker.cfg.bind[0]}", fg="green")


def _close(_arbiter: object, worker: Any) -> None:
    """Give the writer's lease back before the process ends."""
    app = getattr(worker, "wsgi", None)  # not there if the application did not load
    if isinstance(app, Flask):
        app.extensions[EXTENSION].close()
