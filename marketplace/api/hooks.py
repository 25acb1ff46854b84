"""Webhooks of the member: where it is told what happens to it, and what was sent."""

from typing import Any

from marshmallow import Schema, fields, validate

from marketplace import limits
from marketplace.api.fields import NOT_OFFERED, Body, Code, Flag, Id, Int, Text
from marketplace.api.live.posting import sender
from marketplace.api.resource import TRADERS, PageQuery, Resource, at
from marketplace.language import LANGUAGES, language
from marketplace.members.signing import me
from marketplace.outgoing import URL_MAX
from marketplace.services import services
from marketplace.webhooks import endpoints
from marketplace.webhooks.endpoints import FAMILIES
from marketplace.webhooks.sender import RATES, REPLAYS
from settlement.ids import NUMBER_MAX, encode
from settlement.store import Page

bp = Resource("webhooks", __name__, "What happens to a member, posted to it.")


class Families(fields.List[Any]):
    """What is told, as a list outside and words inside."""

    def __init__(self, **more: Any) -> None:
        """Offer the families."""
        inner = fields.String(validate=validate.OneOf(FAMILIES, error=NOT_OFFERED))
        super().__init__(inner, **more)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value.split() if isinstance(value, str) else value


class ChangedWebhookSchema(Body):
    """Where a webhook leads and what it tells."""

    url = Text(URL_MAX, least=1, required=True, metadata={"description": "By https."})
    families = Families(required=True)


class NewWebhookSchema(ChangedWebhookSchema):
    """A webhook to be made; sentences within are in *language*."""

    language = Code(*LANGUAGES, load_default=None)


class WebhookSchema(Schema):
    """A webhook; its secret is not shown again."""

    id = Id("webhook", required=True)
    url = fields.String(required=True)
    families = Families(required=True)
    language = Code(*LANGUAGES, required=True)
    state = Code("active", "paused", "disabled", required=True)
    position = fields.Integer(
        required=True,
        metadata={"description": "The last record of the journal that is queued."},
    )
    tries = fields.Integer(
        required=True, metadata={"description": "That failed, one after the other."}
    )
    failing_us = fields.Integer(required=True, allow_none=True)
    created_us = fields.Integer(required=True)


class WebhooksSchema(Schema):
    """The member's webhooks."""

    data = fields.List(fields.Nested(WebhookSchema), required=True)


class WebhookSecretSchema(Schema):
    """A secret, shown this once."""

    id = Id("webhook", required=True)
    secret = fields.String(required=True)


class WebhookSwitchSchema(Body):
    """Whether messages are sent."""

    on = Flag(required=True)


class WebhookReplaySchema(Body):
    """After which record of the journal to begin again; 0: from the first."""

    position = Int(0, NUMBER_MAX, required=True)


class WebhookTestSchema(Schema):
    """What became of a test."""

    status = fields.Integer(required=True, allow_none=True)
    why = fields.String(required=True)
    latency_us = fields.Integer(required=True, allow_none=True)
    is_well = Flag(required=True)


class WebhookMessageSchema(Schema):
    """A message, and what became of its last try."""

    id = Id("message", required=True)
    event = fields.String(required=True, metadata={"description": "As `webhook-id`."})
    type = fields.String(required=True)
    position = fields.Integer(required=True)
    at_us = fields.Integer(required=True)
    state = Code("waiting", "delivered", "failed", required=True)
    tries = fields.Integer(required=True)
    status = fields.Integer(required=True, allow_none=True)
    why = fields.String(required=True)
    latency_us = fields.Integer(required=True, allow_none=True)
    done_us = fields.Integer(required=True, allow_none=True)


@bp.route("/webhooks")
@bp.needs(*TRADERS)
@bp.response(200, WebhooksSchema)
def list_webhooks() -> Any:
    """List the member's webhooks, newest first."""
    with services().reads.connect() as db:
        return {"data": endpoints.of_member(db, me().member)}


@bp.route("/webhooks", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewWebhookSchema)
@bp.creates(WebhookSecretSchema)
@bp.refuses(409)
def create_webhook(wanted: dict[str, Any]) -> Any:
    """Make a webhook that tells what happens from now on; keep its secret."""
    parts = services()
    with parts.writes.begin() as db:
        made = endpoints.create(
            *(db, parts.vault, me(), wanted["url"], wanted["families"]),
            wanted["language"] or language(),
            parts.config.reachable,
        )
    return made, at(f"/webhooks/{encode('webhook', made.id)}")


@bp.route("/webhooks/<webhook>")
@bp.needs(*TRADERS)
@bp.response(200, WebhookSchema)
@bp.refuses(404)
def get_webhook(webhook: int) -> Any:
    """Read one of the member's webhooks."""
    with services().reads.connect() as db:
        return endpoints.get(db, webhook, me().member)


@bp.route("/webhooks/<webhook>", methods=["PUT"])
@bp.needs(*TRADERS)
@bp.arguments(ChangedWebhookSchema)
@bp.response(200, WebhookSchema)
@bp.refuses(404)
def change_webhook(wanted: dict[str, Any], webhook: int) -> Any:
    """Change where a webhook leads and what it tells; also what waits goes there."""
    parts = services()
    with parts.writes.begin() as db:
        endpoints.change(
            *(db, me(), webhook, wanted["url"], wanted["families"]),
            parts.config.reachable,
        )
        return endpoints.get(db, webhook, me().member)


@bp.route("/webhooks/<webhook>", methods=["DELETE"])
@bp.needs(*TRADERS)
@bp.response(204)
@bp.refuses(404)
def delete_webhook(webhook: int) -> None:
    """Delete a webhook with all that was sent and that waits."""
    with services().writes.begin() as db:
        endpoints.remove(db, me().member, webhook)


@bp.route("/webhooks/<webhook>/secret", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, WebhookSecretSchema)
@bp.refuses(404)
def rotate_webhook_secret(webhook: int) -> Any:
    """Give a webhook a new secret; for a day each message has both signatures."""
    parts = services()
    with parts.writes.begin() as db:
        return endpoints.rotate(db, parts.vault, me().member, webhook)


@bp.route("/webhooks/<webhook>/switch", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(WebhookSwitchSchema)
@bp.response(200, WebhookSchema)
@bp.refuses(404)
def switch_webhook(wanted: dict[str, bool], webhook: int) -> Any:
    """Pause a webhook, or let it go on where it stopped."""
    member = me().member
    with services().writes.begin() as db:
        endpoints.switch(db, member, webhook, on=wanted["on"])
        return endpoints.get(db, webhook, member)


@bp.route("/webhooks/<webhook>/test", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, WebhookTestSchema)
@bp.refuses(404, 429)
def test_webhook(webhook: int) -> Any:
    """Send a test message at once, beside what waits."""
    limits.count("webhook", str(me().member), RATES)
    return sender().test(webhook, me().member)


@bp.route("/webhooks/<webhook>/replay", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(WebhookReplaySchema)
@bp.response(200, WebhookSchema)
@bp.refuses(404, 429)
def replay_webhook(wanted: dict[str, int], webhook: int) -> Any:
    """Tell again all that came after a position of the journal, under the same ids."""
    member = me().member
    limits.count("webhook replay", str(member), REPLAYS)
    with services().writes.begin() as db:
        endpoints.replay(db, member, webhook, wanted["position"])
        return endpoints.get(db, webhook, member)


@bp.route("/webhooks/<webhook>/messages")
@bp.needs(*TRADERS)
@bp.arguments(PageQuery, location="query")
@bp.lists(WebhookMessageSchema)
@bp.refuses(404)
def list_messages(asked: dict[str, Any], webhook: int) -> Page:
    """List what was sent to a webhook and what waits, newest first."""
    with services().reads.connect() as db:
        endpoints.get(db, webhook, me().member)
        return endpoints.messages_of(db, webhook, asked["cursor"], asked["limit"])
