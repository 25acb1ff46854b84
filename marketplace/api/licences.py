"""Licences: the terms of use, as text and as facts; the vocabulary of the catalogue."""

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, pre_dump

from listings import catalogue, composer, differences, licences, vocabulary
from listings.formats import odrl
from listings.licences import EXCLUSIVITY, PURPOSES, USES, Licence
from listings.standard import ALL
from listings.vocabulary import Name
from marketplace.api.fields import Body, Code, Digits, Flag, Int, Long, Text
from marketplace.api.resource import Resource, at
from marketplace.language import language
from marketplace.licensing import offers
from marketplace.members.signing import me
from marketplace.services import services

bp = Resource("vocabulary", __name__, "Licences, and the codes with their names.")

CODES: Mapping[str, Mapping[str, Name]] = {
    "classes": vocabulary.CLASSES,
    "sectors": vocabulary.SECTORS,
    "industries": vocabulary.INDUSTRIES,
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
    on_request = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Purposes that need the vendor's word first."},
    )
    exclusivity = Code(*EXCLUSIVITY, required=True)
    field = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The sector that the right is for; null: any."},
    )
    territory = fields.String(required=True)
    term_days = fields.Integer(required=True, allow_none=True)
    volume_max = fields.Integer(required=True, allow_none=True)
    transfer = Flag(required=True)
    retention = fields.String(required=True)
    delete_days = fields.Integer(required=True)
    report_days = fields.Integer(required=True, allow_none=True)
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


class OdrlSchema(Schema):
    """An ODRL 2.2 policy in JSON-LD; rules as the specification has them."""

    context = fields.Raw(data_key="@context", attribute="@context", required=True)
    type = fields.String(data_key="@type", attribute="@type", required=True)
    uid = fields.String(required=True)
    profile = fields.String(required=True)
    conflict = fields.String(required=True)
    permission = fields.List(fields.Dict())
    prohibition = fields.List(fields.Dict())
    obligation = fields.List(fields.Dict())


class OdrlsSchema(Schema):
    """The offers of a listing."""

    data = fields.List(fields.Nested(OdrlSchema), required=True)


class TwoQuery(Schema):
    """Two licences by their numbers."""

    one = Digits(1, 2**53 - 1, required=True)
    other = Digits(1, 2**53 - 1, required=True)


class StretchSchema(Schema):
    """A stretch of a clause."""

    change = Code("same", "removed", "added", required=True)
    text = fields.String(required=True)


class ClauseSchema(Schema):
    """A clause of either licence, in the language asked for."""

    heading = fields.String(required=True)
    change = Code("same", "changed", "removed", "added", required=True)
    parts = fields.List(fields.Nested(StretchSchema), required=True)


class FactSchema(Schema):
    """A fact of the terms that is not the same."""

    name = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class DifferencesSchema(Schema):
    """What is different between two licences."""

    clauses = fields.List(fields.Nested(ClauseSchema), required=True)
    facts = fields.List(fields.Nested(FactSchema), required=True)


class ChoicesSchema(Body):
    """The choices that make a licence."""

    uses = fields.List(Code(*USES), required=True, validate=Long(1, len(USES)))
    purposes = fields.List(
        Code(*PURPOSES), required=True, validate=Long(1, len(PURPOSES))
    )
    on_request = fields.List(
        Code(*PURPOSES), load_default=[], validate=Long(0, len(PURPOSES))
    )
    exclusivity = Code(*EXCLUSIVITY, load_default="none")
    field = Code(*vocabulary.SECTORS, load_default=None, allow_none=True)
    territory = Code(*vocabulary.regions(), load_default=vocabulary.WORLD)
    term_days = Int(1, composer.DAYS_MAX, load_default=None, allow_none=True)
    volume_max = Int(1, composer.VOLUME_MAX, load_default=None, allow_none=True)
    transfer = Flag(load_default=False)
    retention = Code(*composer.RETENTION, load_default="keep")
    derivation = Code(*composer.DERIVATION, load_default="internal")
    attribution = Flag(load_default=False)
    share_alike = Flag(load_default=False)
    delete_days = Int(1, composer.DAYS_MAX, load_default=30)
    report_days = Int(1, composer.DAYS_MAX, load_default=None, allow_none=True)


class ComposedSchema(Body):
    """A licence to be composed; with a *code* of yours, its next version."""

    title_zh = Text(composer.TITLE_MAX, least=1, required=True)
    title_en = Text(composer.TITLE_MAX, least=1, required=True)
    code = Text(80, least=1, load_default=None, allow_none=True)
    terms = fields.Nested(ChoicesSchema, required=True)


class NameSchema(Schema):
    """What a code is called."""

    code = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class VocabularySchema(Schema):
    """Every code of the catalogue, by what it classifies."""

    classes = fields.List(fields.Nested(NameSchema), required=True)
    sectors = fields.List(fields.Nested(NameSchema), required=True)
    industries = fields.List(fields.Nested(NameSchema), required=True)
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
    ours = {licence.code: licence for licence in ALL}
    with services().reads.connect() as db:
        used = {licence.code: licence for licence in licences.offered(db)}
    return {"data": (ours | used).values()}


@bp.route("/licences/<int(max=9007199254740991):number>/odrl")
@bp.response(200, OdrlSchema)
@bp.refuses(404)
def get_licence_policy(number: int) -> Any:
    """Read a licence as an ODRL 2.2 policy in JSON-LD."""
    with services().reads.connect() as db:
        return odrl.to_jsonld(odrl.policy(licences.get(db, number)))


@bp.route("/listings/<product>/odrl")
@bp.response(200, OdrlsSchema)
@bp.refuses(404)
def list_offers_as_policies(product: int) -> Any:
    """Read a listing's instruments as ODRL 2.2 offers in JSON-LD."""
    with services().reads.connect() as db:
        found = offers(db, catalogue.listing(db, product))
    return {"data": [odrl.to_jsonld(policy) for policy in found]}


@bp.route("/licences/differences")
@bp.arguments(TwoQuery, location="query")
@bp.response(200, DifferencesSchema)
@bp.refuses(404)
def list_differences(asked: dict[str, int]) -> Any:
    """Compare two licences clause by clause, and their facts."""
    with services().reads.connect() as db:
        one, other = licences.get(db, asked["one"]), licences.get(db, asked["other"])
    return {
        "clauses": differences.between(one, other, language()),
        "facts": differences.facts_between(one.terms, other.terms),
    }


@bp.route("/licences", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(ComposedSchema)
@bp.creates(LicenceSchema)
@bp.refuses(404)
def compose_licence(wanted: dict[str, Any]) -> Any:
    """Compose a licence of the vendor, or the next version of one."""
    title = Name(wanted["title_zh"], wanted["title_en"])
    terms = licences.terms_from(json.dumps(wanted["terms"]))
    assert terms is not None
    with services().writes.begin() as db:
        number = composer.save(db, me().member, title, terms, wanted["code"])
        made = licences.get(db, number)
    return made, at(f"/licences/{number}")


@bp.route("/licences/<int(max=9007199254740991):number>")
@bp.response(200, LicenceSchema)
@bp.refuses(404)
def get_licence(number: int) -> Licence:
    """Read a licence with its text."""
    with services().reads.connect() as db:
        return licences.get(db, number)
