"""Listings in public: search with facets, and all that is known of one product."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import Connection

from listings import catalogue, instruments
from listings.catalogue import Listing
from listings.search.entry import Band, Facet
from listings.search.lexicon import TYPED_MAX
from listings.search.query import (
    LENGTH_MAX,
    PAGE_MAX,
    PAGE_SIZE,
    PAGE_SIZE_MAX,
    VALUES_MAX,
    Query,
    Sort,
)
from listings.search.results import Count, Results
from listings.vocabulary import CLASSES, SECTORS, UPDATES
from marketplace.api.fields import Code, Digits, Flag, Id, Long, Text
from marketplace.api.market import QuotedSchema, quoted
from marketplace.api.resource import Resource
from marketplace.language import LANGUAGES, language
from marketplace.members import organisations
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids

bp = Resource("listings", __name__, "What is on the market: search it, read it.")
CODE_MAX = 200  # characters of a facet's value


def chosen(field: Any) -> fields.List[Any]:
    """Return a field for the chosen values of one facet."""
    return fields.List(field, load_default=[], validate=Long(0, VALUES_MAX))


class SearchQuery(Schema):
    """What is looked for; values of one facet widen, several facets narrow."""

    q = Text(
        LENGTH_MAX,
        load_default="",
        metadata={"description": 'Words, "phrases", beginnings*; either language.'},
    )
    kind = chosen(Code(*CLASSES))
    sector = chosen(Code(*SECTORS))
    region = chosen(Text(CODE_MAX, least=1))
    licence = chosen(Text(CODE_MAX, least=1))
    price = chosen(Code(*Band))
    updates = chosen(Code(*UPDATES))
    vendor = chosen(Id("member"))
    sort = Code(*Sort, load_default=Sort.RELEVANCE.value)
    exact = fields.Boolean(
        load_default=False,
        metadata={"description": "Search the words as they are, slips and all."},
    )
    page = Digits(1, PAGE_MAX, load_default=1)
    limit = Digits(1, PAGE_SIZE_MAX, load_default=PAGE_SIZE)
    language = Code(*LANGUAGES, load_default=None)


class FragmentSchema(Schema):
    """A stretch of text, and whether it matches."""

    text = fields.String(required=True)
    is_match = Flag(required=True)


class HitSchema(Schema):
    """A listing found."""

    id = Id("product", required=True)
    title = fields.List(fields.Nested(FragmentSchema), required=True)
    snippet = fields.List(fields.Nested(FragmentSchema), required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    kind = Code(*CLASSES, required=True)
    sector = fields.String(required=True, allow_none=True)
    region = fields.String(required=True, allow_none=True)
    updates = fields.String(required=True, allow_none=True)
    vendor = Id("member", required=True)
    state = fields.String(attribute="listing_state", required=True)
    listed_us = fields.Integer(attribute="admitted_us", required=True)
    instruments = fields.List(fields.Nested(QuotedSchema), required=True)


class CountSchema(Schema):
    """A value of a facet, and how many listings choosing it would show."""

    code = fields.String(required=True)
    number = fields.Integer(required=True)
    is_chosen = Flag(required=True)
    name_zh = fields.String(required=True, metadata={"description": "Of vendors."})
    name_en = fields.String(required=True)


class ResultsSchema(Schema):
    """One page of hits, and what all matches have in common."""

    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    has_more = Flag(required=True)
    is_partial = Flag(
        required=True, metadata={"description": "Nothing has every word."}
    )
    corrected = fields.String(
        required=True,
        metadata={"description": "What was searched instead; empty: as typed."},
    )
    data = fields.List(fields.Nested(HitSchema), required=True)
    facets = fields.Dict(
        fields.String(), fields.List(fields.Nested(CountSchema)), required=True
    )


class FileSchema(Schema):
    """A file of a release."""

    id = Id("file", required=True)
    name = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    sha256 = fields.String(required=True)
    media_type = fields.String(required=True)


class ReleaseSchema(Schema):
    """One version of a product's content."""

    id = Id("release", required=True)
    product = Id("product", required=True)
    label = fields.String(required=True)
    notes_zh = fields.String(required=True)
    notes_en = fields.String(required=True)
    created_us = fields.Integer(required=True)
    finalised_us = fields.Integer(required=True, allow_none=True)
    live_us = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "From when on it is served."},
    )
    revoked_us = fields.Integer(required=True, allow_none=True)
    revoked_reason = fields.String(required=True, allow_none=True)
    files = fields.List(fields.Nested(FileSchema), required=True)


class FactsSchema(Schema):
    """What a vendor says of a product."""

    kind = Code(*CLASSES, required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    summary_zh = fields.String(required=True)
    summary_en = fields.String(required=True)
    description_zh = fields.String(required=True)
    description_en = fields.String(required=True)
    keywords = fields.List(fields.String(), required=True)
    sector = fields.String(required=True, allow_none=True)
    industry = fields.String(required=True, allow_none=True)
    region = fields.String(required=True, allow_none=True)
    updates = fields.String(required=True, allow_none=True)
    publisher = fields.String(required=True)
    publisher_url = fields.String(required=True)
    source_url = fields.String(required=True)
    coverage_from = fields.String(required=True, allow_none=True)
    coverage_until = fields.String(required=True, allow_none=True)
    row_count = fields.Integer(required=True, allow_none=True)
    size_bytes = fields.Integer(required=True, allow_none=True)
    dictionary = fields.List(fields.Dict(), required=True)
    sample = fields.Dict(required=True, allow_none=True)
    rights_note = fields.String(required=True)
    granularity = fields.String(required=True)
    documentation_url = fields.String(required=True)
    support = fields.String(required=True)
    extra = fields.Dict(required=True, allow_none=True)
    source_route = fields.String(required=True, allow_none=True)
    source_statement = fields.String(required=True)
    sensitivity = fields.String(required=True, allow_none=True)
    personal = fields.String(required=True, allow_none=True)
    purpose = fields.String(required=True)
    scene = fields.String(required=True)
    rights = fields.Dict(required=True, allow_none=True)


class ListingSchema(FactsSchema):
    """A product that is or was on the market, with all that is public of it."""

    id = Id("product", required=True)
    vendor = Id("member", required=True)
    vendor_zh = fields.String(required=True)
    vendor_en = fields.String(required=True)
    state = fields.String(attribute="listing_state", required=True)
    reason = fields.String(
        required=True, metadata={"description": "Of a suspension or delisting."}
    )
    version = fields.Integer(required=True)
    origin = fields.String(required=True, allow_none=True)
    origin_id = fields.String(required=True, allow_none=True)
    listed_us = fields.Integer(attribute="admitted_us", required=True, allow_none=True)
    registered_us = fields.Integer(required=True, allow_none=True)
    certificate = fields.Integer(required=True, allow_none=True)
    instruments = fields.List(fields.Nested(QuotedSchema), required=True)
    releases = fields.List(fields.Nested(ReleaseSchema), required=True)


@bp.route("/listings")
@bp.arguments(SearchQuery, location="query")
@bp.response(200, ResultsSchema)
def search(asked: dict[str, Any]) -> Any:
    """Search the market, in Chinese and English at once."""
    results, corrected = services().finder.find(_query(asked), exact=asked["exact"])
    with services().reads.connect() as db:
        hits = _hits(db, results)
    return results._asdict() | {
        "has_more": results.has_more,
        "corrected": corrected,
        "data": hits,
        "facets": {facet.value: _counts(facet, results) for facet in results.facets},
    }


class TypedQuery(Schema):
    """What was typed so far."""

    q = Text(TYPED_MAX, load_default="")


class CompletionsSchema(Schema):
    """What it may be the beginning of, best first."""

    data = fields.List(fields.String(), required=True)


@bp.route("/completions")
@bp.arguments(TypedQuery, location="query")
@bp.response(200, CompletionsSchema)
def list_completions(asked: dict[str, Any]) -> Any:
    """Complete words as they are typed: also by pinyin (qixiang) and initials (qx)."""
    return {"data": services().finder.words().complete(asked["q"])}


@bp.route("/listings/<product>")
@bp.conditional
@bp.response(200, ListingSchema)
@bp.refuses(404)
def get_listing(product: int) -> Any:
    """Read a listing with its instruments, their prices now, and its releases."""
    with services().reads.connect() as db:
        found = catalogue.listing(db, product, me().member)
        zh, en = organisations.names(db, [found.vendor]).get(found.vendor, ("", ""))
        units = [
            unit
            for unit in catalogue.instruments_of(db, product)
            if unit.state != "pending"
        ]
        return found._asdict() | {
            "vendor_zh": zh,
            "vendor_en": en,
            "instruments": quoted(db, units),
            "releases": releases(db, found),
        }


def releases(
    db: Connection, found: Listing, *, final: bool = True
) -> list[dict[str, Any]]:
    """Return the releases of a product with their files, or only its *final* ones."""
    return [
        release._asdict() | {"files": catalogue.files_of(db, release.id)}
        for release in catalogue.releases_of(db, found.id)
        if release.finalised_us is not None or not final
    ]


def _query(asked: Mapping[str, Any]) -> Query:
    chosen_in = {facet: frozenset(map(str, asked[facet.value])) for facet in Facet}
    return Query(
        asked["q"],
        {facet: values for facet, values in chosen_in.items() if values},
        Sort(asked["sort"]),
        asked["page"],
        asked["limit"],
        "zh" if (asked["language"] or language()) == "zh" else "en",
    )


def _hits(db: Connection, results: Results) -> list[dict[str, Any]]:
    """Return what is shown of each hit that is still public."""
    numbers = [hit.id for hit in results.hits]
    known = catalogue.summaries(db, numbers)
    units = instruments.of_products(db, numbers)
    return [
        known[hit.id]._asdict()
        | {"title": hit.title, "snippet": hit.snippet}
        | {"instruments": quoted(db, units.get(hit.id, []))}
        for hit in results.hits
        if hit.id in known
    ]


def _counts(facet: Facet, results: Results) -> list[Count]:
    """Return the counts of a facet, vendors by their public ids."""
    counts = results.facets[facet]
    if facet is not Facet.VENDOR:
        return list(counts)
    return [
        count._replace(code=ids.encode("member", int(count.code))) for count in counts
    ]
