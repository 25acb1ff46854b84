"""A data service's address: called once, called on a schedule, and how it answers."""

from typing import Any

from marshmallow import Schema, fields

from listings import catalogue
from listings.quality import availability
from listings.quality.availability import Availability, Figures
from marketplace import limits, outgoing
from marketplace.api.fields import Body, Flag, Text
from marketplace.api.products import own
from marketplace.api.quality import bp
from marketplace.members.signing import me
from marketplace.outgoing import BODY_MAX, RATES, URL_MAX, excerpt
from marketplace.services import services
from settlement import ids
from settlement.errors import NotFound


class NewConnectionSchema(Body):
    """An address to call with GET; only machines in public are called."""

    url = Text(URL_MAX, least=1, required=True)
    measure = Flag(
        load_default=False,
        metadata={
            "description": "Call it every 15 minutes from now on, and publish latency"
            " and uptime."
        },
    )


class ConnectionSchema(Schema):
    """What an address answered."""

    status = fields.Integer(required=True)
    media_type = fields.String(required=True)
    latency_us = fields.Integer(required=True)
    url = fields.String(
        required=True, metadata={"description": "After up to three redirects."}
    )
    size = fields.Integer(
        required=True, metadata={"description": "Bytes read, at most 65,536."}
    )
    whole = fields.Boolean(required=True)
    excerpt = fields.String(
        required=True,
        metadata={"description": "Its beginning as text, personal data masked."},
    )


class UptimeSchema(Schema):
    """What the calls of a time came to."""

    calls = fields.Integer(required=True)
    up = fields.Integer(
        required=True,
        metadata={"description": "Answered in time with a status below 500."},
    )
    uptime_bps = fields.Integer(required=True)
    p50_us = fields.Integer(required=True, allow_none=True)
    p95_us = fields.Integer(required=True, allow_none=True)


class ServiceDaySchema(UptimeSchema):
    """The figures of one day of China's time."""

    begins_us = fields.Integer(required=True)


class ServiceSchema(UptimeSchema):
    """How a service answered in the last 30 days; latency by nearest rank."""

    source = fields.String(
        required=True,
        metadata={
            "description": "exchange: called by it; demo: made up for a demonstration."
        },
    )
    days = fields.List(fields.Nested(ServiceDaySchema), required=True)


@bp.route("/products/<product>/connection", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewConnectionSchema)
@bp.response(200, ConnectionSchema)
@bp.refuses(404, 422, 429)
def test_connection(asked: dict[str, Any], product: int) -> Any:
    """Call an address of a service once, and on a schedule if that is asked for."""
    number = own(product)
    limits.count("connection", str(me().member), RATES)
    answer = outgoing.fetch(asked["url"], services().config.reachable)
    if asked["measure"]:
        with services().writes.begin() as db:
            availability.measure(db, number, asked["url"], me().id)
    return {
        **answer._asdict(),
        "size": len(answer.body),
        "whole": len(answer.body) < BODY_MAX,
        "excerpt": excerpt(answer),
    }


@bp.route("/products/<product>/connection", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(204)
@bp.refuses(404)
def stop_measuring(product: int) -> None:
    """Call a service no more; what was measured stays."""
    with services().writes.begin() as db:
        availability.stop(db, own(product))


@bp.route("/listings/<product>/service")
@bp.response(200, ServiceSchema)
@bp.refuses(404)
def get_service(product: int) -> Any:
    """Read uptime and latency of a listed data service, as the exchange measured."""
    with services().reads.connect() as db:
        catalogue.listing(db, product, me().member)
        found = availability.of_product(db, product)
    if found is None:
        raise NotFound("product", ids.encode("product", product))
    return _told(found)


def _told(found: Availability) -> dict[str, Any]:
    days = [{"begins_us": day.at_us, **_figures(day.figures)} for day in found.days]
    return {**_figures(found.whole), "source": found.address.source, "days": days}


def _figures(found: Figures) -> dict[str, Any]:
    return {**found._asdict(), "uptime_bps": found.uptime_bps}
