"""The vendor's wizard: a product in five steps, each saved by itself.

Without scripts each step saves when it is left; with scripts a draft saves itself while
it is typed, and says so.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import admission, catalogue, products
from listings.marking import N_
from listings.products import EDITABLE, Facts
from listings.registration.declaration import CELLS, RIGHTS
from marketplace.formatting import clock_time
from marketplace.language import translated_within
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.statuses import status_of
from marketplace.web import drafts
from marketplace.web.forms import again
from marketplace.web.vendor import bp, choices, details, mine, to
from settlement import clock, ids
from settlement.errors import Invalid, NotFound, Refusal

_CELLS = tuple(f"{right}_{cell}" for right in RIGHTS for cell in CELLS)


class Step(NamedTuple):
    """One step: its name, what is typed in it, and what else it has to settle."""

    name: str
    fields: tuple[str, ...]
    parts: Mapping[str, str] = {}  # problem → where on the page it is settled


STEPS = (
    Step(
        N_("What it is"),
        (
            *("kind", "sector", "industry", "region", "updates"),
            *("title_zh", "title_en"),
            *("summary_zh", "summary_en", "description_zh", "description_en"),
        ),
    ),
    Step(
        N_("Data and sample"),
        (
            *("keywords", "dictionary", "sample", "coverage_from", "coverage_until"),
            *("row_count", "granularity", "publisher", "source_url"),
            *("documentation_url", "support", "rights_note"),
        ),
        {"releases": "releases-h", "size_bytes": "releases-h"},
    ),
    Step(
        N_("Rights and sources"),
        (
            *("source_route", "source_statement", "sensitivity", "personal"),
            *("purpose", "scene", *_CELLS),
        ),
        {"rights": "f-rights", "attachments": "evidence-h"},
    ),
    Step(N_("Licence and price"), (), {"instruments": "units-h"}),
    Step(N_("Check and hand in"), ()),
)
LAST = len(STEPS)


class Problem(NamedTuple):
    """What is missing or wrong, and where it is put right."""

    step: int
    anchor: str
    field: str
    texts: list[str]


def problems_by_place(found: Mapping[str, Iterable[str]]) -> list[Problem]:
    """Return *found* problems in the order of the steps, each with its place."""
    placed = [
        Problem(*place_of(name), name, list(texts)) for name, texts in found.items()
    ]
    return sorted(placed, key=lambda problem: problem.step)


def place_of(field: str) -> tuple[int, str]:
    """Return the step in which a field is, and its anchor on that page."""
    if field.startswith("attachment"):
        return 3, "evidence-h"
    for number, step in enumerate(STEPS, 1):
        if field in step.parts:
            return number, step.parts[field]
        if field in step.fields:
            return number, f"f-{field}"
    return 1, "f-kind"


@bp.get("/products/new")
@needs("vendor")
def new() -> ResponseReturnValue:
    """Show the first step of a product that is not there yet."""
    return render_template(
        "vendor/step.html", number=1, steps=STEPS, product=None, values={}, **choices()
    )


@bp.post("/products/new")
@needs("vendor")
@again(new)
def create() -> ResponseReturnValue:
    """Begin a draft; it may be incomplete, or have more than the first step."""
    more = [f for step in STEPS[1:] for f in step.fields if f in request.form]
    number = _begin(drafts.changed(None, request.form, [*STEPS[0].fields, *more]))
    flash(gettext("Saved as a draft; nobody else sees it."), "success")
    return _onward(number, 1)


@bp.post("/products/new/saved")
@needs("vendor")
def autosave_new() -> ResponseReturnValue:
    """Begin a draft while its first step is typed; answer where it is."""
    return _saved(lambda facts: (_begin(facts), 1), None, 1)


@bp.get("/products/<product>/steps/<int:number>")
@needs("vendor")
def step(product: str, number: int) -> ResponseReturnValue:
    """Show one step of a draft; of another product, its page."""
    found = mine(product)
    with services().reads.connect() as db:
        row = products.find(db, found)
        if row.state not in EDITABLE:
            return to(found)
        if not 1 <= number <= LAST:
            raise NotFound("step", str(number)[:20])
        lacking = problems_by_place(admission.problems(db, row))
        remarks = problems_by_place(
            _remarks(db, found) if row.state == "returned" else {}
        )
        return render_template(
            "vendor/step.html",
            number=number,
            steps=STEPS,
            counts=[
                sum(problem.step == at for problem in lacking)
                for at in range(1, LAST + 1)
            ],
            placed=lacking,
            remarks=remarks,
            at_step=number,
            **details(db, found),
        )


@bp.post("/products/<product>/steps/<int:number>")
@needs("vendor")
@again(step)
def save_step(product: str, number: int) -> ResponseReturnValue:
    """Save one step and go on, or back to where a button says."""
    found = mine(product)
    _save(found, number, request.form)
    return _onward(found, number)


@bp.post("/products/<product>/steps/<int:number>/saved")
@needs("vendor")
def autosave(product: str, number: int) -> ResponseReturnValue:
    """Save one step while it is typed; what cannot be kept yet is named."""
    found = mine(product)
    with services().reads.connect() as db:
        known = products.facts_of(products.find(db, found))
    return _saved(lambda facts: (found, _put(found, facts)), known, number)


def _begin(facts: Facts) -> int:
    with services().writes.begin() as db:
        return products.draft(db, me().member, facts, me().id)


def _save(product: int, number: int, given: Mapping[str, str]) -> int:
    with services().reads.connect() as db:
        known = products.facts_of(products.find(db, product))
    return _put(product, drafts.changed(known, given, _fields(number)))


def _put(product: int, facts: Facts) -> int:
    """Write the facts over the version that the page showed; the new version."""
    seen = request.form.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
    with services().writes.begin() as db:
        row = products.find(db, product)
        if row.state in EDITABLE and products.facts_of(row) == facts:
            return int(row.version)
        return products.edit(db, product, facts, version, me().id)


def _fields(number: int) -> tuple[str, ...]:
    if not 1 <= number <= LAST:
        raise NotFound("step", str(number)[:20])
    return STEPS[number - 1].fields


def _saved(
    write: Callable[[Facts], tuple[int, int]], known: Facts | None, number: int
) -> ResponseReturnValue:
    """Keep what can be kept of a step; answer in JSON what the page is to say."""
    given, fields, left = request.form.to_dict(), _fields(number), {}
    try:
        try:
            facts = drafts.changed(known, given, fields)
        except Invalid as refusal:  # half a date is typed: keep the rest
            left = refusal.problems
            fields = tuple(f for f in fields if f not in left)
            facts = drafts.changed(known, given, fields)
        found, version = write(facts)
    except Refusal as refusal:
        said = gettext("Not saved: %(why)s", why=gettext(refusal.title()))
        return make_response({"said": said}, status_of(refusal))
    said = gettext("Saved at %(time)s", time=clock_time(clock.now_us()))
    product = ids.encode("product", found)
    return {
        "said": said,
        "version": version,
        "problems": translated_within(left),
        "address": url_for(".step", product=product, number=number),
        "autosave": url_for(".autosave", product=product, number=number),
    }


def _onward(product: int, number: int) -> ResponseReturnValue:
    """Lead to the step that the pressed button names, else to the next one."""
    wanted = request.form.get("to", "")
    chosen = int(wanted) if wanted.isascii() and wanted.isdigit() else number + 1
    address = url_for(
        ".step",
        product=ids.encode("product", product),
        number=min(max(chosen, 1), LAST),
    )
    return redirect(address, HTTPStatus.SEE_OTHER)


def _remarks(db: Any, product: int) -> dict[str, list[str]]:
    """Return what the registrar asked for when it was returned last, by field."""
    for review in catalogue.reviews_of(db, product):
        if review.event in ("return", "uphold"):
            return {field: [said] for field, said in review.reasons.items()}
    return {}
