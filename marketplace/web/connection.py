"""A live test of a vendor's service, called once, and its calls on a schedule."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from listings.quality import availability
from marketplace import limits, outgoing
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.outgoing import BODY_MAX, RATES, URL_MAX, Answer, excerpt
from marketplace.services import services
from marketplace.web.forms import Form, again, read, text
from marketplace.web.uptime import chart, strip
from marketplace.web.vendor import bp, mine
from settlement import ids


class ConnectionForm(Form):
    """The address to call."""

    url = text(URL_MAX)


@bp.get("/products/<product>/connection")
@needs("vendor")
def connection(product: str) -> ResponseReturnValue:
    """Show where an address can be tested."""
    return _page(product)


@bp.post("/products/<product>/connection")
@needs("vendor")
@again(connection)
def call(product: str) -> ResponseReturnValue:
    """Call the address once and show its answer; NotReachable says why not."""
    url = read(ConnectionForm())["url"]
    limits.count("connection", str(me().member), RATES)
    answer = outgoing.fetch(url, services().config.reachable)
    return _page(product, answer, excerpt(answer))


@bp.post("/products/<product>/connection/schedule")
@needs("vendor")
@again(connection)
def measure(product: str) -> ResponseReturnValue:
    """Call the address now and on a schedule, in public; NotReachable says why not."""
    number, url = mine(product), read(ConnectionForm())["url"]
    limits.count("connection", str(me().member), RATES)
    outgoing.fetch(url, services().config.reachable)
    with services().writes.begin() as db:
        availability.measure(db, number, url, me().id)
    flash(gettext("It is called every 15 minutes from now on."), "success")
    return _back(product)


@bp.post("/products/<product>/connection/stop")
@needs("vendor")
def stop_measuring(product: str) -> ResponseReturnValue:
    """Call the address no more."""
    with services().writes.begin() as db:
        availability.stop(db, mine(product))
    flash(gettext("It is called no more. What was measured stays."), "success")
    return _back(product)


def _back(product: str) -> ResponseReturnValue:
    return redirect(url_for("vendor.connection", product=product), HTTPStatus.SEE_OTHER)


def _page(
    product: str, answer: Answer | None = None, shown: str = ""
) -> ResponseReturnValue:
    with services().reads.connect() as db:
        number = ids.decode("product", product)
        found = catalogue.product(db, number, me().member)
        return render_template(
            "quality/connection.html",
            product=found,
            answer=answer,
            shown=shown,
            whole=answer is not None and len(answer.body) < BODY_MAX,
            address=availability.address(db, number),
            service=availability.of_product(db, number),
            strip=strip,
            lines=chart,
        )
