"""Products of a vendor: drafts, what is sold, releases with files, prices, income."""

from typing import Any

from marshmallow import Schema, fields, post_load

from listings import admission, catalogue, instruments, licences, products
from listings.admission import REASON_MAX
from listings.instruments import DAYS_MAX, DELIVERIES_MAX, LOT_MAX, TERM_DAYS_MAX, Unit
from listings.products import Facts
from listings.registration import declaration
from listings.registration.declaration import STATEMENT_MAX
from listings.standard import ALL
from listings.vocabulary import CLASSES, INDUSTRIES, MODES, SECTORS, UPDATES
from marketplace.admission import act
from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int, Text
from marketplace.api.listings import FactsSchema, ReleaseSchema, releases
from marketplace.api.market import InstrumentSchema
from marketplace.api.orders import PlacedSchema
from marketplace.api.plans import PlanSchema
from marketplace.api.resource import PageQuery, Resource, at
from marketplace.language import translated_within
from marketplace.members.signing import me
from marketplace.pricing.changes import Rise, set_price
from marketplace.pricing.menus import of_menu
from marketplace.services import services
from marketplace.trading import reads
from marketplace.trading.orders import PRICE_MAX
from settlement import ids, statements
from settlement.money import AMOUNT_MAX, BY_CODE, DEFAULT
from settlement.store import Page

bp = Resource("vendor", __name__, "A vendor's products, from the draft to the price.")
VERSION_MAX = 2**31


class NewFactsSchema(Body):
    """What a vendor says of a product; a draft may be incomplete."""

    kind = Code(*CLASSES, required=True)
    title_zh = Text(products.TITLE_MAX, load_default="")
    title_en = Text(products.TITLE_MAX, load_default="")
    summary_zh = Text(products.SUMMARY_MAX, lines=True, load_default="")
    summary_en = Text(products.SUMMARY_MAX, lines=True, load_default="")
    description_zh = Text(products.TEXT_MAX, lines=True, load_default="")
    description_en = Text(products.TEXT_MAX, lines=True, load_default="")
    keywords = fields.List(Text(products.KEYWORD_MAX, least=1), load_default=[])
    sector = Code(*SECTORS, load_default=None, allow_none=True)
    industry = Code(*INDUSTRIES, load_default=None, allow_none=True)
    region = Text(12, load_default=None, allow_none=True)
    updates = Code(*UPDATES, load_default=None, allow_none=True)
    publisher = Text(products.SUMMARY_MAX, load_default="")
    publisher_url = Text(products.URL_MAX, load_default="")
    source_url = Text(products.URL_MAX, load_default="")
    coverage_from = Text(10, load_default=None, allow_none=True)
    coverage_until = Text(10, load_default=None, allow_none=True)
    row_count = Int(load_default=None, allow_none=True)
    size_bytes = Int(load_default=None, allow_none=True)
    dictionary = fields.List(fields.Dict(fields.String()), load_default=[])
    sample = fields.Dict(fields.String(), load_default=None, allow_none=True)
    rights_note = Text(products.TEXT_MAX, lines=True, load_default="")
    granularity = Text(products.GRANULARITY_MAX, load_default="")
    documentation_url = Text(products.URL_MAX, load_default="")
    support = Text(products.SUMMARY_MAX, lines=True, load_default="")
    extra = fields.Dict(fields.String(), load_default=None, allow_none=True)
    source_route = Code(*declaration.ROUTES, load_default=None, allow_none=True)
    source_statement = Text(STATEMENT_MAX, lines=True, load_default="")
    sensitivity = Code(*declaration.SENSITIVITIES, load_default=None, allow_none=True)
    personal = Code(*declaration.PERSONAL, load_default=None, allow_none=True)
    purpose = Text(STATEMENT_MAX, lines=True, load_default="")
    scene = Text(STATEMENT_MAX, lines=True, load_default="")
    rights = fields.Dict(
        Code(*declaration.RIGHTS),
        fields.Dict(Code(*declaration.CELLS), Text(declaration.CELL_MAX, lines=True)),
        load_default=None,
        allow_none=True,
        metadata={"description": "Who holds, may use and may operate; on what basis."},
    )

    @post_load
    def facts(self, data: dict[str, Any], **_: Any) -> Any:
        """Return the facts of the catalogue."""
        return facts_in(data)


class EditSchema(NewFactsSchema):
    """New facts in place of the version that they were written over."""

    version = Int(1, VERSION_MAX, required=True)

    @post_load
    def facts(self, data: dict[str, Any], **_: Any) -> Any:
        """Return the version and the facts."""
        return data.pop("version"), facts_in(data)


class UnitSchema(Body):
    """What is sold: a licence and a unit, under a symbol."""

    symbol = Text(32, least=2, required=True)
    licence = Text(
        80,
        least=2,
        required=True,
        metadata={"description": "The code of one of the exchange's or of your own."},
    )
    mode = Code(*MODES, required=True)
    currency = Currency(load_default=lambda: BY_CODE[DEFAULT].asset)
    tick = Int(1, AMOUNT_MAX, load_default=1)
    lot = Int(1, LOT_MAX, load_default=1)
    term_days = Int(1, TERM_DAYS_MAX, load_default=None, allow_none=True)
    deliveries_max = Int(1, DELIVERIES_MAX, load_default=None, allow_none=True)
    transferable = Flag(load_default=False)
    plan = fields.Nested(PlanSchema, load_default=None, allow_none=True)
    trial_of = Id("instrument", load_default=None, allow_none=True)
    acceptance_days = Int(0, DAYS_MAX, load_default=0)  # 0: settled at once
    delivery_days = Int(0, DAYS_MAX, load_default=0)


class ReasonSchema(Body):
    """Why something ends."""

    reason = Text(REASON_MAX, least=1, lines=True, required=True)


class PriceSchema(Body):
    """A posted price, in minor units for each unit."""

    price = Int(0, PRICE_MAX, required=True)


class RiseSchema(Schema):
    """A higher price that was announced, and when it holds."""

    instrument = Id("instrument", required=True)
    before = fields.Integer(required=True)
    price = fields.Integer(required=True)
    effective_us = fields.Integer(required=True)


class PostedSchema(Schema):
    """What became of a price: it stands, or it was announced."""

    placed = fields.Nested(PlacedSchema, required=True, allow_none=True)
    announced = fields.Nested(RiseSchema, required=True, allow_none=True)


class PartSchema(Schema):
    """A plan of the menu, bought so many times."""

    symbol = fields.String(required=True)
    copies = fields.Integer(required=True)


class FindingSchema(Schema):
    """A plan that costs more than a combination that serves it."""

    symbol = fields.String(required=True)
    price = fields.Integer(required=True)
    parts = fields.List(fields.Nested(PartSchema), required=True)
    cost = fields.Integer(required=True)
    saved = fields.Integer(required=True)


class MenuSchema(Schema):
    """What the lint of a price menu found."""

    findings = fields.List(fields.Nested(FindingSchema), required=True)
    unsearched = fields.List(fields.String(), required=True)


class ProductSummarySchema(Schema):
    """A product as a list shows it."""

    id = Id("product", required=True)
    vendor = Id("member", required=True)
    kind = Code(*CLASSES, required=True)
    state = fields.String(required=True)
    listing_state = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    changed_us = fields.Integer(required=True)


class ReviewSchema(Schema):
    """One step of a product or its listing."""

    at_us = fields.Integer(required=True)
    version = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    machine = fields.String(required=True)
    event = fields.String(required=True)
    state = fields.String(required=True)
    reasons = fields.Dict(fields.String(), fields.String(), required=True)


class ProductSchema(ProductSummarySchema):
    """A product with its newest facts, whatever its state."""

    facts = fields.Nested(FactsSchema, required=True)
    instruments = fields.List(fields.Nested(InstrumentSchema), required=True)
    releases = fields.List(fields.Nested(ReleaseSchema), required=True)
    reviews = fields.List(fields.Nested(ReviewSchema), required=True)
    lacking = fields.Dict(
        fields.String(),
        fields.List(fields.String()),
        required=True,
        metadata={"description": "What keeps it from a review, by field."},
    )


class IncomeSchema(Schema):
    """What was sold of one instrument."""

    instrument = Id("instrument", required=True)
    currency = Currency(required=True)
    trades = fields.Integer(required=True)
    units = fields.Integer(required=True)
    gross = fields.Integer(required=True)
    fee = fields.Integer(required=True)
    net = fields.Integer(required=True)


class IncomesSchema(Schema):
    """One line for each instrument."""

    data = fields.List(fields.Nested(IncomeSchema), required=True)


@bp.route("/products")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.lists(ProductSummarySchema)
def list_products(asked: dict[str, Any]) -> Page:
    """List the vendor's products, in any state."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        found = catalogue.products_of(db, me().member, asked["cursor"], limit + 1)
    return summaries(found, limit)


@bp.route("/products", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewFactsSchema)
@bp.creates(ProductSchema)
def draft_product(facts: Facts) -> Any:
    """Begin a product as a draft."""
    with services().writes.begin() as db:
        number = products.draft(db, me().member, facts, me().id)
    return _mine(number), at(f"/products/{ids.encode('product', number)}")


@bp.route("/products/<product>")
@bp.needs("vendor")
@bp.response(200, ProductSchema)
@bp.refuses(404)
def get_product(product: int) -> Any:
    """Read one of the vendor's products."""
    return _mine(product)


@bp.route("/products/<product>", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(EditSchema)
@bp.response(200, ProductSchema)
@bp.refuses(404, 409)
def edit_product(edited: tuple[int, Facts], product: int) -> Any:
    """Replace the facts; those of a registered product are handed in for review."""
    version, facts = edited
    with services().writes.begin() as db:
        admission.revise(db, own(product), facts, version, me())
    return _mine(product)


@bp.route("/products/<product>/submit", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, ProductSchema)
@bp.refuses(404, 409, 422)
def submit_product(product: int) -> Any:
    """Hand a product in for review; every problem is named at once."""
    act(services(), own(product), "submit", me())
    return _mine(product)


@bp.route("/products/<product>/instruments", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(UnitSchema)
@bp.creates(InstrumentSchema)
@bp.refuses(404)
def add_instrument(wanted: dict[str, Any], product: int) -> Any:
    """Add an instrument; it waits for admission."""
    own(product)
    with services().writes.begin() as db:
        chosen = licences.chosen(db, wanted.pop("licence"), me().member, ALL)
        number = instruments.add(db, product, Unit(licence=chosen, **wanted))
        made = instruments.get(db, number)
    return made, at(f"/instruments/{ids.encode('instrument', number)}")


@bp.route("/products/<product>/delist", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(ReasonSchema)
@bp.response(200, ProductSchema)
@bp.refuses(404, 409)
def delist_product(why: dict[str, str], product: int) -> Any:
    """Take a product off the market; rights already sold stay."""
    act(services(), own(product), "delist", me(), why["reason"])
    return _mine(product)


@bp.route("/instruments/<instrument>/price", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(PriceSchema)
@bp.response(200, PostedSchema)
@bp.refuses(404, 409)
def post_price(new: dict[str, int], instrument: int) -> Any:
    """Post a price: an offer that does not run out, in place of the one before.

    A rise of what is charged by use, term or seat is announced and holds later.
    """
    done = set_price(services(), me(), instrument, new["price"])
    placed = None if isinstance(done, Rise) else done
    return {"placed": placed, "announced": done if placed is None else None}


@bp.route("/products/<product>/menu")
@bp.needs("vendor")
@bp.response(200, MenuSchema)
@bp.refuses(404)
def check_menu(product: int) -> Any:
    """Check the posted prices: which plan do cheaper ones together undercut?"""
    with services().reads.connect() as db:
        catalogue.product(db, product, me().member)
        units = catalogue.instruments_of(db, product)
        posted = reads.posted_prices(db, [unit.id for unit in units])
    found = of_menu(units, posted)
    return {
        "findings": [
            {
                "symbol": finding.item.name,
                "price": finding.item.price,
                "parts": [
                    {"symbol": part.name, "copies": copies}
                    for part, copies in finding.parts
                ],
                "cost": finding.cost,
                "saved": finding.saved,
            }
            for finding in found.findings
        ],
        "unsearched": list(found.unsearched),
    }


@bp.route("/income")
@bp.needs("vendor")
@bp.response(200, IncomesSchema)
def get_income() -> Any:
    """Read what was sold and what the fee took."""
    with services().reads.connect() as db:
        return {"data": statements.income_of(db, me().member)}


def facts_in(data: dict[str, Any]) -> Facts:
    """Return the facts that a body describes."""
    lists = {name: tuple(data[name]) for name in ("keywords", "dictionary")}
    return Facts(**(data | lists))


def summaries(found: list[Any], limit: int) -> Page:
    """Return a page of *found*, of which one more than *limit* was asked for."""
    more = len(found) > limit
    kept = found[:limit]
    return Page(kept, kept[-1].id if more else None)


def described(db: Any, number: int, vendor: int | None = None) -> dict[str, Any]:
    """Return a product in any state with all that belongs to it."""
    found = catalogue.product(db, number, vendor)
    row = products.find(db, number)
    return found._asdict() | {
        "facts": products.facts_of(row),
        "instruments": catalogue.instruments_of(db, number),
        "releases": releases(db, found, final=False),
        "reviews": catalogue.reviews_of(db, number),
        "lacking": translated_within(admission.problems(db, row)),
    }


def _mine(number: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        return described(db, number, me().member)


def own(product: int) -> int:
    """Return the number of a product of the vendor's own; NotFound for another's."""
    with services().reads.connect() as db:
        return catalogue.product(db, product, me().member).id
