"""The editor of a product's data dictionary: what is said of each column."""

from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import admission, dictionary, products
from listings.dictionary import (
    ABOUT_MAX,
    CODE_MAX,
    CODES_MAX,
    NAME_MAX,
    PERSONAL,
    STRICTNESS,
    UNIT_MAX,
    Line,
)
from listings.quality import declared
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.codes import code_name
from marketplace.web.drafts import codes_in, codes_typed
from marketplace.web.forms import Form, Whole, again, choice, read, text
from marketplace.web.vendor import bp, mine
from settlement.errors import Invalid, NotFound

PAGE = 40  # columns
TYPE_MAX = 60
CODES_TYPED_MAX = CODES_MAX * CODE_MAX
TAKE_OUT = "-"


class ColumnForm(Form):
    """What is said of one column."""

    name = text(products.TITLE_MAX)
    type = text(TYPE_MAX, needed=False)
    zh = text(NAME_MAX, needed=False)
    en = text(NAME_MAX, needed=False)
    about_zh = text(ABOUT_MAX, needed=False)
    about_en = text(ABOUT_MAX, needed=False)
    unit = text(UNIT_MAX, needed=False)
    codes = text(CODES_TYPED_MAX, needed=False)
    personal = choice(PERSONAL, needed=False)
    becomes = text(products.TITLE_MAX, needed=False)


class PlaceForm(Form):
    """Which columns the form shows, over which version."""

    version = Whole(1, 2**31, load_default=1)


@bp.get("/products/<product>/dictionary")
@needs("vendor")
def columns(product: str) -> ResponseReturnValue:
    """Show the columns with what is said of them and what the files show."""
    number = mine(product)
    with services().reads.connect() as db:
        row = products.find(db, number)
        said = products.facts_of(row).dictionary
        found = _lines(db, number, said)
    page = _page(len(found))
    first = (page - 1) * PAGE
    return render_template(
        "vendor/dictionary.html",
        here_id=product,
        product=row,
        lines=found[first : first + PAGE],
        first=first,
        page=page,
        pages=-(-len(found) // PAGE),
        total=len(found),
        gone=[line.name for line in found if line.is_gone],
        added=[line.name for line in found if not line.said],
        classes_of=_classes,
        codes_typed=codes_typed,
        take_out=TAKE_OUT,
    )


@bp.post("/products/<product>/dictionary")
@needs("vendor")
@again(columns)
def describe(product: str) -> ResponseReturnValue:
    """Keep what was said; for a registered product it goes to a registrar."""
    number, version = mine(product), read(PlaceForm())["version"]
    edits, renamed = _typed()
    with services().writes.begin() as db:
        row = products.find(db, number)
        facts = products.facts_of(row)
        made = dictionary.revised(facts.dictionary, edits, renamed)
        changed = facts._replace(dictionary=made)
        if changed != facts:
            admission.revise(db, number, changed, version, me())
        goes = row.state == admission.ProductState.REGISTERED and changed != facts
    flash(
        gettext("Handed in: a registrar looks at what is said of the columns.")
        if goes
        else gettext("Saved."),
        "success",
    )
    place = url_for(".columns", product=product, page=request.args.get("page"))
    return redirect(place, HTTPStatus.SEE_OTHER)


def _classes(line: Line) -> list[tuple[str, str]]:
    """Return the classes that a column may have: none milder than its values."""
    least = STRICTNESS[line.least]
    return [
        (code, code_name(code, "column_personal"))
        for code, rank in STRICTNESS.items()
        if rank >= least
    ]


def _lines(db: Any, number: int, said: Any) -> list[Line]:
    return dictionary.lines(said, declared.columns_of_newest(db, number, said))


def _page(total: int) -> int:
    """Return which page is asked for; NotFound beyond the last."""
    asked = request.args.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 0
    if not 1 <= number <= max(-(-total // PAGE), 1):
        raise NotFound("page", asked[:40])
    return number


def _typed() -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return what was typed of each column, and which change their names.

    Invalid names the fields as the page does, with the column's place.
    """
    edits: dict[str, dict[str, Any]] = {}
    renamed: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for place in range(PAGE):
        if f"name_{place}" not in request.form:
            break
        given = {
            name: request.form.get(f"{name}_{place}", "")
            for name in ColumnForm().fields
        }
        try:
            typed = read(ColumnForm(), given)
        except Invalid as invalid:
            problems |= {f"{f}_{place}": t for f, t in invalid.problems.items()}
            continue
        name, becomes = typed.pop("name"), typed.pop("becomes")
        if becomes:
            renamed[name] = "" if becomes == TAKE_OUT else becomes
        edits[name] = typed | {"codes": codes_in(typed["codes"])}
    products.refuse(problems)
    return edits, renamed
