"""Publishing the statistics: proposed by one statistician, approved by another."""

from datetime import date
from typing import Any

from marshmallow import fields

from marketplace import publishing
from marketplace.api.fields import Body, Digits, Flag, Text
from marketplace.api.publications import PublicationSchema, TablesSchema
from marketplace.api.resource import Resource, at
from marketplace.members.signing import me
from marketplace.services import services
from settlement import clock, ids
from settlement.statistics import publications
from settlement.statistics.publications import REASON_MAX
from settlement.statistics.schedule import Cut

bp = Resource("staff-publications", __name__, "Publishing the statistics: for staff.")


class PublicationProposalSchema(Body):
    """The last day that is counted: a month's tenth, twentieth or last one."""

    last_day = fields.Date(required=True)
    reason = Text(REASON_MAX, lines=True, load_default="")
    release_us = Digits(load_default=None, metadata={"description": "If later."})


class PublicationApprovalSchema(Body):
    """Whether it is published."""

    approve = Flag(required=True)


class PublicationWithdrawalSchema(Body):
    """Why it is withdrawn; anybody may read it."""

    reason = Text(REASON_MAX, least=1, lines=True, required=True)


class ProposedPublicationSchema(PublicationSchema):
    """A publication as the staff see it."""

    proposed_by = fields.Function(lambda row: ids.encode("user", row.proposed_by))


@bp.route("/staff/publications", methods=["POST"])
@bp.needs("statistician")
@bp.arguments(PublicationProposalSchema)
@bp.creates(ProposedPublicationSchema)
@bp.refuses(409)
def propose_publication(said: dict[str, Any]) -> Any:
    """Compute the figures of a month up to a day, and propose to publish them."""
    parts, day = services(), said["last_day"]
    assert isinstance(day, date)
    number = publishing.propose(
        parts.config,
        (parts.reads, parts.writes),
        Cut(day),
        me(),
        said["reason"],
        release_us=said["release_us"],
    )
    return _row(number), at(f"/staff/publications/{ids.encode('publication', number)}")


@bp.route("/staff/publications/<publication>")
@bp.needs("statistician")
@bp.response(200, TablesSchema)
@bp.refuses(404)
def get_proposed_publication(publication: int) -> Any:
    """Read a publication, also before it is released."""
    with services().reads.connect() as db:
        row = publications.get(db, publication)
        tables = publications.tables_of(db, publication)
        return row._asdict() | {"tables": tables}


@bp.route("/staff/publications/<publication>/decision", methods=["POST"])
@bp.needs("statistician")
@bp.arguments(PublicationApprovalSchema)
@bp.response(200, ProposedPublicationSchema)
@bp.refuses(404, 409)
def decide_publication(said: dict[str, Any], publication: int) -> Any:
    """Approve what another proposed, or reject it."""
    with services().writes.begin() as db:
        publications.decide(
            db, publication, me().id, clock.now_us(), approve=said["approve"]
        )
    return _row(publication)


@bp.route("/staff/publications/<publication>/withdrawal", methods=["POST"])
@bp.needs("statistician")
@bp.arguments(PublicationWithdrawalSchema)
@bp.response(200, ProposedPublicationSchema)
@bp.refuses(404, 409)
def withdraw_publication(said: dict[str, Any], publication: int) -> Any:
    """Withdraw what was published, with the reason."""
    with services().writes.begin() as db:
        publications.withdraw(db, publication, said["reason"], me().id, clock.now_us())
    return _row(publication)


def _row(number: int) -> Any:
    with services().reads.connect() as db:
        return publications.get(db, number)
