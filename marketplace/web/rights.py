"""My rights: what I hold, until when and for what; downloads and receipts."""

from functools import partial
from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.http import dump_options_header

from listings import catalogue
from marketplace.applications import seats
from marketplace.delivery import continuity, renewals, shares, sharings
from marketplace.delivery.files import deliver, included
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import pending
from marketplace.web.forms import again
from marketplace.web.layout import before
from settlement import clock, ids, statements

bp = Blueprint("rights", __name__, url_prefix="/rights")


@bp.get("/")
@needs()
def show() -> ResponseReturnValue:
    """Show the member's rights as cards, the newest first, and its last receipts."""
    with services().reads.connect() as db:
        page = statements.entitlements_of(db, me().member, before(), limit=20)
        return render_template(
            "rights/rights.html",
            page=page,
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
            terms=statements.terms_of(db, {row.terms for row in page.rows}),
            included=partial(included, db),
            due_of=renewals.due_of,
            waiting={row.id: row for row in pending.of_buyer(db, me().member)},
            now_us=clock.now_us(),
        )


@bp.get("/<entitlement>")
@needs()
def one(entitlement: str, launch: str = "") -> ResponseReturnValue:
    """Show one right with its files, terms and receipts."""
    with services().reads.connect() as db:
        number = ids.decode("entitlement", entitlement)
        right = statements.entitlement(db, number, me().member)
        terms = statements.terms(db, right.terms)
        product = ids.decode("product", terms["product"])
        vendor = catalogue.product(db, product).vendor
        opens = seats.application(db, product)
        return render_template(
            "rights/right.html",
            right=right,
            terms=terms,
            vendor_left=continuity.has_left(db, vendor),
            kept=continuity.is_kept(db, terms),
            files=included(db, terms),
            known=catalogue.traded(db, [right.instrument]).get(right.instrument),
            receipts=statements.receipts_of(db, me().member, before(), under=number),
            measures=statements.measures_of(db, number),
            tables=shares.shared(db, right),
            sharings=sharings.of_right(db, number),
            seats=seats.taken(db, number),
            most=seats.maximum(right, terms),
            opens=opens,
            offline_h=seats.offline_h(opens, terms) if opens else 0,
            launch=launch,
            now_us=clock.now_us(),
        )


@bp.post("/<entitlement>/files/<file>")
@needs("buyer")
@again(one)
def download(entitlement: str, file: str) -> ResponseReturnValue:
    """Deliver one file; counted and receipted before the first byte.

    By POST: it changes something, so no link or prefetch may do it.
    """
    delivery = deliver(
        services(),
        me(),
        ids.decode("entitlement", entitlement),
        ids.decode("file", file),
    )
    answer = Response(delivery.content, mimetype=delivery.media_type)
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": delivery.name}
    )
    answer.content_length = delivery.size
    answer.headers["X-Receipt"] = ids.encode("receipt", delivery.receipt)
    answer.headers["X-Content-SHA256"] = delivery.sha256
    return answer


@bp.post("/<entitlement>/sharings")
@needs()
@again(one)
def share(entitlement: str) -> ResponseReturnValue:
    """Make a Delta Sharing profile of a right and hand the file over, this once."""
    number = ids.decode("entitlement", entitlement)
    with services().writes.begin() as db:
        made = sharings.create(db, me(), number)
    return _profile(number, made)


@bp.post("/<entitlement>/sharings/<sharing>/rotate")
@needs()
@again(one)
def reshare(entitlement: str, sharing: str) -> ResponseReturnValue:
    """Hand over a profile in place of another, which goes on for a day."""
    with services().writes.begin() as db:
        made = sharings.rotate(db, me(), ids.decode("sharing", sharing))
    return _profile(ids.decode("entitlement", entitlement), made)


def _profile(entitlement: int, made: sharings.Made) -> Response:
    """Return the file of a profile."""
    kind = "oauth" if request.form.get("kind") == "oauth" else "bearer"
    answer = jsonify(sharings.profile(made, request.url_root, kind))
    name = f"{ids.encode('entitlement', entitlement)}.share"
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": name}
    )
    return answer


@bp.post("/<entitlement>/sharings/<sharing>/revoke")
@needs()
@again(one)
def unshare(entitlement: str, sharing: str) -> ResponseReturnValue:
    """End a profile at once."""
    with services().writes.begin() as db:
        sharings.revoke(db, me(), ids.decode("sharing", sharing))
    flash(gettext("The profile is revoked."), "success")
    return redirect(
        url_for("rights.one", entitlement=entitlement), HTTPStatus.SEE_OTHER
    )
