"""The home page: the market at a glance."""

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import catalogue
from listings.vocabulary import SECTORS
from marketplace.members import organisations
from marketplace.services import services
from marketplace.trading import reads
from marketplace.web import charts
from marketplace.web.figures import figures
from marketplace.web.layout import midnight_us
from marketplace.web.prices import tags
from settlement.money import BY_CODE, DEFAULT

bp = Blueprint("home", __name__)
DAYS = 30
NEWEST_SHOWN = 8
BUSIEST_SHOWN = 5


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show the market in numbers, its newest listings and busiest instruments."""
    turnover = charts.in_currency(
        charts.records(figures("s05_turnover", by=("day",))), DEFAULT
    )
    with services().reads.connect() as db:
        since_us = midnight_us(DAYS)
        return render_template(
            "home/home.html",
            glance=reads.glance(db, since_us),
            turnover=reads.turnover(db, since_us),
            counts=catalogue.counts(db),
            busiest=_named(db, reads.busiest(db, since_us, limit=BUSIEST_SHOWN)),
            sectors=SECTORS,
            days=DAYS,
            turnover_rows=turnover,
            turnover_chart=charts.bars(
                gettext("Turnover by day"),
                turnover,
                "day",
                {"turnover": f"{gettext('Turnover')} {DEFAULT}"},
                BY_CODE[DEFAULT].exponent,
            ),
            **_newest(db),
        )


def _newest(db: Connection) -> dict[str, Any]:
    newest = catalogue.newest(db, NEWEST_SHOWN)
    return {
        "newest": newest,
        "tags": tags(db, [product.id for product in newest]),
        "vendors": organisations.names(db, {product.vendor for product in newest}),
    }


def _named(db: Connection, busiest: Any) -> list[tuple[Any, Any]]:
    """Return each busy instrument with what it is of."""
    known = catalogue.traded(db, [busy.instrument for busy in busiest])
    return [(busy, known.get(busy.instrument)) for busy in busiest]
