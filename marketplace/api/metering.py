"""Called services: where they are, keys to them, budgets, use and calls."""

from typing import Any

from flask import request
from marshmallow import Schema, fields

from listings.plans import UNITS_MAX
from listings.quality.availability import PERIOD_DAYS
from marketplace.api.fields import Body, Code, Flag, Id, Int, Opened, Text
from marketplace.api.products import own
from marketplace.api.resource import KeyHeader, PageQuery, Resource, submit
from marketplace.members.signing import me
from marketplace.metering import endpoints, health, keys, reads
from marketplace.metering.endpoints import (
    CACHE_S_MAX,
    DAY_MAX,
    SECOND_MAX,
    SECRET_MAX,
    WAIT_S_MAX,
    Endpoint,
)
from marketplace.metering.keys import NAME_MAX
from marketplace.metering.server import PATH
from marketplace.outgoing import URL_MAX
from marketplace.services import services
from marketplace.trading.orders import VALUE_MAX
from marketplace.trading.usage import STATEMENT_MAX
from marketplace.trading.using import DeclareUse, SetBudget
from settlement import ids, statements
from settlement.errors import NotFound
from settlement.store import Page

bp = Resource("services", __name__, "Services called through the exchange, metered.")


class EndpointSchema(Body):
    """Where a service is called; the secret is written only, and never shown."""

    url = Text(URL_MAX, least=1, required=True)
    sandbox_url = Text(URL_MAX, load_default="")
    header = Text(64, load_default="")
    secret = Text(SECRET_MAX, load_default="", load_only=True)
    pointer = Text(
        500,
        load_default="",
        metadata={"description": "JSON pointer to what a hit finds; empty: any answer"},
    )
    wait_s = Int(1, WAIT_S_MAX, load_default=10)
    second_max = Int(1, SECOND_MAX, load_default=20)
    day_max = Int(1, DAY_MAX, load_default=100_000)
    cache_s = Int(0, CACHE_S_MAX, load_default=0)


class ConnectedSchema(Schema):
    """Where a service is called, as its vendor sees it."""

    url = fields.String(required=True)
    sandbox_url = fields.String(required=True)
    header = fields.String(required=True)
    pointer = fields.String(required=True)
    wait_s = fields.Integer(required=True)
    second_max = fields.Integer(required=True)
    day_max = fields.Integer(required=True)
    cache_s = fields.Integer(required=True)
    changed_us = fields.Integer(required=True)


class NewKeySchema(Body):
    """A key to be made."""

    name = Text(NAME_MAX, least=1, required=True)
    kind = Code("secret", "signed", load_default="secret")
    test = Flag(load_default=False)
    addresses = Text(2_000, load_default="")


class ServiceKeySchema(Schema):
    """A key; its secret is not shown again."""

    id = Id("service_key", required=True)
    entitlement = Id("entitlement", required=True)
    name = fields.String(required=True)
    prefix = fields.String(required=True)
    kind = Code("secret", "signed", required=True)
    test = fields.Boolean(required=True)
    addresses = fields.String(required=True)
    created_us = fields.Integer(required=True)
    expires_us = fields.Integer(required=True, allow_none=True)
    used_us = fields.Integer(required=True, allow_none=True)


class ServiceKeysSchema(Schema):
    """The living keys of a right."""

    data = fields.List(fields.Nested(ServiceKeySchema), required=True)


class MadeKeySchema(Schema):
    """A key just made; *secret* is shown this once."""

    id = Id("service_key", required=True)
    secret = fields.String(required=True)
    address = fields.String(required=True)


class BudgetSchema(Body):
    """What may be spent on the use of a right from now on."""

    amount = Int(0, VALUE_MAX, required=True)


class PeriodSchema(Schema):
    """What one period came to."""

    period = fields.Integer(required=True)
    calls = fields.Integer(required=True)
    hits = fields.Integer(required=True)
    records = fields.Integer(required=True)
    units = fields.Integer(required=True)
    due = fields.Integer(required=True)
    amount = fields.Integer(required=True)
    fee = fields.Integer(required=True)


class TabSchema(Schema):
    """The use of a right so far."""

    mode = fields.String(required=True)
    period = fields.Integer(required=True)
    ends_us = fields.Integer(required=True)
    held = fields.Integer(required=True)
    allowed = fields.Integer(required=True)
    owed = fields.Integer(
        required=True,
        metadata={"description": "for earlier use; the next budget pays it first"},
    )
    periods = fields.List(fields.Nested(PeriodSchema), required=True)
    tax_bps = fields.Integer(required=True)
    tax = fields.Integer(required=True)


class DeclarationSchema(Body):
    """All of a period's use, as the buyer counts it."""

    period = Int(0, 10_000, required=True)
    units = Int(1, UNITS_MAX, required=True)
    statement = Text(STATEMENT_MAX, least=1, required=True)


class AddedSchema(Schema):
    """The units that a declaration added."""

    units = fields.Integer(required=True)


class UseSchema(Schema):
    """What was counted at once: of a meter, or as the buyer declared it."""

    id = fields.Integer(required=True)
    record = Id("record", attribute="seq", required=True)
    at_us = fields.Integer(required=True)
    entitlement = Id("entitlement", required=True)
    period = fields.Integer(required=True)
    calls = fields.Integer(required=True)
    hits = fields.Integer(required=True)
    records = fields.Integer(required=True)
    units = fields.Integer(required=True)
    amount = fields.Integer(required=True)
    fee = fields.Integer(required=True)
    statement = Opened()


class CallSchema(Schema):
    """One call; without a status it was not answered, and costs nothing."""

    id = fields.Integer(required=True)
    call = fields.Function(lambda row: f"{row.meter}-{row.number}", required=True)
    at_us = fields.Integer(required=True)
    entitlement = Id("entitlement", required=True)
    key = Id("service_key", required=True)
    method = fields.String(required=True)
    path = fields.String(required=True)
    status = fields.Integer(required=True, allow_none=True)
    why = fields.String(required=True)
    latency_us = fields.Integer(required=True)
    size = fields.Integer(required=True, allow_none=True)
    counted = fields.Boolean(required=True)
    hit = fields.Boolean(required=True)
    records = fields.Integer(required=True)
    repeated = fields.Boolean(required=True)


class HealthSchema(Schema):
    """How a service answered buyers' calls in the last days."""

    days = fields.Integer(required=True)
    calls = fields.Integer(required=True)
    uptime_bps = fields.Integer(required=True, allow_none=True)
    p50_us = fields.Integer(required=True, allow_none=True)
    p95_us = fields.Integer(required=True, allow_none=True)


@bp.route("/products/<product>/endpoint")
@bp.needs("vendor")
@bp.response(200, ConnectedSchema)
@bp.refuses(404)
def get_endpoint(product: int) -> Any:
    """Read where the vendor's own service is called."""
    own(product)
    with services().reads.connect() as db:
        found = endpoints.get(db, product)
    if found is None:
        raise NotFound("endpoint", ids.encode("product", product))
    return found


@bp.route("/products/<product>/endpoint", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(EndpointSchema)
@bp.response(200, ConnectedSchema)
@bp.refuses(404)
def put_endpoint(new: dict[str, Any], product: int) -> Any:
    """Say where the vendor's own service is called from now on."""
    own(product)
    secret = new.pop("secret")
    parts = services()
    with parts.writes.begin() as db:
        endpoints.connect(
            *(db, parts.vault, product, Endpoint(**new), secret, me().id),
            parts.config.reachable,
        )
        return endpoints.get(db, product)


@bp.route("/products/<product>/calls")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.lists(CallSchema)
@bp.refuses(404)
def list_calls_of_product(asked: dict[str, Any], product: int) -> Page:
    """List the calls of the vendor's own service, the newest first."""
    own(product)
    with services().reads.connect() as db:
        return reads.calls_of_product(db, product, asked["cursor"], asked["limit"])


@bp.route("/products/<product>/health")
@bp.response(200, HealthSchema)
@bp.refuses(404)
def get_health(product: int) -> Any:
    """Read how a service answered buyers' calls, as the exchange measured it."""
    with services().reads.connect() as db:
        found = health.of_product(db, product)
    if found is None:
        raise NotFound("health", ids.encode("product", product))
    whole = found.whole
    return whole._asdict() | {"days": PERIOD_DAYS, "uptime_bps": whole.uptime_bps}


@bp.route("/entitlements/<entitlement>/service-keys")
@bp.needs()
@bp.response(200, ServiceKeysSchema)
@bp.refuses(404)
def list_service_keys(entitlement: int) -> Any:
    """List the living keys of one of the member's rights."""
    with services().reads.connect() as db:
        statements.entitlement(db, entitlement, me().member)
        return {"data": keys.of_right(db, entitlement)}


@bp.route("/entitlements/<entitlement>/service-keys", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(NewKeySchema)
@bp.response(201, MadeKeySchema)
@bp.refuses(404, 409)
def create_service_key(new: dict[str, Any], entitlement: int) -> Any:
    """Make a key that calls the service of one of the member's rights.

    With kind `secret` it is sent as bearer token; with `signed` it signs requests.
    """
    parts = services()
    with parts.writes.begin() as db:
        made = keys.create(db, parts.vault, me(), entitlement, **new)
    return made._asdict() | {"address": address_of(entitlement)}


@bp.route("/service-keys/<service_key>/rotations", methods=["POST"])
@bp.needs("buyer")
@bp.response(201, MadeKeySchema)
@bp.refuses(404, 409)
def rotate_service_key(service_key: int) -> Any:
    """Make a key in place of another, which goes on for a day."""
    parts = services()
    with parts.writes.begin() as db:
        made = keys.rotate(db, parts.vault, me(), service_key)
        entitlement = keys.right_of(db, made.id)
    return made._asdict() | {"address": address_of(entitlement)}


@bp.route("/service-keys/<service_key>", methods=["DELETE"])
@bp.needs("buyer")
@bp.response(204)
@bp.refuses(404)
def delete_service_key(service_key: int) -> None:
    """End a key: the next call with it is refused within a second."""
    with services().writes.begin() as db:
        keys.revoke(db, me(), service_key)


@bp.route("/entitlements/<entitlement>/use")
@bp.needs()
@bp.response(200, TabSchema)
@bp.refuses(404)
def get_use(entitlement: int) -> Any:
    """Read what the use of a right came to, period by period, and its budget."""
    return _tab(entitlement)


@bp.route("/entitlements/<entitlement>/uses")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(UseSchema)
@bp.refuses(404)
def list_uses(asked: dict[str, Any], entitlement: int) -> Page:
    """List what was counted and charged at once, the newest first."""
    with services().reads.connect() as db:
        statements.entitlement(db, entitlement, me().member)
        return reads.uses_of(db, entitlement, asked["cursor"], asked["limit"])


@bp.route("/entitlements/<entitlement>/calls")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(CallSchema)
@bp.refuses(404)
def list_calls(asked: dict[str, Any], entitlement: int) -> Page:
    """List the calls under one of the member's rights, the newest first."""
    with services().reads.connect() as db:
        statements.entitlement(db, entitlement, me().member)
        return reads.calls_under(db, entitlement, asked["cursor"], asked["limit"])


@bp.route("/entitlements/<entitlement>/budget", methods=["PUT"])
@bp.needs("buyer")
@bp.arguments(BudgetSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, TabSchema)
@bp.refuses(402, 404, 409)
def set_budget(new: dict[str, int], header: dict[str, str], entitlement: int) -> Any:
    """Set aside what may still be spent on the use of a right, from now on."""
    command = SetBudget(me().id, me().member, entitlement, new["amount"])
    submit(command, header["key"])
    return _tab(entitlement)


@bp.route("/entitlements/<entitlement>/declarations", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(DeclarationSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, AddedSchema)
@bp.refuses(402, 404, 409)
def declare_use(new: dict[str, Any], header: dict[str, str], entitlement: int) -> Any:
    """Declare a period's use beyond what was metered; charged by the same plan."""
    user = me()
    said = (new["period"], new["units"], new["statement"])
    command = DeclareUse(user.id, user.member, entitlement, *said)
    return {"units": submit(command, header["key"])}


def address_of(entitlement: int) -> str:
    """Return where a right's service is called, as its visitor sees it."""
    name = ids.encode("entitlement", entitlement)
    return f"{request.url_root.rstrip('/')}{PATH}{name}/"


def _tab(entitlement: int) -> Any:
    with services().reads.connect() as db:
        return reads.tab(db, statements.entitlement(db, entitlement, me().member))
