"""Compare up to four listings: one row a fact, differences marked."""

from typing import Any, NamedTuple

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.catalogue import either
from listings.licences import PURPOSES, USES
from marketplace import comparison, formatting
from marketplace.comparison import SEATS_MAX, SIDES_MAX, Last, Side
from marketplace.language import language
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.codes import code_name, in_language
from marketplace.web.forms import Form, Whole, again, choice, read
from settlement import ids

bp = Blueprint("compare", __name__)
DASH = "–"


class NeedForm(Form):
    """What the visitor needs it for, and for how many people."""

    purpose = choice(PURPOSES, needed=False)
    seats = Whole(1, SEATS_MAX, load_default=1)


class Row(NamedTuple):
    """One fact of every side; *differs* if they do not all say the same."""

    label: str
    values: list[Any]

    @property
    def differs(self) -> bool:
        """Tell whether the sides differ."""
        return len({str(value) for value in self.values}) > 1


def nothing() -> ResponseReturnValue:
    """Show the page without a table, with what is wrong."""
    return render_template(
        "compare/compare.html", sides=[], groups=[], purposes=PURPOSES, numbers=[]
    )


@bp.get("/compare")
@again(nothing)
def show() -> ResponseReturnValue:
    """Show the chosen listings side by side."""
    need = read(NeedForm(), request.args)
    chosen = list(dict.fromkeys(request.args.getlist("id")))[:SIDES_MAX]
    numbers = [ids.decode("product", text) for text in chosen]
    with services().reads.connect() as db:
        sides = comparison.compare(
            db, numbers, me().member, need["purpose"], need["seats"]
        )
    return render_template(
        "compare/compare.html",
        sides=sides,
        groups=_groups(sides),
        purposes=PURPOSES,
        numbers=chosen,
    )


def _groups(sides: list[Side]) -> list[tuple[str, list[Row]]]:
    """Return the rows under their headings."""
    return [
        (gettext("Coverage and freshness"), _coverage(sides)),
        (gettext("Rights"), _rights(sides)),
        (gettext("Price"), _prices(sides)),
    ]


def _coverage(sides: list[Side]) -> list[Row]:
    facts = [side.listing for side in sides]
    return [
        Row(gettext("Vendor"), [in_language(side.vendor) for side in sides]),
        Row(gettext("Class"), [code_name(each.kind, "class") for each in facts]),
        Row(gettext("Sector"), [code_name(each.sector, "sector") for each in facts]),
        Row(gettext("Region"), [code_name(each.region, "region") for each in facts]),
        Row(
            gettext("Period"),
            [
                f"{each.coverage_from or ''} – {each.coverage_until or ''}".strip()
                for each in facts
            ],
        ),
        Row(gettext("Updates"), [code_name(each.updates, "updates") for each in facts]),
        Row(
            gettext("Newest release"),
            [formatting.date(s.released_us) if s.released_us else DASH for s in sides],
        ),
        Row(
            gettext("Rows"),
            [
                DASH if each.row_count is None else formatting.number(each.row_count)
                for each in facts
            ],
        ),
        Row(
            gettext("Fields described"),
            [str(len(each.dictionary)) if each.dictionary else DASH for each in facts],
        ),
    ]


def _rights(sides: list[Side]) -> list[Row]:
    said = {True: gettext("yes"), False: gettext("no"), None: gettext("see the text")}
    titles = [
        gettext(", ").join(either(*title, language()) for title in side.licences)
        or DASH
        for side in sides
    ]
    uses = [
        Row(getattr(name, language()), [said[side.uses[use]] for side in sides])
        for use, name in USES.items()
    ]
    return [Row(gettext("Licence"), titles), *uses]


def _prices(sides: list[Side]) -> list[Row]:
    def money(amount: int, currency: int) -> str:
        return str(formatting.amount(amount, currency))

    def last(trade: Last) -> str:
        price = money(trade.price, trade.currency)
        return f"{price} · {formatting.date(trade.at_us)}"

    return [
        Row(
            gettext("For your need"),
            [
                money(s.price.total, s.price.currency)
                if s.price
                else gettext("not offered")
                for s in sides
            ],
        ),
        Row(
            gettext("How"),
            [
                f"{s.price.symbol} · {code_name(s.price.mode, 'mode')}"
                f" × {s.price.quantity}"
                if s.price
                else DASH
                for s in sides
            ],
        ),
        Row(
            gettext("Last trade"),
            [last(s.last) if s.last else DASH for s in sides],
        ),
    ]
