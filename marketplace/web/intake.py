"""Importing a vendor's own catalogue: upload, correct, look, create drafts."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.formats.columns import SYNONYMS, guesses
from listings.formats.documents import DOCUMENT_MAX
from listings.formats.kinds import FORMATS
from listings.formats.table import DELIMITERS, ENCODINGS, ROWS_MAX, Choice
from listings.intake import intakes
from listings.intake.intakes import Outcome
from listings.intake.recognition import TABLE, Recognised
from listings.marking import N_
from marketplace import intaking
from marketplace.intaking import Settings
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.spreadsheet import XLSX, as_csv, as_workbook
from marketplace.web.facts import NAMES
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.layout import before
from settlement import ids
from settlement.errors import Invalid

bp = Blueprint("intake", __name__, url_prefix="/vendor/imports")
SHOWN = 50  # entries on a page
LOOKED_AT = 2_000  # entries of which the page says what would become of them
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
    return _to(intaking.bring(services(), me(), file.filename, file.stream))


@bp.get("/<intake>")
@needs("vendor")
def one(intake: str) -> ResponseReturnValue:
    """Show an import: what would become of its entries, or what became of them."""
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
        data, known = intaking.opened(services(), found)
        if found.state == "open":
            outcomes = intakes.preview(db, found, data, known, LOOKED_AT)
        else:
            outcomes = list(intaking.all_outcomes(db, found))
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
    said = read(SettingsForm())
    signs = {name: sign for sign, name in DELIMITERS.items()}
    how = Choice(said["encoding"], signs.get(said["delimiter"], ""), said["sheet"])
    settings = Settings(
        *(said["source"], said["form"], how, said["saved"], said["save_as"]), _typed
    )
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
    intaking.correct(services(), found, settings)
    return _to(found.id)


def _typed(columns: Sequence[str]) -> dict[str, str]:
    """Return what was typed into the page for each column, by its place."""
    return {
        column: request.form.get(f"field-{place}", "")
        for place, column in enumerate(columns)
    }


@bp.post("/<intake>/drafts")
@needs("vendor")
@again(one)
def create(intake: str) -> ResponseReturnValue:
    """Create drafts for a few seconds; the page goes on until all are done."""
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
    return _to(intaking.create(services(), found).id)


@bp.get("/<intake>/outcome.csv")
@needs("vendor")
def as_text(intake: str) -> ResponseReturnValue:
    """Give the outcome of every entry as CSV."""
    names, lines = _file(intake)
    return _attached("\ufeff" + as_csv(names, lines), "text/csv", f"{intake}.csv")


@bp.get("/<intake>/outcome.xlsx")
@needs("vendor")
def as_excel(intake: str) -> ResponseReturnValue:
    """Give the outcome of every entry as an Excel workbook, text only."""
    body = as_workbook(*_file(intake))
    return _attached(body, XLSX, f"{intake}.xlsx")


def _file(intake: str) -> tuple[list[str], list[list[str]]]:
    """Return the names and lines of the outcome file, in the visitor's language."""
    with services().reads.connect() as db:
        found = intakes.get(db, ids.decode("intake", intake), me().member)
        if found.state == "open":
            read_as = intaking.opened(services(), found)
            outcomes = intakes.preview(db, found, *read_as)
        else:
            outcomes = list(intaking.all_outcomes(db, found))
    names = [gettext(name) for name in OUTCOME]
    return names, [_line(outcome) for outcome in outcomes]


def _line(outcome: Outcome) -> list[str]:
    remarks = "; ".join(
        f"{name}: {gettext(text)}" if name else gettext(text)
        for name, text in outcome.remarks
    )
    product = ids.encode("product", outcome.product) if outcome.product else ""
    return [outcome.place, outcome.title, outcome.outcome, product, remarks]


def _first(outcomes: list[Outcome]) -> list[Outcome]:
    """Return what a page shows: what was refused or remarked first, then the rest."""
    told = [line for line in outcomes if line.remarks]
    plain = [line for line in outcomes if not line.remarks]
    return (told + plain)[:SHOWN]


def _confidence(known: Recognised) -> dict[str, int]:
    if known.table is None:
        return {}
    return {guess.column: guess.confidence for guess in guesses(known.table)}


def _attached(content: str | bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".one", intake=ids.encode("intake", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
