"""The notice centre: the bell's number, the list, and marking as read."""

from http import HTTPStatus

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.community import notices
from marketplace.community.sentences import said
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.layout import before
from settlement import ids

bp = Blueprint("notices", __name__, url_prefix="/notices")
SHOWN = 50


@bp.get("/")
@needs()
def show() -> ResponseReturnValue:
    """Show what the member was told, newest first."""
    only_new = request.args.get("show") == "new"
    with services().reads.connect() as db:
        found = notices.of_member(
            db, me().member, before(), SHOWN + 1, unread_only=only_new
        )
        shown = found[:SHOWN]
        return render_template(
            "notices/notices.html",
            notices=said(db, shown, me().member),
            newest=shown[0].id if shown else 0,
            only_new=only_new,
            before=shown[-1].id if len(found) > SHOWN else None,
        )


@bp.post("/<notice>")
@needs()
def follow(notice: str) -> ResponseReturnValue:
    """Mark a notice as read and go where it leads."""
    number = ids.decode("notice", notice)
    with services().writes.begin() as db:
        notices.read(db, me().member, number)
        found = notices.of_member(db, me().member, number + 1, 1)
        href = said(db, found, me().member)[0].href
    return redirect(href or url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/read")
@needs()
def read_all() -> ResponseReturnValue:
    """Mark everything up to the newest notice that was shown as read."""
    until = request.form.get("until", "")
    with services().writes.begin() as db:
        notices.read_all(db, me().member, int(until) if _is_number(until) else 0)
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def waiting() -> int:
    """Return how many notices wait for the visitor, for the bell on every page."""
    if not me().is_authenticated:
        return 0
    with services().reads.connect() as db:
        return notices.unread(db, me().member)


def init_app(app: Flask) -> None:
    """Give the frame of the pages the number at its bell."""
    app.jinja_env.globals["notices_waiting"] = waiting
    app.jinja_env.globals["NOTICES_COUNTED"] = notices.COUNTED_MAX
