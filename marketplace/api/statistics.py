"""Statistics: published questions with definition and SQL text, and their figures."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_dump

from listings import visibility
from marketplace.api.fields import Code, Digits, Id
from marketplace.api.market import WIDTHS
from marketplace.api.resource import Resource
from marketplace.disclosed import ask_publicly
from marketplace.language import N_
from marketplace.members.signing import me
from marketplace.services import services
from settlement.errors import Invalid
from settlement.statistics.questions import Figures, ask, question, questions

bp = Resource("statistics", __name__, "Questions about the market, and the figures.")
TOP_MAX = 1_000
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NOT_A_DAY = N_("Give a day, for example 2026-12-31.")
# Two answers over periods of the asker's choice could be subtracted from each other,
# and give away a figure that was withheld: only staff choose them.
PERIODS = frozenset({"from_day", "until_day", "from_us", "until_us"})
NOT_ASKED = N_("This question has no such parameter.")


class Day(fields.String):
    """A day of the calendar in China's time zone, ``2026-12-31``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **more))
        try:
            if not DAY.fullmatch(text):
                raise ValidationError(NOT_A_DAY)
            date.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(NOT_A_DAY) from error
        return text


class FiguresQuery(Schema):
    """The parameters of questions; each question has some of them."""

    from_day = Day(metadata={"format": "date"})
    until_day = Day(metadata={"format": "date"})
    top = Digits(1, TOP_MAX)
    instrument = Id("instrument")
    width_us = Code(*WIDTHS, data_key="width")
    from_us = Digits()
    until_us = Digits()


class QuestionSchema(Schema):
    """A question; the hash is that of its whole text."""

    code = fields.String(required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    definition_zh = fields.String(required=True)
    definition_en = fields.String(required=True)
    unit = fields.String(required=True)
    parameters = fields.List(fields.String(), required=True)
    sql = fields.String(required=True)
    sha256 = fields.String(required=True)


class QuestionsSchema(Schema):
    """All questions, in order of their codes."""

    data = fields.List(fields.Nested(QuestionSchema), required=True)


class FiguresSchema(Schema):
    """The answer to a question, and all that is needed to repeat it."""

    question = fields.Nested(QuestionSchema, required=True)
    parameters = fields.Dict(required=True)
    position = fields.Integer(
        required=True,
        metadata={"description": "Journal number up to which trades are counted."},
    )
    withheld = fields.Integer(
        required=True, metadata={"description": "Cells that rest on too few parties."}
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
        return figures._asdict() | {"data": rows}


@bp.route("/statistics")
@bp.response(200, QuestionsSchema)
def list_questions() -> Any:
    """List the questions."""
    return {"data": questions().values()}


@bp.route("/statistics/<code>")
@bp.arguments(FiguresQuery, location="query")
@bp.response(200, FiguresSchema)
@bp.refuses(404)
def ask_question(asked: dict[str, Any], code: str) -> Any:
    """Answer a question; figures that rest on too few parties are withheld."""
    return answer(code, asked, public=True)


def answer(code: str, asked: Mapping[str, Any], *, public: bool) -> Figures:
    """Return the figures of a question; Invalid names parameters that it has not.

    A *public* question has no period: see `PERIODS`.
    """
    known = question(code).parameters.keys() - (PERIODS if public else frozenset())
    unknown = asked.keys() - known
    if unknown:
        raise Invalid({name: [NOT_ASKED] for name in sorted(unknown)})
    given = dict(asked)
    if "width_us" in given:
        given["width_us"] = WIDTHS[given["width_us"]]
    if public and "instrument" in given:
        with services().reads.connect() as db:
            visibility.check_instrument(db, given["instrument"], me().member)
    if public:
        return ask_publicly(services(), code, **given)
    return ask(services().warehouse, code, public=False, **given)
