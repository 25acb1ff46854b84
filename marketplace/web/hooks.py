"""Webhooks: where a member's own programs are told what happens to it."""

from http import HTTPStatus

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields

from marketplace import limits
from marketplace.api.live.posting import sender
from marketplace.language import language
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.outgoing import URL_MAX
from marketplace.services import services
from marketplace.web.forms import WHOLE_DIGITS_MAX, Form, Whole, again, read, text
from marketplace.web.layout import before
from marketplace.webhooks import endpoints, queue
from marketplace.webhooks.endpoints import FAMILIES, WEBHOOKS_MAX
from marketplace.webhooks.queue import Outcome
from marketplace.webhooks.sender import RATES, REPLAYS
from settlement import ids

bp = Blueprint("hooks", __name__, url_prefix="/account/webhooks")
SHOWN = 30
TRADERS = ("buyer", "vendor")


class WebhookForm(Form):
    """Where it leads, and what it tells."""

    url = text(URL_MAX)
    families = fields.List(fields.String(), load_default=[])


class ReplayForm(Form):
    """After which record."""

    position = Whole(0, 10**WHOLE_DIGITS_MAX - 1, required=True)


@bp.get("/")
@needs(*TRADERS)
def show() -> ResponseReturnValue:
    """Show the member's webhooks, and a form for a new one."""
    with services().reads.connect() as db:
        return render_template(
            "webhooks/webhooks.html",
            webhooks=endpoints.of_member(db, me().member),
            families=FAMILIES,
            maximum=WEBHOOKS_MAX,
        )


@bp.post("/")
@needs(*TRADERS)
@again(show)
def create() -> ResponseReturnValue:
    """Make a webhook and show its secret, this once."""
    typed, parts = read(WebhookForm()), services()
    with parts.writes.begin() as db:
        made = endpoints.create(
            *(db, parts.vault, me(), typed["url"], typed["families"], language()),
            parts.config.reachable,
        )
    page = _page(ids.encode("webhook", made.id), secret=made.secret)
    return make_response(page, HTTPStatus.CREATED)


@bp.get("/<webhook>")
@needs(*TRADERS)
def one(webhook: str) -> ResponseReturnValue:
    """Show one webhook with its log."""
    return _page(webhook)


@bp.post("/<webhook>")
@needs(*TRADERS)
@again(one)
def change(webhook: str) -> ResponseReturnValue:
    """Change where it leads and what it tells."""
    typed, parts = read(WebhookForm()), services()
    with parts.writes.begin() as db:
        endpoints.change(
            *(db, me(), ids.decode("webhook", webhook)),
            *(typed["url"], typed["families"], parts.config.reachable),
        )
    flash(gettext("Saved."), "success")
    return _back(webhook)


@bp.post("/<webhook>/secret")
@needs(*TRADERS)
@again(one)
def rotate(webhook: str) -> ResponseReturnValue:
    """Make a new secret and show it, this once."""
    parts = services()
    with parts.writes.begin() as db:
        number = ids.decode("webhook", webhook)
        made = endpoints.rotate(db, parts.vault, me().member, number)
    return _page(webhook, secret=made.secret)


@bp.post("/<webhook>/test")
@needs(*TRADERS)
@again(one)
def test(webhook: str) -> ResponseReturnValue:
    """Send a test message and show what became of it."""
    limits.count("webhook", str(me().member), RATES)
    outcome = sender().test(ids.decode("webhook", webhook), me().member)
    return _page(webhook, outcome=outcome)


@bp.post("/<webhook>/replay")
@needs(*TRADERS)
@again(one)
def replay(webhook: str) -> ResponseReturnValue:
    """Tell again what came after a position of the journal."""
    position = read(ReplayForm())["position"]
    limits.count("webhook replay", str(me().member), REPLAYS)
    with services().writes.begin() as db:
        number = ids.decode("webhook", webhook)
        endpoints.replay(db, me().member, number, position)
    flash(gettext("What came after that record is told again."), "success")
    return _back(webhook)


@bp.post("/<webhook>/pause", defaults={"on": False})
@bp.post("/<webhook>/resume", defaults={"on": True})
@needs(*TRADERS)
@again(one)
def switch(webhook: str, on: bool) -> ResponseReturnValue:
    """Pause it, or let it go on where it stopped."""
    with services().writes.begin() as db:
        number = ids.decode("webhook", webhook)
        endpoints.switch(db, me().member, number, on=on)
    return _back(webhook)


@bp.post("/<webhook>/delete")
@needs(*TRADERS)
@again(one)
def delete(webhook: str) -> ResponseReturnValue:
    """Delete it with all that was sent and that waits."""
    with services().writes.begin() as db:
        endpoints.remove(db, me().member, ids.decode("webhook", webhook))
    flash(gettext("The webhook is deleted."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


def _page(
    webhook: str, secret: str = "", outcome: Outcome | None = None
) -> ResponseReturnValue:
    with services().reads.connect() as db:
        number = ids.decode("webhook", webhook)
        return render_template(
            "webhooks/webhook.html",
            webhook=endpoints.get(db, number, me().member),
            messages=endpoints.messages_of(db, number, before(), SHOWN),
            waiting=queue.waiting(db, number),
            families=FAMILIES,
            secret=secret,
            outcome=outcome,
        )


def _back(webhook: str) -> ResponseReturnValue:
    return redirect(url_for(".one", webhook=webhook), HTTPStatus.SEE_OTHER)
