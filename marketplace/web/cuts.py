"""Cuts and the leak desk: a vendor's settings and files, the staff's cases."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.http import dump_options_header

from listings import catalogue, instruments
from listings.cuts import settings
from listings.cuts.settings import (
    HOW,
    ONE_IN,
    ONE_IN_MAX,
    ONE_IN_MIN,
    Cut,
    Mark,
    Mask,
    Rows,
)
from listings.marking import N_
from listings.quality.preparation import NotTabular
from marketplace import limits
from marketplace.delivery import cutting, leaks, roomsettings
from marketplace.delivery.leaks import CELLS_MIN, FALSE_MAX
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web import rights, staff, vendor
from marketplace.web.forms import Form, PublicId, Whole, again, read, text
from marketplace.web.layout import before
from settlement import ids
from settlement.errors import Invalid

LINES_MAX = 20_000  # characters
NOT_ROWS = N_("Write one column a line: name = value, value.")


class CutForm(Form):
    """What is left of a table, a line for each column."""

    instrument = PublicId("instrument", required=True)
    rows = text(LINES_MAX, needed=False)
    masks = text(LINES_MAX, needed=False)
    keys = text(800, needed=False)
    marked = text(LINES_MAX, needed=False)
    one_in = Whole(ONE_IN_MIN, ONE_IN_MAX, load_default=ONE_IN)


@vendor.bp.get("/products/<product>/cuts")
@needs("vendor")
def cut(product: str) -> ResponseReturnValue:
    """Show what the licences of a product leave of its tables, and leaked files."""
    parts, number = services(), ids.decode("product", product)
    with parts.reads.connect() as db:
        found = catalogue.product(db, number, me().member)
        units = instruments.of_products(db, [number]).get(number, [])
        sold = settings.of_instruments(db, [unit.id for unit in units])
        tables = roomsettings.newest(db, number)
        page = leaks.of_product(db, number, before())
        marked = leaks.is_marked(db, number)
        found_in = {row.id: leaks.suspicions(row) for row in page.rows}
        members = {one.member for each in found_in.values() for one in each}
        names = organisations.names(db, members)
    columns = []
    for name, version in tables:
        try:
            columns.append((name, version.prepared(parts).columns))
        except NotTabular:
            continue
    return render_template(
        "vendor/cuts.html",
        product=found,
        choices=[(ids.encode("instrument", u.id), u.symbol) for u in units],
        sold=[(u, settings.load(sold[u.id])) for u in units if u.id in sold],
        tables=columns,
        page=page,
        found_in=found_in,
        names=names,
        marked=marked,
        one_in=ONE_IN,
        false_max=FALSE_MAX,
        cells_min=CELLS_MIN,
    )


@vendor.bp.post("/products/<product>/cuts")
@needs("vendor")
@again(cut)
def settle_cut(product: str) -> ResponseReturnValue:
    """Let an instrument open its tables cut so, for what is sold from now on."""
    typed = read(CutForm())
    vendor.mine(product)
    marked = [line.split() for line in typed["marked"].splitlines() if line.strip()]
    mark = None
    if marked:
        if any(len(words) < 2 for words in marked):
            raise Invalid({"marked": [N_("Write a column and its step: price 0.01.")]})
        pairs = tuple((" ".join(words[:-1]), words[-1]) for words in marked)
        mark = Mark(_names(typed["keys"]), pairs, typed["one_in"])
    masks = (line for line in typed["masks"].splitlines() if line.strip())
    wanted = Cut(_rows(typed["rows"]), tuple(_mask(line) for line in masks), mark)
    cutting.settle(services(), me(), typed["instrument"], wanted)
    flash(gettext("Saved. It holds for what is sold from now on."), "success")
    return _to(product)


@vendor.bp.post("/products/<product>/cuts/<instrument>/close")
@needs("vendor")
@again(cut)
def close_cut(product: str, instrument: str) -> ResponseReturnValue:
    """Let an instrument sell whole files again."""
    vendor.mine(product)
    cutting.settle(services(), me(), ids.decode("instrument", instrument), None)
    flash(gettext("Saved. It holds for what is sold from now on."), "success")
    return _to(product)


@vendor.bp.post("/products/<product>/leaks")
@needs("vendor")
@again(cut)
def find_leak(product: str) -> ResponseReturnValue:
    """Look whose copy a file is."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid({"file": [N_("Choose a file.")]})
    number = ids.decode("product", product)
    limits.count("leak", str(me().member), leaks.RATES)
    leaks.accuse(services(), me(), number, upload.filename, upload.stream)
    return redirect(url_for(".cut", product=product) + "#leaks", HTTPStatus.SEE_OTHER)


@staff.bp.get("/leaks")
@needs(*STAFF)
def leaked() -> ResponseReturnValue:
    """Show all files that turned up, and whose copies they are."""
    with services().reads.connect() as db:
        page = leaks.of_product(db, None, before())
        found_in = {row.id: leaks.suspicions(row) for row in page.rows}
        members = {one.member for each in found_in.values() for one in each}
        return render_template(
            "staff/leaks.html",
            page=page,
            found_in=found_in,
            names=organisations.names(db, members),
            false_max=FALSE_MAX,
        )


@rights.bp.post("/<entitlement>/tables/<name>")
@needs("buyer")
@again(rights.one)
def take_table(entitlement: str, name: str) -> ResponseReturnValue:
    """Deliver a table of a right whose licence cuts it, as Parquet."""
    number = ids.decode("entitlement", entitlement)
    sent = cutting.deliver(services(), me(), number, name)
    answer = Response(sent.content, mimetype=sent.media_type)
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": sent.name}
    )
    answer.content_length = sent.size
    answer.headers["X-Receipt"] = ids.encode("receipt", sent.receipt)
    answer.headers["X-Content-SHA256"] = sent.sha256
    return answer


def _rows(typed: str) -> tuple[Rows, ...]:
    found = []
    for line in typed.splitlines():
        if line.strip():
            name, equals, values = line.partition("=")
            if not equals:
                raise Invalid({"rows": [NOT_ROWS]})
            found.append(Rows(name.strip(), _names(values)))
    return tuple(found)


def _mask(line: str) -> Mask:
    """Return what a line says: a column, then a word or a number of characters."""
    name, _, how = line.strip().rpartition(" ")
    if how.isascii() and how.isdigit() and len(how) < 4:
        return Mask(name.strip(), "first", int(how))
    return Mask(name.strip(), how if how in HOW else "")


def _names(typed: str) -> tuple[str, ...]:
    found = (name.strip() for name in typed.replace("，", ",").split(","))
    return tuple(name for name in found if name)


def _to(product: str) -> ResponseReturnValue:
    return redirect(url_for("vendor.cut", product=product), HTTPStatus.SEE_OTHER)
