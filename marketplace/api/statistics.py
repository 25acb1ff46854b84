"""Statistics: published questions with definition and SQL text, and their figures."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_dump

from listings import visibility
from listings.marking import N_
from marketplace.api.fields import Code, Digits, Id
from marketplace.api.market import WIDTHS
from marketplace.api.resource import Resource
from marketplace.dimensions import DIMENSIONS
from marketplace.disclosed import ask_publicly
from marketplace.indices import index_of, newest_weights
from marketplace.members.signing import me
from marketplace.services import services
from settlement.errors import Invalid
from settlement.money import BY_CODE, DEFAULT
from settlement.statistics import publications
from settlement.statistics.questions import (
    MONTH,
    YEAR,
    Figures,
    ask,
    question,
    questions,
)

bp = Resource("statistics", __name__, "Questions about the market, and the figures.")
TOP_MAX = 1_000
DIMENSIONS_MAX = 2  # that the public may ask by at once
GRAINS = {"month": MONTH, "year": YEAR}
NOT_A_MONTH = N_("Give a month, for example 2026-12.")
NOT_BY = N_("This question cannot be asked by that.")
# Two answers that add up periods of the asker's choice could be subtracted from each
# other, and give away a figure that was withheld: only staff choose them. Of published
# months some are shown, each as it was published.
SPANS = frozenset({"width", "from_us", "until_us", "top"})
MONTHS = ("from_month", "until_month")
NOT_ASKED = N_("This question has no such parameter.")


class Month(fields.String):
    """A month of the calendar in China's time zone, ``2026-12``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **more))
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII):
            raise ValidationError(NOT_A_MONTH)
        return text


class By(fields.String):
    """Dimensions, separated by commas: ``class,sector``; empty: none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        text = str(super()._deserialize(value, attr, data, **more))
        names = tuple(name for name in text.split(",") if name)
        if any(name not in DIMENSIONS for name in names):
            raise ValidationError(NOT_BY)
        return names


class FiguresQuery(Schema):
    """The parameters of questions; each question has some of them."""

    by = By(metadata={"description": "Dimensions, separated by commas: class,sector"})
    per = Code(*GRAINS, data_key="per")
    from_month = Month()
    until_month = Month()
    top = Digits(1, TOP_MAX)
    instrument = Id("instrument")
    width_us = Code(*WIDTHS, data_key="width")
    from_us = Digits()
    until_us = Digits()


class QuestionSchema(Schema):
    """A question; the hash is that of its whole text."""

    code = fields.String(required=True)
    indicator = fields.String(required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    definition_zh = fields.String(required=True)
    definition_en = fields.String(required=True)
    unit_zh = fields.String(required=True)
    unit_en = fields.String(required=True)
    source = fields.String(required=True)
    parameters = fields.List(fields.String(), required=True)
    dimensions = fields.List(fields.String(), required=True)
    measures = fields.List(fields.String(), required=True)
    disclosure = fields.String(required=True)
    published = fields.String(
        required=True,
        metadata={"description": "all, final (of months that are over), live (now)"},
    )
    sql = fields.String(required=True)
    sha256 = fields.String(required=True)


class QuestionsSchema(Schema):
    """All questions, in order of their codes."""

    data = fields.List(fields.Nested(QuestionSchema), required=True)


class VintageSchema(Schema):
    """A publication: which records of the journal it counts."""

    id = Id("publication", required=True)
    period = fields.String(required=True)
    last_day = fields.String(required=True)
    vintage = fields.Integer(required=True)
    position = fields.Integer(attribute="seq", required=True)
    head = fields.String(required=True)
    release_us = fields.Integer(required=True)
    reason = fields.String(
        required=True, metadata={"description": "Of a revision; empty for the first."}
    )
    sha256 = fields.String(required=True)


class FiguresSchema(Schema):
    """The answer to a question, and all that is needed to repeat it."""

    question = fields.Nested(QuestionSchema, required=True)
    by = fields.List(fields.String(), required=True)
    parameters = fields.Dict(required=True)
    position = fields.Integer(
        required=True,
        metadata={"description": "Journal number up to which trades are counted."},
    )
    withheld = fields.Integer(
        required=True, metadata={"description": "Cells that rest on too few parties."}
    )
    publications = fields.List(
        fields.Nested(VintageSchema),
        required=True,
        metadata={"description": "Of which the months are; none: market data."},
    )
    simulated = fields.Boolean(
        required=True,
        metadata={"description": "Whether a program made the market up."},
    )
    data = fields.List(
        fields.Dict(),
        required=True,
        metadata={"description": "Rows by column; withheld figures are null."},
    )

    @pre_dump
    def name_columns(self, figures: Figures, **_: Any) -> dict[str, Any]:
        """Return the rows by column name; days as text."""
        rows = [
            {
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in zip(figures.columns, row, strict=True)
            }
            for row in figures.rows
        ]
        simulated = services().warehouse.manifest().simulated
        with services().reads.connect() as db:
            sources = publications.numbered(db, figures.sources)
        return figures._asdict() | {
            "data": rows,
            "simulated": simulated,
            "publications": sources,
        }


@bp.route("/statistics")
@bp.response(200, QuestionsSchema)
def list_questions() -> Any:
    """List the questions."""
    return {"data": questions().values()}


class IndexQuery(Schema):
    """By what the indices are told apart, in which currency."""

    by = Code("class", "sector", load_default="class")
    currency = Code(*BY_CODE, load_default=DEFAULT)


class IndexLevelSchema(Schema):
    """The indices at a week, from 1000 at the first one."""

    week = fields.Integer(required=True, metadata={"description": "Its Monday, _us."})
    laspeyres = fields.Float(required=True)
    fisher = fields.Float(required=True)
    activity = fields.Float(required=True)
    common = fields.Integer(
        required=True, metadata={"description": "Instruments in the link."}
    )
    members = fields.Integer(required=True)


class IndexWeightSchema(Schema):
    """A constituent of the newest week; without a symbol if it is not public."""

    symbol = fields.String(required=True, allow_none=True)
    share = fields.Float(required=True)
    price = fields.Float(required=True)
    before = fields.Float(required=True, allow_none=True)


class PriceIndicesSchema(Schema):
    """The indices of the whole market ("") and of each group; the newest weights."""

    position = fields.Integer(required=True)
    levels = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Nested(IndexLevelSchema)),
        required=True,
    )
    weights = fields.List(fields.Nested(IndexWeightSchema), required=True)


@bp.route("/statistics/indices")
@bp.arguments(IndexQuery, location="query")
@bp.response(200, PriceIndicesSchema)
def get_indices(asked: dict[str, Any]) -> Any:
    """Read the weekly price and activity indices, with constituents and weights."""
    found = index_of(services(), asked["currency"], asked["by"])
    with services().reads.connect() as db:
        hidden = visibility.hidden_instruments(db)
    weighed = newest_weights(found, hidden)
    return {
        "position": found.figures.position,
        "levels": found.levels,
        "weights": [one._asdict() | {"symbol": symbol} for one, symbol in weighed],
    }


@bp.route("/statistics/<code>")
@bp.arguments(FiguresQuery, location="query")
@bp.response(200, FiguresSchema)
@bp.refuses(404)
def ask_question(asked: dict[str, Any], code: str) -> Any:
    """Answer a question in the published months; withheld figures are null."""
    return answer(code, asked, public=True)


def answer(code: str, asked: Mapping[str, Any], *, public: bool) -> Figures:
    """Return the figures of a question; Invalid names parameters that it has not.

    A *public* question adds up no period of the asker's, and is asked by few dimensions
    at once: see `SPANS`.
    """
    given = dict(asked)
    if "per" in given:
        given["width"] = GRAINS[given.pop("per")]
    by = given.pop("by", None)
    problems = dict(_problems(code, given, by, public=public))
    if problems:
        raise Invalid(problems)
    if "width_us" in given:
        given["width_us"] = WIDTHS[given["width_us"]]
    if public and "instrument" in given:
        with services().reads.connect() as db:
            visibility.check_instrument(db, given["instrument"], me().member)
    if public:
        first, last = (given.pop(name, "") for name in MONTHS)
        found = ask_publicly(services(), code, by=by, **given)
        return of_months(found, first, last)
    return ask(services().warehouse, code, by=by, **given)


def of_months(found: Figures, first: str, last: str) -> Figures:
    """Return the rows from a month to another, both in it; empty: no end there."""
    if "period" not in found.columns or not (first or last):
        return found
    at = found.columns.index("period")
    rows = [r for r in found.rows if (first or r[at]) <= r[at] <= (last or r[at])]
    return found._replace(rows=rows)


def _problems(
    code: str,
    given: Mapping[str, Any],
    by: tuple[str, ...] | None,
    *,
    public: bool,
) -> Iterator[tuple[str, list[str]]]:
    known = question(code)
    allowed = known.parameters.keys() - (SPANS if public else frozenset())
    for name in sorted(given.keys() - allowed):
        yield ("per" if name == "width" else name), [NOT_ASKED]
    beyond = public and len(by or ()) > DIMENSIONS_MAX
    if by is not None and (beyond or not set(by) <= set(known.dimensions)):
        yield "by", [NOT_BY]
