"""The application's sender of webhooks: what tells it what, when it begins and ends."""

from flask import Flask, current_app

from marketplace.api.live.events import teller
from marketplace.services import EXTENSION, Services
from marketplace.webhooks.sender import Sender

SENDER = "databourse webhooks"


def init_app(app: Flask) -> None:
    """Give the application its sender; it is closed before the services are."""
    parts: Services = app.extensions[EXTENSION]
    config = parts.config
    made = Sender(parts.reads, parts.writes, parts.vault, teller(app), config.reachable)
    app.extensions[SENDER] = made
    parts.closing.callback(made.close)
    if config.followers:
        made.start()


def sender() -> Sender:
    """Return the sender of the running application."""
    found: Sender = current_app.extensions[SENDER]
    return found
