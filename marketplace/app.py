"""The application, wired in the order in which a request meets its parts."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace import (
    api,
    errors,
    fingerprints,
    formatting,
    health,
    language,
    limits,
    observability,
    security,
    web,
)
from marketplace.api.live import posting
from marketplace.config import Config, ui
from marketplace.members import signing
from marketplace.metering import server
from marketplace.services import EXTENSION, Services, open_services
from marketplace.streams import answers

STATIC_AGE_S = 3600


def create_app(config: Config | None = None, parts: Services | None = None) -> Flask:
    """Return the application; its services are opened from *config* unless given."""
    parts = parts or open_services(config or Config.from_environment())
    app = Flask(
        "marketplace",
        template_folder=str(ui("templates")),
        static_folder=str(ui("static")),
        static_url_path="/static",
    )
    app.extensions[EXTENSION] = parts
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_AGE_S
    app.url_map.strict_slashes = False
    server.init_app(app)
    _trust_proxies(app, parts.config.proxies)
    observability.init_app(app)
    security.init_app(app, parts.config)
    signing.init_app(app)
    limits.init_app(app, parts.config)
    language.init_app(app)
    formatting.init_app(app)
    fingerprints.init_app(app)
    errors.init_app(app)
    health.init_app(app)
    answers.init_app(app)
    web.register(app)
    api.register(app)
    posting.init_app(app)
    return app


def _trust_proxies(app: Flask, count: int) -> None:
    """Believe X-Forwarded-* of our own proxies only; anyone else can write them too."""
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
