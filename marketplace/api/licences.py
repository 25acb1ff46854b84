"""Licences: the terms of use, as text and as facts; the vocabulary of the catalogue."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, pre_dump

from listings import licences, vocabulary
from listings.licences import PURPOSES, USES, Licence
from listings.standard import STANDARD
from listings.vocabulary import Name
from marketplace.api.fields import Flag
from marketplace.api.resource import Resource
from marketplace.services import services

bp = Resource("vocabulary", __name__, "Licences, and the codes with their names.")

CODES: Mapping[str, Mapping[str, Name]] = {
    "classes": vocabulary.CLASSES,
    "sectors": vocabulary.SECTORS,
    "regions": vocabulary.regions(),
    "updates": vocabulary.UPDATES,
    "modes": vocabulary.MODES,
    "purposes": PURPOSES,
    "uses": USES,
}


class TermsSchema(Schema):
    """A licence's terms as facts; the text prevails."""

    uses = fields.List(fields.String(), required=True)
    purposes = fields.List(
        fields.String(), required=True, metadata={"description": "Empty: any."}
    )
    exclusive = Flag(required=True)
    territory = fields.String(required=True)
    term_days = fields.Integer(required=True, allow_none=True)
    volume_max = fields.Integer(required=True, allow_none=True)
    transfer = Flag(required=True)
    retention = fields.String(required=True)
    derivation = fields.String(required=True)
    attribution = Flag(required=True)
    share_alike = Flag(required=True)


class LicenceFactsSchema(Schema):
    """A licence without its text."""

    number = fields.Function(
        lambda licence: licence.id or None,
        required=True,
        metadata={
            "type": ["integer", "null"],
            "description": "Null: one of ours that nobody has used yet.",
        },
    )
    code = fields.String(required=True)
    version = fields.String(required=True)
    spdx = fields.String(required=True, allow_none=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    url = fields.String(required=True)
    sha256 = fields.String(
        required=True, metadata={"description": "Of the canonical text."}
    )
    terms = fields.Nested(
        TermsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null: nobody has read the text into facts."},
    )


class LicenceSchema(LicenceFactsSchema):
    """A licence with its text."""

    text_zh = fields.String(required=True)
    text_en = fields.String(required=True)


class LicencesSchema(Schema):
    """The licences that may be chosen."""

    data = fields.List(fields.Nested(LicenceFactsSchema), required=True)


class NameSchema(Schema):
    """What a code is called."""

    code = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class VocabularySchema(Schema):
    """Every code of the catalogue, by what it classifies."""

    classes = fields.List(fields.Nested(NameSchema), required=True)
    sectors = fields.List(fields.Nested(NameSchema), required=True)
    regions = fields.List(fields.Nested(NameSchema), required=True)
    updates = fields.List(fields.Nested(NameSchema), required=True)
    modes = fields.List(fields.Nested(NameSchema), required=True)
    purposes = fields.List(fields.Nested(NameSchema), required=True)
    uses = fields.List(fields.Nested(NameSchema), required=True)

    @pre_dump
    def name_codes(self, codes: Any, **_: Any) -> Mapping[str, Any]:
        """Return codes and names side by side."""
        return {
            topic: [{"code": code, **name._asdict()} for code, name in names.items()]
            for topic, names in codes.items()
        }


@bp.route("/vocabulary")
@bp.conditional
@bp.response(200, VocabularySchema)
def get_vocabulary() -> Any:
    """Read the codes that products and orders are described by."""
    return CODES


@bp.route("/licences")
@bp.response(200, LicencesSchema)
def list_licences() -> Any:
    """List the newest version of each licence: the exchange's own, then others."""
    ours = {licence.code: licence for licence in STANDARD}
    with services().reads.connect() as db:
        used = {licence.code: licence for licence in licences.offered(db)}
    return {"data": (ours | used).values()}


@bp.route("/licences/<int(max=9007199254740991):number>")
@bp.response(200, LicenceSchema)
@bp.refuses(404)
def get_licence(number: int) -> Licence:
    """Read a licence with its text."""
    with services().reads.connect() as db:
        return licences.get(db, number)
