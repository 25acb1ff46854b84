"""The clean room: the workbench of a right, and the vendor's settings and log."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import Connection

from listings import catalogue, instruments
from listings.cleanroom import settings, words
from listings.cleanroom.asking import WALL_S, Answer
from listings.cleanroom.grouping import OTHERS_MIN_PERCENT
from listings.cleanroom.groupings import Grouped
from listings.cleanroom.settings import PERIODS, Group, Settings, Shown
from listings.cleanroom.statement import ROWS_MAX, TEXT_MAX
from listings.quality.preparation import NotTabular
from marketplace import formatting, limits
from marketplace.delivery import cleanroom as rooms
from marketplace.delivery import roomsettings
from marketplace.delivery.cleanroom import DAY_MAX, MINUTE_MAX, Room
from marketplace.language import language
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.metering import reads
from marketplace.services import services
from marketplace.web import charts, guide, rights, vendor
from marketplace.web.forms import Form, PublicId, Whole, again, read, text
from marketplace.web.layout import before
from settlement import clock, ids, statements
from settlement.errors import Refusal

BARS_MAX = 40  # of the chart of an answer
STEPS = ("10", "100", "1000", "10000", "100000")
LETTERS = ("1", "2", "3", "4", "6")


class QuestionForm(Form):
    """A question in SQL."""

    sql = text(TEXT_MAX)


class SettingsForm(Form):
    """What is fixed of a room; the columns' roles are read one by one."""

    instrument = PublicId("instrument", required=True)
    least = Whole(settings.LEAST_MIN, settings.LEAST_MAX, required=True)


# ── who asks ──


@rights.bp.get("/<entitlement>/cleanroom")
@needs()
def cleanroom(entitlement: str) -> ResponseReturnValue:
    """Show the workbench: tables, a question, its answer, what was asked before.

    A right that opens files instead leads to its own page.
    """
    number = ids.decode("entitlement", entitlement)
    with services().reads.connect() as db:
        right = statements.entitlement(db, number, me().member)
        opens = "cleanroom" in statements.terms(db, right.terms)
    if not opens:
        there = url_for("rights.one", entitlement=entitlement)
        return redirect(there, HTTPStatus.SEE_OTHER)
    return _bench(entitlement)


@rights.bp.post("/<entitlement>/cleanroom")
@needs("buyer")
@again(cleanroom)
def ask_cleanroom(entitlement: str) -> ResponseReturnValue:
    """Answer a question; by POST, for an answer is counted."""
    sql = read(QuestionForm())["sql"]
    number = ids.decode("entitlement", entitlement)
    asked = rooms.ask(services(), me(), number, sql)
    return _bench(entitlement, sql, asked.answer, asked.receipt)


def _bench(
    entitlement: str,
    sql: str = "",
    answer: Answer | None = None,
    receipt: int | None = None,
) -> ResponseReturnValue:
    parts, number = services(), ids.decode("entitlement", entitlement)
    with parts.reads.connect() as db:
        right = statements.entitlement(db, number, me().member)
        found = rooms.room(db, right)
        tab = reads.tab(db, right)
        log = rooms.of_right(db, number, before())
        known = catalogue.traded(db, [right.instrument]).get(right.instrument)
        spoken = _spoken(db, found)
        again_sql = _asked_before(db, number)
    tables, problem = _tables(found)
    proposed = examples(tables)
    return render_template(
        "rights/cleanroom.html",
        right=right,
        terms=found.terms,
        known=known,
        tables=tables,
        problem=problem,
        spoken=spoken,
        examples=proposed,
        sql=sql or again_sql or (proposed[0][1] if proposed else ""),
        answer=answer,
        chart=chart_of(answer) if answer else None,
        receipt=receipt,
        log=log,
        tab=tab,
        most=TEXT_MAX,
        minute_max=MINUTE_MAX,
        day_max=DAY_MAX,
        now_us=clock.now_us(),
    )


def _tables(found: Room) -> tuple[list[Grouped], Refusal | None]:
    """Return the tables of a room, or why they cannot be shown."""
    try:
        return rooms.groups_of(services(), found), None
    except Refusal as refusal:
        return [], refusal


def _spoken(db: Connection, found: Room) -> Mapping[str, Mapping[str, Any]]:
    """Return what the dictionary says of the columns, by name."""
    said = catalogue.product(db, found.product).dictionary
    return {str(column["name"]).lower(): column for column in said}


def _asked_before(db: Connection, right: int) -> str:
    """Return the earlier question that the address names, to be asked again."""
    wanted = request.args.get("query", "")
    if not wanted:
        return ""
    return rooms.text_of(db, right, ids.decode("query", wanted))


def examples(tables: list[Grouped]) -> list[tuple[str, str]]:
    """Return questions to begin with, by what they show."""
    found = []
    for table in tables[:2]:
        name, first = quoted(table.table), quoted(table.groups[0])
        many = (
            f"SELECT {first}, count(*) AS n\nFROM {name}\n"
            f"GROUP BY {first}\nORDER BY n DESC"
        )
        told = gettext("How many rows by %(column)s", column=table.groups[0])
        found.append((told, many))
        if table.measures:
            by, cell = quoted(table.groups[-1]), quoted(table.measures[0])
            mean = (
                f"SELECT {by}, count({cell}) AS n, round(avg({cell}), 2) AS mean\n"
                f"FROM {name}\nGROUP BY {by}\nORDER BY {by}"
            )
            told = gettext("The mean of %(column)s", column=table.measures[0])
            found.append((told, mean))
    return found


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever it is."""
    return '"' + name.replace('"', '""') + '"'


def chart_of(answer: Answer) -> charts.Chart | None:
    """Return bars of an answer of a few groups with one number or more, or None."""
    kinds = [column["type"] for column in answer.columns]
    labels = [i for i, kind in enumerate(kinds) if kind != "number"]
    numbers = [i for i, kind in enumerate(kinds) if kind == "number"]
    if not 0 < len(answer.rows) <= BARS_MAX or len(labels) != 1 or not numbers:
        return None
    rows = [
        {"label": "—" if row[labels[0]] is None else row[labels[0]]}
        | {str(i): row[i] for i in numbers[:3]}
        for row in answer.rows
    ]
    names = {str(i): answer.columns[i]["name"] for i in numbers[:3]}
    return charts.bars(gettext("The answer"), rows, "label", names)


# ── whose data it is ──


@vendor.bp.get("/products/<product>/cleanroom")
@needs("vendor")
def clean(product: str) -> ResponseReturnValue:
    """Show what the clean rooms of a product show, and what was asked in them."""
    parts, number = services(), ids.decode("product", product)
    with parts.reads.connect() as db:
        found = catalogue.product(db, number, me().member)
        units = instruments.of_products(db, [number]).get(number, [])
        sold = roomsettings.of_product_settings(db, number)
        tables = roomsettings.newest(db, number)
        log = rooms.of_product(db, number, before())
    shown = settings.load(next(iter(sold.values()))) if sold else None
    made, problem = _made(tables, shown)
    return render_template(
        "vendor/cleanroom.html",
        product=found,
        units=units,
        sold=sold,
        shows=shown,
        tables=_columns(tables),
        made=made,
        problem=problem,
        log=log,
        least=settings,
        periods=PERIODS,
        steps=STEPS,
        letters=LETTERS,
    )


def _made(
    tables: list[rooms.Named], shown: Settings | None
) -> tuple[list[Grouped], Refusal | None]:
    if shown is None:
        return [], None
    try:
        return roomsettings.tried(services(), tables, shown), None
    except Refusal as refusal:
        return [], refusal


def _columns(tables: list[rooms.Named]) -> list[tuple[str, Any]]:
    """Return the tables with their columns; without, where a file is no table."""
    found = []
    for name, version in tables:
        try:
            found.append((name, version.prepared(services()).columns))
        except NotTabular:
            continue
    return found


@vendor.bp.post("/products/<product>/cleanroom")
@needs("vendor")
@again(clean)
def settle_cleanroom(product: str) -> ResponseReturnValue:
    """Let an instrument sell the room, as the columns' roles say."""
    typed, number = read(SettingsForm()), vendor.mine(product)
    with services().reads.connect() as db:
        tables = _columns(roomsettings.newest(db, number))
    wanted = Settings(
        tuple(
            shown
            for place, (name, columns) in enumerate(tables)
            if (shown := _shown(place, name, columns)) is not None
        ),
        typed["least"],
    )
    limits.count("cleanroom", str(me().member), roomsettings.RATES)
    roomsettings.settle(services(), me(), typed["instrument"], wanted)
    flash(gettext("Saved. It holds for what is sold from now on."), "success")
    return _to(product)


def _shown(place: int, name: str, columns: Any) -> Shown | None:
    """Return what the form shows of the table at *place*; None if nothing."""
    roles: dict[str, list[Group]] = {role: [] for role in settings.ROLES}
    for index, column in enumerate(columns):
        role = request.form.get(f"role-{place}-{index}", "hidden")
        by = request.form.get(f"by-{place}-{index}", "")[: settings.STEP_DIGITS_MAX]
        if role in roles:
            roles[role].append(Group(column["name"], by))
    if not roles["group"] and not roles["measure"] and not roles["subject"]:
        return None
    subjects = roles["subject"]
    return Shown(
        name,
        tuple(roles["group"]),
        tuple(one.column for one in roles["measure"]),
        subjects[0].column if subjects else "",
    )


@vendor.bp.post("/products/<product>/cleanroom/<instrument>/close")
@needs("vendor")
@again(clean)
def close_cleanroom(product: str, instrument: str) -> ResponseReturnValue:
    """Let an instrument sell files again instead of the room."""
    vendor.mine(product)
    roomsettings.settle(services(), me(), ids.decode("instrument", instrument), None)
    flash(gettext("Saved. It holds for what is sold from now on."), "success")
    return _to(product)


def _to(product: str) -> ResponseReturnValue:
    return redirect(url_for("vendor.clean", product=product), HTTPStatus.SEE_OTHER)


@guide.bp.get("/cleanroom")
def cleanroom_explained() -> ResponseReturnValue:
    """Show how a clean room is asked, what it refuses and why, and its limits."""
    return render_template(
        "help/cleanroom.html",
        functions=sorted(words.FUNCTIONS),
        aggregates=words.AGGREGATES,
        least=settings.LEAST_MIN,
        percent=OTHERS_MIN_PERCENT,
        seconds=int(WALL_S),
        rows=ROWS_MAX,
        characters=TEXT_MAX,
        minute_max=MINUTE_MAX,
        day_max=DAY_MAX,
        columns=settings.GROUPS_MAX,
    )


# ── words ──


def coarse(by: str, kind: str) -> str:
    """Return how a column of a *kind* was made coarser, in words."""
    periods = {
        "day": gettext("by day"),
        "month": gettext("by month"),
        "quarter": gettext("by quarter"),
        "year": gettext("by year"),
    }
    if by in periods:
        return str(periods[by])
    if kind == "string":
        said = ngettext("first %(num)s character", "first %(num)s characters", int(by))
        return str(said)
    return str(gettext("in steps of %(step)s", step=formatting.number(int(by))))


def answered(value: Any) -> str:
    """Return a value of an answer as it is shown."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return formatting.number(value)
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def named_column(said: Mapping[str, Any]) -> str:
    """Return what the dictionary calls a column, and says of it."""
    tongue = language()
    about = said.get(f"about_{tongue}") or ""
    name = said.get(tongue) or ""
    return " · ".join(part for part in (str(name), str(about)) if part)


def init_app(app: Flask) -> None:
    """Give templates the words of this module."""
    filters = (coarse, answered, named_column)
    app.jinja_env.filters.update({each.__name__: each for each in filters})
    app.jinja_env.filters["from_json"] = json.loads
