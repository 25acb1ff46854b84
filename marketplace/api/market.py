"""The market in public: instruments, their books, trades and candles; the fees."""

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import Connection

from listings import instruments, visibility
from listings.instruments import Instrument
from listings.publicdata import USE_CLASSES
from listings.vocabulary import MODES
from marketplace.api.fields import Code, Currency, Digits, Flag, Id
from marketplace.api.licences import LicenceFactsSchema, LicenceSchema
from marketplace.api.plans import PlanSchema
from marketplace.api.resource import PageQuery, Resource
from marketplace.members.signing import me
from marketplace.pricing import fairness
from marketplace.services import services
from marketplace.trading import reads, tape
from marketplace.trading.candles import MONTH, candles
from marketplace.trading.kept import KEPT_US
from marketplace.trading.orders import Side
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import Page

bp = Resource("market", __name__, "Instruments, books, trades and candles, in public.")

WIDTHS = {
    "minute": clock.MINUTE_US,
    "hour": clock.HOUR_US,
    "day": clock.DAY_US,
    "week": 7 * clock.DAY_US,
    "month": MONTH,
}
HOURS_MAX = 24 * 366
NO_PRICES = reads.Best(None, None)


class InstrumentSchema(Schema):
    """What is traded: a product under a licence, in a unit."""

    id = Id("instrument", required=True)
    symbol = fields.String(required=True)
    product = Id("product", required=True)
    vendor = Id("member", required=True)
    currency = Currency(required=True)
    tick = fields.Integer(required=True)
    lot = fields.Integer(required=True)
    mode = Code(*MODES, required=True)
    term_days = fields.Integer(required=True, allow_none=True)
    deliveries_max = fields.Integer(required=True, allow_none=True)
    transferable = Flag(required=True)
    plan = fields.Nested(PlanSchema, required=True, allow_none=True)
    trial_of = Id("instrument", required=True, allow_none=True)
    acceptance_days = fields.Integer(
        required=True,
        metadata={"description": "Working days to accept; 0: settled at once."},
    )
    delivery_days = fields.Integer(required=True)
    use_class = Code(*USE_CLASSES, required=True, allow_none=True)
    ceiling = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Of public data: the most that it may cost."},
    )
    state = Code("pending", "listed", "suspended", "delisted", required=True)
    licence = fields.Nested(LicenceFactsSchema, required=True)


class QuotedSchema(InstrumentSchema):
    """An instrument with its prices now; null where nobody waits."""

    bid = fields.Integer(required=True, allow_none=True)
    offer = fields.Integer(required=True, allow_none=True)
    last = fields.Integer(required=True, allow_none=True)
    posted = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The vendor's price, which does not run out."},
    )


class FullInstrumentSchema(QuotedSchema):
    """An instrument with the text of its licence."""

    licence = fields.Nested(LicenceSchema, required=True)


class LevelSchema(Schema):
    """What waits at one price."""

    price = fields.Integer(required=True)
    quantity = fields.Integer(
        required=True, metadata={"description": "Of the orders that run out."}
    )
    orders = fields.Integer(required=True)
    evergreen = fields.Integer(
        required=True, metadata={"description": "Orders that do not run out."}
    )


class BookSchema(Schema):
    """Both sides of a book, the best price first."""

    bids = fields.List(fields.Nested(LevelSchema), required=True)
    offers = fields.List(fields.Nested(LevelSchema), required=True)


class PrintSchema(Schema):
    """A trade as the public tape tells it: late, and without names."""

    id = Id("trade", attribute="trade", required=True)
    at_us = fields.Integer(required=True, metadata={"description": "To the minute."})
    price = fields.Integer(required=True)
    quantity = fields.Integer(
        required=True, metadata={"description": "At least so much was traded."}
    )
    currency = Currency(required=True)
    taker = Code(*Side, required=True)


class CandleSchema(Schema):
    """The prices of one interval, and what was traded in it."""

    begins_us = fields.Integer(required=True)
    open = fields.Integer(required=True)
    high = fields.Integer(required=True)
    low = fields.Integer(required=True)
    close = fields.Integer(required=True)
    volume = fields.Integer(required=True)
    turnover = fields.Integer(required=True)
    trades = fields.Integer(required=True)


class TapeRuleSchema(Schema):
    """When a trade is told to the public; its parties see it at once."""

    delay_s = fields.Integer(required=True)
    parties = fields.Integer(
        required=True,
        metadata={"description": "That traded in the instrument in the week, UTC."},
    )
    large_value = fields.Integer(
        required=True, metadata={"description": "Minor units; from here on later."}
    )
    large_delay_s = fields.Integer(required=True)
    sizes = fields.List(
        fields.Integer,
        required=True,
        metadata={"description": "Told is the greatest that the quantity reaches."},
    )


class CandlesSchema(Schema):
    """Candles, the earliest first."""

    data = fields.List(fields.Nested(CandleSchema), required=True)


class TurnoverSchema(Schema):
    """What was traded in one currency."""

    currency = Currency(required=True)
    value = fields.Integer(required=True)
    trades = fields.Integer(required=True)


class GlanceSchema(Schema):
    """The market in a few numbers."""

    trades = fields.Integer(required=True)
    instruments = fields.Integer(required=True)
    orders = fields.Integer(required=True)
    members = fields.Integer(required=True)
    turnover = fields.List(fields.Nested(TurnoverSchema), required=True)


class HoursQuery(Schema):
    """How far back."""

    hours = Digits(1, HOURS_MAX, load_default=24)


class DepthQuery(Schema):
    """How many price levels of each side."""

    depth = Digits(1, reads.DEPTH_MAX, load_default=10)


class CandlesQuery(Schema):
    """Which intervals; the latest 2,000 with trades are answered."""

    width = Code(*WIDTHS, load_default="day")
    from_us = Digits(load_default=0)
    until_us = Digits(load_default=None)


@bp.route("/market")
@bp.arguments(HoursQuery, location="query")
@bp.response(200, GlanceSchema)
def glance(asked: dict[str, int]) -> Any:
    """See the market at a glance: trades of the last hours, the rest as of now."""
    since_us = clock.now_us() - asked["hours"] * clock.HOUR_US
    with services().reads.connect() as db:
        seen = reads.glance(db, since_us)._asdict()
        return seen | {"turnover": reads.turnover(db, since_us)}


@bp.route("/instruments/<instrument>")
@bp.response(200, FullInstrumentSchema)
@bp.refuses(404)
def get_instrument(instrument: int) -> Any:
    """Read an instrument with its licence and its prices now."""
    with services().reads.connect() as db:
        return quoted(db, [_admitted(db, instruments.get(db, instrument))])[0]


@bp.route("/symbols/<symbol>")
@bp.response(200, FullInstrumentSchema)
@bp.refuses(404)
def get_symbol(symbol: str) -> Any:
    """Read the instrument with a symbol."""
    with services().reads.connect() as db:
        return quoted(db, [_admitted(db, instruments.by_symbol(db, symbol))])[0]


class QuoteSchema(Schema):
    """A posted price that holds for who names it, even if it rises meanwhile."""

    quote = Id("order", required=True)
    price = fields.Integer(required=True)
    until_us = fields.Integer(required=True, metadata={"description": "At least."})


class ComparableSchema(Schema):
    """An instrument of another vendor that counts, and how it is alike."""

    instrument = Id("instrument", attribute="facts.instrument", required=True)
    symbol = fields.String(attribute="facts.symbol", required=True)
    price = fields.Integer(
        required=True, metadata={"description": "Its median, for the same term."}
    )
    trades = fields.Integer(required=True)
    at_us = fields.Integer(required=True)
    like = fields.List(Code(*fairness.FACTS), required=True)


class BandSchema(Schema):
    """What comparable rights were sold for; the method is on the help page."""

    low = fields.Integer(required=True)
    high = fields.Integer(required=True)
    instruments = fields.Integer(required=True)
    vendors = fields.Integer(required=True)
    shown = fields.List(fields.Nested(ComparableSchema), required=True)


class FairValueSchema(Schema):
    """The band, or null below the minimum sample."""

    band = fields.Nested(BandSchema, required=True, allow_none=True)


@bp.route("/instruments/<instrument>/fair-value")
@bp.response(200, FairValueSchema)
@bp.refuses(404)
def get_fair_value(instrument: int) -> Any:
    """Read what comparable rights of other vendors were sold for in the last year."""
    with services().reads.connect() as db:
        visible_book(db, instrument)
        found = fairness.bands(db, [instrument], clock.now_us())
    return {"band": found.get(instrument)}


@bp.route("/instruments/<instrument>/book")
@bp.arguments(DepthQuery, location="query")
@bp.response(200, BookSchema)
@bp.refuses(404)
def get_book(asked: dict[str, int], instrument: int) -> Any:
    """Read the price levels of a book."""
    with services().reads.connect() as db:
        visible_book(db, instrument)
        return reads.levels(db, instrument, asked["depth"])


@bp.route("/instruments/<instrument>/quote")
@bp.response(200, QuoteSchema)
@bp.refuses(404)
def get_quote(instrument: int) -> Any:
    """Read the posted price; an order that names it is served at it until its moment.

    NotFound where no posted price is the best offer.
    """
    with services().reads.connect() as db:
        visible_book(db, instrument)
        found = reads.quote(db, instrument)
    if found is None:
        raise NotFound("price", encode("instrument", instrument))
    until_us = clock.now_us() + KEPT_US
    return {"quote": found.id, "price": found.price, "until_us": until_us}


@bp.route("/instruments/<instrument>/trades")
@bp.arguments(PageQuery, location="query")
@bp.lists(PrintSchema)
@bp.refuses(404)
def list_prints(asked: dict[str, Any], instrument: int) -> Page:
    """List the trades in an instrument that the public tape tells."""
    with services().reads.connect() as db:
        visible_book(db, instrument)
        return reads.trades_of_instrument(
            db, instrument, asked["cursor"], asked["limit"]
        )


@bp.route("/tape")
@bp.response(200, TapeRuleSchema)
def get_tape_rule() -> Any:
    """Read by which rule trades are told to the public."""
    rule = services().config.tape
    return {
        "delay_s": rule.delay_us // clock.SECOND_US,
        "parties": rule.parties,
        "large_value": rule.large_value,
        "large_delay_s": rule.large_delay_us // clock.SECOND_US,
        "sizes": tape.SIZES,
    }


@bp.route("/instruments/<instrument>/candles")
@bp.arguments(CandlesQuery, location="query")
@bp.response(200, CandlesSchema)
@bp.refuses(404)
def list_candles(asked: dict[str, Any], instrument: int) -> Any:
    """Read the candles of an instrument."""
    until_us = asked["until_us"] or clock.now_us() + 1
    with services().reads.connect() as db:
        visible_book(db, instrument)
        width_us = WIDTHS[asked["width"]]
        found = candles(db, instrument, width_us, asked["from_us"], until_us)
    return {"data": found}


def quoted(db: Any, units: list[Instrument]) -> list[dict[str, Any]]:
    """Return *units* with their prices now."""
    numbers = [unit.id for unit in units]
    best, last = reads.best(db, numbers), reads.last_prices(db, numbers)
    posted = reads.posted_prices(db, numbers)
    return [
        unit._asdict()
        | best.get(unit.id, NO_PRICES)._asdict()
        | {"last": last.get(unit.id), "posted": posted.get(unit.id)}
        for unit in units
    ]


def visible_book(db: Connection, instrument: int) -> None:
    """Refuse as unknown a book that the asker may not see, or that is not there."""
    reads.book(db, instrument)
    visibility.check_instrument(db, instrument, me().member)


def _admitted(db: Connection, unit: Instrument) -> Instrument:
    """Refuse an instrument that the market or the asker may not see."""
    seen = visibility.may_see(db, unit.product, me().member)
    if unit.state == "pending" or not seen:
        raise NotFound("instrument", encode("instrument", unit.id))
    return unit
