"""What is to change: the calendar, consents, announcements, windows; and duties."""

from typing import Any

from marshmallow import Schema, fields

from listings import catalogue, instruments, releases, windows
from listings.windows import COUNT_MAX, Window
from marketplace.admission import tell_market
from marketplace.api.fields import Body, Code, Id, Int, Text
from marketplace.api.resource import TRADERS, PageQuery, Resource
from marketplace.community import announcements, holders, watches
from marketplace.delivery import duties
from marketplace.members.signing import me
from marketplace.services import services
from settlement import clock, statements

bp = Resource(
    "changes",
    __name__,
    "The calendar of changes, and what licences ask beside a price.",
)


class WaitingSchema(Schema):
    """A release whose schema breaks with the one before, and which waits."""

    release = Id("release", attribute="id", required=True)
    product = Id("product", required=True)
    label = fields.String(required=True)
    live_us = fields.Integer(required=True)
    reaches_you = fields.Boolean(required=True)
    consented = fields.Boolean(required=True)


class AnnouncedSchema(Schema):
    """What was announced about a product."""

    product = Id("product", required=True)
    release = Id("release", required=True, allow_none=True)
    kind = fields.String(required=True)
    comment = fields.String(required=True)
    effective_us = fields.Integer(required=True, allow_none=True)
    at_us = fields.Integer(required=True)


class CalendarSchema(Schema):
    """What changes of what the member holds and follows."""

    waiting = fields.List(fields.Nested(WaitingSchema), required=True)
    announced = fields.List(fields.Nested(AnnouncedSchema), required=True)


class ConsentSchema(Schema):
    """Whether every holder that it reaches has consented now."""

    served = fields.Boolean(required=True)


class AnnouncementSchema(Body):
    """A delay, or an end to come."""

    kind = Code(*announcements.BY_VENDORS, required=True)
    comment = Text(announcements.COMMENT_MAX, least=1, lines=True, required=True)
    effective_us = Int(load_default=None, allow_none=True)


class WindowSchema(Body):
    """How many older and later releases a licence includes; null: all of them."""

    history = Int(0, COUNT_MAX, required=True, allow_none=True)
    future = Int(0, COUNT_MAX, required=True, allow_none=True)


class DutySchema(Schema):
    """A dated task of one right, with its evidence if there is any."""

    entitlement = Id("entitlement", attribute="right.id", required=True)
    kind = fields.String(attribute="task.kind", required=True)
    number = fields.Integer(attribute="task.number", required=True)
    due_us = fields.Integer(attribute="task.due_us", required=True)
    state = fields.String(required=True)
    statement = fields.String(attribute="shown.statement")
    sha256 = fields.String(attribute="shown.sha256")


class DutiesSchema(Schema):
    """The duties of one right, the most urgent first."""

    data = fields.List(fields.Nested(DutySchema), required=True)


class ShownSchema(Body):
    """What was done."""

    kind = Text(20, least=1, required=True)
    number = Int(1, 1_000, required=True)
    statement = Text(duties.STATEMENT_MAX, least=1, lines=True, required=True)


@bp.route("/changes")
@bp.needs()
@bp.response(200, CalendarSchema)
def list_changes() -> Any:
    """List what changes of what the member holds and follows."""
    member = me().member
    with services().reads.connect() as db:
        held = holders.products_of(db, member)
        followed = watches.followed(db, member, watches.PRODUCT)
        seen = catalogue.summaries(db, {*held, *followed}, member)
        waiting = [
            one._asdict()
            | {
                "reaches_you": member in holders.affected(db, one.product),
                "consented": member in announcements.accepted_by(db, one.id),
            }
            for one in releases.waiting(db, seen)
        ]
        announced = announcements.of_products(db, list(seen))
    return {"waiting": waiting, "announced": announced}


@bp.route("/releases/<release>/consent", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, ConsentSchema)
@bp.refuses(404)
def consent_to_release(release: int) -> Any:
    """Let a breaking release go ahead; it is served once all holders have."""
    with services().writes.begin() as db:
        served = announcements.accept(db, release, me())
        product = releases.get(db, release).product
    if served:
        tell_market(services(), product, me().id)
    return {"served": served}


@bp.route("/products/<product>/announcements", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(AnnouncementSchema)
@bp.response(201, AnnouncedSchema)
@bp.refuses(404)
def announce_change(said: dict[str, Any], product: int) -> Any:
    """Announce a delay, or an end to come, to holders and followers."""
    with services().writes.begin() as db:
        announcements.announce(db, product, by=me(), **said)
        return announcements.of_products(db, [product], limit=1)[0]


@bp.route("/instruments/<instrument>/window", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(WindowSchema)
@bp.response(200, WindowSchema)
@bp.refuses(404)
def set_window(wanted: dict[str, int | None], instrument: int) -> Any:
    """Say which releases a licence includes, for what is sold from now on."""
    window = Window(**wanted)
    with services().writes.begin() as db:
        unit = instruments.get(db, instrument)
        catalogue.product(db, unit.product, me().member)
        windows.put(db, instrument, window)
    tell_market(services(), unit.product, me().id)
    return window


@bp.route("/duties")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(DutySchema)
def list_duties(asked: dict[str, Any]) -> Any:
    """List what the member has to do under its rights; pages go by right."""
    cursor, limit = asked["cursor"], asked["limit"]
    with services().reads.connect() as db:
        page = statements.entitlements_of(db, me().member, cursor, limit)
        due = duties.of_rights(db, page.rows, clock.now_us())
        return {"rows": due, "before": page.before}


@bp.route("/entitlements/<entitlement>/duties", methods=["POST"])
@bp.needs()
@bp.arguments(ShownSchema)
@bp.response(201, DutiesSchema)
@bp.refuses(404)
def enter_evidence(said: dict[str, Any], entitlement: int) -> Any:
    """Enter the evidence that a duty was done; it cannot be changed afterwards."""
    with services().writes.begin() as db:
        duties.show(db, me(), entitlement, **said)
        right = statements.entitlement(db, entitlement, me().member)
        return {"data": duties.of_rights(db, [right], clock.now_us())}
