"""Listing as code: products written as YAML, applied, compared, and read back."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Flag, Id, Text
from marketplace.api.resource import Resource
from marketplace.manifests.applying import OUTCOMES, Outcome, apply
from marketplace.manifests.reading import TEXT_MAX
from marketplace.manifests.writing import written
from marketplace.members.signing import me
from marketplace.services import services

bp = Resource("manifests", __name__, "Listing as code: products as YAML documents.")


class ManifestsSchema(Body):
    """One or several YAML documents, each of one product."""

    text = Text(TEXT_MAX, least=1, lines=True, required=True)
    dry_run = Flag(
        load_default=False, metadata={"description": "Only say what would change."}
    )


class ChangeSchema(Schema):
    """One value that differs."""

    path = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class OutcomeSchema(Schema):
    """What became of a document, or would become of it."""

    line = fields.Integer(required=True)
    product = Id("product", required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    outcome = Code(*OUTCOMES, required=True)
    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    waiting = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Symbols whose price waits until they are listed."},
    )


class OutcomesSchema(Schema):
    """One for each document."""

    data = fields.List(fields.Nested(OutcomeSchema), required=True)


class ManifestSchema(Schema):
    """A product as a YAML document."""

    text = fields.String(required=True)


@bp.route("/manifests", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(ManifestsSchema)
@bp.response(200, OutcomesSchema)
@bp.refuses(404, 409)
def apply_manifests(said: dict[str, Any]) -> dict[str, list[Outcome]]:
    """Bring products to what YAML documents say; a second time changes nothing.

    All or nothing; problems are named by ``line: path``.
    """
    return {"data": apply(services(), said["text"], me(), dry_run=said["dry_run"])}


@bp.route("/products/<product>/manifest")
@bp.needs("vendor")
@bp.response(200, ManifestSchema)
@bp.refuses(404)
def get_manifest(product: int) -> dict[str, str]:
    """Read one of the vendor's products as the document that changes nothing in it."""
    with services().reads.connect() as db:
        return {"text": written(db, product, me().member)}
