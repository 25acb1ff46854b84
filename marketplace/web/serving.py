"""A vendor's service: where it is called, who uses it, how it answers."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.metering import endpoints, health, reads
from marketplace.metering.endpoints import (
    CACHE_S_MAX,
    DAY_MAX,
    SECOND_MAX,
    SECRET_MAX,
    WAIT_S_MAX,
    Endpoint,
)
from marketplace.metering.keys import LIVING_MAX, SIGNED_S
from marketplace.outgoing import URL_MAX
from marketplace.services import services
from marketplace.trading.usage import DECLARED_US
from marketplace.web import guide
from marketplace.web.forms import Form, Whole, again, read, text
from marketplace.web.layout import before
from marketplace.web.vendor import bp, mine
from settlement import clock, ids


class EndpointForm(Form):
    """Where a service is called, and by which rules."""

    url = text(URL_MAX)
    sandbox_url = text(URL_MAX, needed=False)
    header = text(64, needed=False)
    secret = text(SECRET_MAX, needed=False)
    pointer = text(500, needed=False)
    wait_s = Whole(1, WAIT_S_MAX, required=True)
    second_max = Whole(1, SECOND_MAX, required=True)
    day_max = Whole(1, DAY_MAX, required=True)
    cache_s = Whole(0, CACHE_S_MAX, required=True)


@bp.get("/products/<product>/service")
@needs("vendor")
def serve(product: str) -> ResponseReturnValue:
    """Show where a service is called, its customers, its health, its last calls."""
    with services().reads.connect() as db:
        number = ids.decode("product", product)
        found = catalogue.product(db, number, me().member)
        return render_template(
            "vendor/service.html",
            product=found,
            connected=endpoints.get(db, number),
            otherwise=Endpoint(""),
            customers=reads.customers(db, number),
            health=health.of_product(db, number),
            calls=reads.calls_of_product(db, number, before(), 20),
        )


@bp.post("/products/<product>/service")
@needs("vendor")
@again(serve)
def connect_service(product: str) -> ResponseReturnValue:
    """Say where it is called from now on."""
    typed, parts, number = read(EndpointForm()), services(), mine(product)
    secret = typed.pop("secret")
    with parts.writes.begin() as db:
        endpoints.connect(
            *(db, parts.vault, number, Endpoint(**typed), secret, me().id),
            parts.config.reachable,
        )
    flash(gettext("Calls go there from now on."), "success")
    return redirect(url_for("vendor.serve", product=product), HTTPStatus.SEE_OTHER)


@guide.bp.get("/services")
def services_called() -> ResponseReturnValue:
    """Show how a data service is called, counted and paid."""
    return render_template(
        "help/services.html",
        minutes=SIGNED_S // 60,
        most=LIVING_MAX,
        days=DECLARED_US // clock.DAY_US,
    )
