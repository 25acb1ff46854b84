"""Importing a vendor's own catalogue: upload, correct, look, create drafts."""

import io
from collections.abc import Iterator
from http import HTTPStatus

import xlsxwriter
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings.formats.columns import SYNONYMS, guesses
from listings.formats.documents import DOCUMENT_MAX
from listings.formats.kinds import FORMATS
from listings.formats.table import DELIMITERS, ENCODINGS, ROWS_MAX, Choice
from listings.intake import intakes
from listings.intake.intakes import Intake, Outcome
from listings.intake.recognition import TABLE, Recognised, entries, recognise, suggested
from marketplace.language import N_
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.facts import NAMES
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.layout import before
from marketplace.web.spreadsheet import as_csv
from settlement import clock, ids
from settlement.errors import Invalid

bp = Blueprint("intake", __name__, url_prefix="/vendor/imports")
SHOWN = 50  # entries on a page
LOOKED_AT = 2_000  # entries of which the page says what would become of them
STEP_S = 4  # of creating drafts in one request
FORMS = {TABLE: N_("Table"), **{form.suffix: form.name for form in FORMATS}}
OUTCOME = (
    *(N_("Line or entry"), N_("Title"), N_("Outcome"), N_("Product"), N_("Remarks")),
)  # the columns of the outcome file


class SettingsForm(Form):
    """How a file is read, and what its entries are known under."""

    source = text(intakes.SOURCE_MAX)
    form = choice(FORMS)
    encoding = choice(ENCODINGS, needed=False)
    delimiter = choice(DELIMITERS.values(), needed=False)
    sheet = text(200, needed=False)
    saved = text(intakes.SOURCE_MAX, needed=False)
    save_as = text(intakes.SOURCE_MAX, needed=False)


@bp.get("/")
@needs("vendor")
def show() -> ResponseReturnValue:
    """Show the vendor's imports and the form for another file."""
    with services().reads.connect() as db:
        found = intakes.of_vendor(db, me().member, before(), SHOWN)
    return render_template(
        "vendor/imports.html",
        intakes=found,
        before=found[-1].id if len(found) == SHOWN else None,
        forms=FORMS,
        rows_max=ROWS_MAX,
        size_max=DOCUMENT_MAX,
    )


@bp.post("/")
@needs("vendor")
@again(show)
def upload() -> ResponseReturnValue:
    """Store an uploaded file, find out what it is, and show how it is understood."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid({"file": [N_("Choose a file.")]})
    stored = services().files.put(file.stream, DOCUMENT_MAX)
    data = _data(stored.key)
    known = recognise(data)
    mapping = suggested(known.table) if known.table else {}
    total = sum(1 for _ in entries(data, known, mapping))
    with services().writes.begin() as db:
        who = (me().member, me().id)
        number = intakes.begin(
            db, *who, file.filename, stored.key, known, mapping, total
        )
    return _to(number)


@bp.get("/<intake>")
@needs("vendor")
def one(intake: str) -> ResponseReturnValue:
    """Show an import: what would become of its entries, or what became of them."""
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
        data, known = _read(found)
        if found.state == "open":
            outcomes = intakes.preview(db, found, data, known, LOOKED_AT)
        else:
            outcomes = list(_outcomes(db, found))
        saved = intakes.saved(db, me().member)
    page = "vendor/import_open.html" if found.state == "open" else "vendor/import.html"
    return render_template(
        page,
        intake=found,
        table=known.table,
        forms=FORMS,
        encodings=ENCODINGS,
        delimiters=DELIMITERS,
        fields=[(field, NAMES[field]) for field in SYNONYMS],
        confidence=_confidence(known),
        counts=intakes.counted(outcomes),
        outcomes=_first(outcomes),
        looked_at=len(outcomes),
        saved=[(name, name) for name in saved],
        sheets=[(name, name) for name in known.table.sheets] if known.table else [],
        names=NAMES,
    )


@bp.post("/<intake>/settings")
@needs("vendor")
@again(one)
def correct(intake: str) -> ResponseReturnValue:
    """Take corrections of how the file is read and what its columns are."""
    typed = read(SettingsForm())
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
        kept = intakes.saved(db, me().member).get(typed["saved"])
    signs = {name: sign for sign, name in DELIMITERS.items()}
    how = Choice(typed["encoding"], signs.get(typed["delimiter"], ""), typed["sheet"])
    data = _data(found.storage_key)
    known = recognise(data, typed["form"], how)
    mapping = _mapping(known, found, kept)
    total = sum(1 for _ in entries(data, known, mapping))
    with services().writes.begin() as db:
        intakes.correct(db, found, typed["source"], known, mapping, total)
        if typed["save_as"]:
            intakes.save_mapping(db, me().member, typed["save_as"], mapping)
    return _to(found.id)


def _mapping(
    known: Recognised, found: Intake, saved: dict[str, str] | None
) -> dict[str, str]:
    """Return the mapping typed into the page, or anew if the columns are others."""
    if known.table is None:
        return {}
    columns = known.table.columns
    if saved is not None or set(columns) != found.mapping.keys():
        return suggested(known.table, saved)
    shown = list(enumerate(columns))
    return {column: request.form.get(f"field-{n}", "") for n, column in shown}


@bp.post("/<intake>/drafts")
@needs("vendor")
@again(one)
def create(intake: str) -> ResponseReturnValue:
    """Create drafts for a few seconds; the page goes on until all are done."""
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
    data, known = _read(found)
    began_s = clock.elapsed_s()
    while found.state != "done":
        with services().writes.begin() as db:
            intakes.step(db, found, data, known)
            found = intakes.get(db, found.id, found.vendor)
        if clock.elapsed_s() - began_s > STEP_S:
            break
    return _to(found.id)


@bp.get("/<intake>/outcome.csv")
@needs("vendor")
def as_text(intake: str) -> ResponseReturnValue:
    """Give the outcome of every entry as CSV."""
    names, lines = _file(intake)
    return _attached("\ufeff" + as_csv(names, lines), "text/csv", f"{intake}.csv")


@bp.get("/<intake>/outcome.xlsx")
@needs("vendor")
def as_workbook(intake: str) -> ResponseReturnValue:
    """Give the outcome of every entry as an Excel workbook, text only."""
    names, lines = _file(intake)
    file = io.BytesIO()
    inert = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {"in_memory": True, **inert}) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate([names, *lines]):
            for column, value in enumerate(line):
                sheet.write_string(number, column, value[:32_000])
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _attached(file.getvalue(), kind, f"{intake}.xlsx")


def _file(intake: str) -> tuple[list[str], list[list[str]]]:
    """Return the names and lines of the outcome file, in the visitor's language."""
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
        if found.state == "open":
            outcomes = intakes.preview(db, found, *_read(found))
        else:
            outcomes = list(_outcomes(db, found))
    names = [gettext(name) for name in OUTCOME]
    return names, [_line(outcome) for outcome in outcomes]


def _line(outcome: Outcome) -> list[str]:
    remarks = "; ".join(
        f"{name}: {gettext(text)}" if name else gettext(text)
        for name, text in outcome.remarks
    )
    product = ids.encode("product", outcome.product) if outcome.product else ""
    return [outcome.place, outcome.title, outcome.outcome, product, remarks]


def _outcomes(db: Connection, found: Intake) -> Iterator[Outcome]:
    after = 0
    while page := intakes.outcomes_of(db, found.id, after):
        yield from page
        after = page[-1].number


def _first(outcomes: list[Outcome]) -> list[Outcome]:
    """Return what a page shows: what was refused or remarked first, then the rest."""
    told = [line for line in outcomes if line.remarks]
    plain = [line for line in outcomes if not line.remarks]
    return (told + plain)[:SHOWN]


def _confidence(known: Recognised) -> dict[str, int]:
    if known.table is None:
        return {}
    return {guess.column: guess.confidence for guess in guesses(known.table)}


def _read(found: Intake) -> tuple[bytes, Recognised]:
    data = _data(found.storage_key)
    return data, recognise(data, found.form, found.choice)


def _data(key: str) -> bytes:
    with services().files.open(key) as file:
        return file.read()


def _attached(content: str | bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".one", intake=ids.encode("intake", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
