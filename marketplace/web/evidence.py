"""The vendor's evidence: attachments, invited assessors; and reading attachments."""

from flask import Response, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.http import dump_options_header

from listings.marking import N_
from listings.registration import opinions
from listings.registration.attachments import OF_VENDOR
from marketplace.evidence import attach, invite, readable, take_back
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import Form, PublicId, again, choice, read
from marketplace.web.vendor import bp, edit, mine, to
from settlement import ids
from settlement.errors import Invalid

NO_FILE = N_("Choose a file.")


class AttachmentForm(Form):
    """What an attachment proves; the file comes beside it."""

    kind = choice(OF_VENDOR)


class InviteForm(Form):
    """Who is asked for which opinion."""

    kind = choice(opinions.KINDS)
    assessor = PublicId("member", required=True)


@bp.post("/products/<product>/attachments")
@needs("vendor")
@again(edit)
def add_attachment(product: str) -> ResponseReturnValue:
    """Attach a file that proves something of the product."""
    number, typed = mine(product), read(AttachmentForm())
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid({"file": [NO_FILE]})
    attach(services(), number, typed["kind"], (file.filename, file.stream), me())
    flash(gettext("Attached: %(name)s.", name=file.filename), "success")
    return to(number, "#evidence-h")


@bp.post("/products/<product>/attachments/<attachment>/remove")
@needs("vendor")
@again(edit)
def remove_attachment(product: str, attachment: str) -> ResponseReturnValue:
    """Take an attachment back before a review."""
    mine(product)
    number = take_back(services(), ids.decode("attachment", attachment), me())
    flash(gettext("Taken back."), "success")
    return to(number, "#evidence-h")


@bp.post("/products/<product>/assessors")
@needs("vendor")
@again(edit)
def invite_assessor(product: str) -> ResponseReturnValue:
    """Invite a member to assess the product."""
    number, typed = mine(product), read(InviteForm())
    invite(services(), number, typed["kind"], typed["assessor"], me())
    flash(gettext("Invited. The assessor sees the product from now on."), "success")
    return to(number, "#evidence-h")


@bp.post("/products/<product>/assessors/<engagement>/end")
@needs("vendor")
@again(edit)
def end_engagement(product: str, engagement: str) -> ResponseReturnValue:
    """End an invitation; what the assessor said stays."""
    number = mine(product)
    with services().writes.begin() as db:
        opinions.dismiss(db, ids.decode("engagement", engagement), me())
    flash(gettext("The invitation has ended."), "success")
    return to(number, "#evidence-h")


@bp.get("/attachments/<attachment>", endpoint="attachment")
@needs()
def download(attachment: str) -> ResponseReturnValue:
    """Give an attachment to who may read it."""
    with services().reads.connect() as db:
        found = readable(db, ids.decode("attachment", attachment), me())
    answer = Response(
        services().files.read(found.storage_key), mimetype=found.media_type
    )
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": found.name}
    )
    answer.content_length = found.size
    answer.headers["X-Content-SHA256"] = found.sha256
    return answer
