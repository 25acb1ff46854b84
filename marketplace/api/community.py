"""What members say of listings in public, what they follow, and vendors' scorecards."""

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import Connection

from listings import catalogue
from marketplace.api.fields import Body, Id, Int, Text
from marketplace.api.products import summaries
from marketplace.api.resource import TRADERS, PageQuery, Resource
from marketplace.community import buyers, questions, ratings, scorecards, watches
from marketplace.community.buyers import Marks
from marketplace.members import organisations
from marketplace.members.signing import me
from marketplace.services import services
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import Page

bp = Resource(
    "community", __name__, "Reviews, public questions, following, scorecards."
)


class RatingSchema(Schema):
    """What the buyer of a settled trade says, and the vendor's reply."""

    id = Id("rating", required=True)
    product = Id("product", required=True)
    quality = fields.Integer(required=True)
    accuracy = fields.Integer(required=True)
    support = fields.Integer(required=True)
    text = fields.String(required=True)
    at_us = fields.Integer(required=True)
    open_us = fields.Integer(
        required=True, metadata={"description": "Since when others may read it."}
    )
    reply = fields.String(required=True)
    reply_us = fields.Integer(required=True, allow_none=True)


class NewRatingSchema(Body):
    """Points from 1 (bad) to 5 (good), and words."""

    quality = Int(1, ratings.BEST, required=True)
    accuracy = Int(1, ratings.BEST, required=True)
    support = Int(1, ratings.BEST, required=True)
    text = Text(ratings.TEXT_MAX, lines=True, load_default="")


class MarksSchema(Body):
    """What a vendor thinks of a buyer, 1 (bad) to 5 (good), and words."""

    clarity = Int(1, ratings.BEST, required=True)
    conduct = Int(1, ratings.BEST, required=True)
    text = Text(ratings.TEXT_MAX, lines=True, load_default="")


class BuyerRatingSchema(Schema):
    """What was said of the buyer of a trade."""

    trade = Id("trade", required=True)
    clarity = fields.Integer(required=True)
    conduct = fields.Integer(required=True)
    text = fields.String(required=True)
    at_us = fields.Integer(required=True)
    open_us = fields.Integer(required=True)


class ReplySchema(Body):
    """What the vendor replies."""

    reply = Text(ratings.TEXT_MAX, least=1, lines=True, required=True)


class PublicQuestionSchema(Schema):
    """A question about a listing, and its vendor's answer."""

    id = Id("question", required=True)
    product = Id("product", required=True)
    text = fields.String(required=True)
    at_us = fields.Integer(required=True)
    answer = fields.String(required=True)
    answered_us = fields.Integer(required=True, allow_none=True)


class NewQuestionSchema(Body):
    """What is asked in public."""

    text = Text(questions.TEXT_MAX, least=1, lines=True, required=True)


class AnswerSchema(Body):
    """What the vendor answers."""

    answer = Text(questions.TEXT_MAX, least=1, lines=True, required=True)


class FollowedSchema(Schema):
    """What the member follows, newest first."""

    products = fields.List(Id("product"), required=True)
    vendors = fields.List(Id("member"), required=True)


class KeptWordSchema(Schema):
    """A share in per cent or a time in hours; null while it rests on too few cases."""

    name = fields.String(required=True)
    value = fields.Integer(required=True, allow_none=True)
    cases = fields.Integer(required=True)


class VendorSchema(Schema):
    """A vendor and how it has kept its word over the last year, as measured."""

    id = Id("member", required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    followers = fields.Integer(required=True)
    measures = fields.List(fields.Nested(KeptWordSchema), required=True)


# ── reviews ──


@bp.route("/listings/<product>/reviews")
@bp.arguments(PageQuery, location="query")
@bp.lists(RatingSchema)
@bp.refuses(404)
def list_reviews(asked: dict[str, Any], product: int) -> Page:
    """List the reviews of a listing, newest first."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        catalogue.listing(db, product, me().member)
        found = ratings.of_product(db, product, asked["cursor"], limit + 1)
    return summaries(found, limit)


@bp.route("/trades/<trade>/review", methods=["PUT"])
@bp.needs(*TRADERS)
@bp.arguments(NewRatingSchema)
@bp.response(200, RatingSchema)
@bp.refuses(404)
def review_trade(said: dict[str, Any], trade: int) -> Any:
    """Review a settled purchase, or replace the review; a reply to the old one ends."""
    scores = ratings.Scores(*(said[name] for name in ratings.SCORES))
    with services().writes.begin() as db:
        return ratings.get(db, ratings.rate(db, trade, scores, said["text"], me()))


@bp.route("/trades/<trade>/buyer-review", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(MarksSchema)
@bp.response(200, BuyerRatingSchema)
@bp.refuses(404, 409)
def review_buyer(said: dict[str, Any], trade: int) -> Any:
    """Rate the buyer of a settled sale; blind until both sides have spoken."""
    marks = Marks(said["clarity"], said["conduct"])
    with services().writes.begin() as db:
        buyers.rate(db, trade, marks, said["text"], me())
        return buyers.of_trade(db, trade)


@bp.route("/ratings/<rating>/reply", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(ReplySchema)
@bp.response(200, RatingSchema)
@bp.refuses(404)
def reply_to_review(said: dict[str, str], rating: int) -> Any:
    """Reply to a review of the vendor's own product, or replace the reply."""
    with services().writes.begin() as db:
        ratings.reply(db, rating, said["reply"], me())
        return ratings.get(db, rating)


# ── questions ──


@bp.route("/listings/<product>/questions")
@bp.arguments(PageQuery, location="query")
@bp.lists(PublicQuestionSchema)
@bp.refuses(404)
def list_public_questions(asked: dict[str, Any], product: int) -> Page:
    """List the questions about a listing with their answers, newest first."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        catalogue.listing(db, product, me().member)
        found = questions.of_product(
            db, product, before=asked["cursor"], limit=limit + 1
        )
    return summaries(found, limit)


@bp.route("/listings/<product>/questions", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewQuestionSchema)
@bp.response(201, PublicQuestionSchema)
@bp.refuses(404)
def ask_in_public(said: dict[str, str], product: int) -> Any:
    """Ask the vendor of a listing in public."""
    with services().writes.begin() as db:
        return questions.get(db, questions.ask(db, product, said["text"], me()))


@bp.route("/questions/<question>/answer", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(AnswerSchema)
@bp.response(200, PublicQuestionSchema)
@bp.refuses(404)
def answer_in_public(said: dict[str, str], question: int) -> Any:
    """Answer a question about the vendor's own product, or replace the answer."""
    with services().writes.begin() as db:
        questions.answer(db, question, said["answer"], me())
        return questions.get(db, question)


# ── following, scorecards ──


@bp.route("/follows")
@bp.needs(*TRADERS)
@bp.response(200, FollowedSchema)
def list_followed() -> Any:
    """List the products and vendors that the member follows."""
    with services().reads.connect() as db:
        return _followed(db)


@bp.route("/listings/<product>/follow", methods=["PUT"])
@bp.needs(*TRADERS)
@bp.response(200, FollowedSchema)
@bp.refuses(404)
def follow_listing(product: int) -> Any:
    """Follow a listing: notices tell of its releases and changes."""
    with services().writes.begin() as db:
        watches.follow(db, me().member, watches.PRODUCT, product)
        return _followed(db)


@bp.route("/listings/<product>/follow", methods=["DELETE"])
@bp.needs(*TRADERS)
@bp.response(200, FollowedSchema)
@bp.refuses(404)
def unfollow_listing(product: int) -> Any:
    """Follow a listing no longer."""
    with services().writes.begin() as db:
        watches.unfollow(db, me().member, watches.PRODUCT, product)
        return _followed(db)


@bp.route("/vendors/<member>/follow", methods=["PUT"])
@bp.needs(*TRADERS)
@bp.response(200, FollowedSchema)
@bp.refuses(404)
def follow_vendor(member: int) -> Any:
    """Follow a vendor: notices tell of the releases and changes of all it lists."""
    with services().writes.begin() as db:
        watches.follow(db, me().member, watches.VENDOR, member)
        return _followed(db)


@bp.route("/vendors/<member>/follow", methods=["DELETE"])
@bp.needs(*TRADERS)
@bp.response(200, FollowedSchema)
@bp.refuses(404)
def unfollow_vendor(member: int) -> Any:
    """Follow a vendor no longer."""
    with services().writes.begin() as db:
        watches.unfollow(db, me().member, watches.VENDOR, member)
        return _followed(db)


@bp.route("/vendors/<member>")
@bp.response(200, VendorSchema)
@bp.refuses(404)
def get_vendor(member: int) -> Any:
    """Read a vendor's scorecard."""
    with services().reads.connect() as db:
        found = organisations.get(db, member)
        if not found.vendor or found.state != "verified":
            raise NotFound("member", encode("member", member))
        return {
            "id": member,
            "name_zh": found.name_zh,
            "name_en": found.name_en,
            "followers": watches.count(db, watches.VENDOR, member),
            "measures": scorecards.of_vendor(db, member),
        }


def _followed(db: Connection) -> dict[str, list[int]]:
    return {
        f"{kind}s": watches.followed(db, me().member, kind) for kind in watches.KINDS
    }
