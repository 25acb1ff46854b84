"""Licences: what they say, as text and for machines; composed by vendors; compared."""

import json
from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields
from sqlalchemy import Connection

from listings import catalogue, composer, differences, licences
from listings.formats import odrl
from listings.licences import EXCLUSIVITY, PURPOSES, USES, Licence, Terms
from listings.odrl.policy import Policy
from listings.standard import ALL, STANDARD
from listings.vocabulary import SECTORS, WORLD, Name, regions
from marketplace.language import language
from marketplace.licensing import offers
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.codes import named
from marketplace.web.forms import Form, Whole, again, choice, read, text, typed
from settlement import ids

bp = Blueprint("licences", __name__)
JSON_LD, TURTLE = "application/ld+json", "text/turtle"
ANSWERS = ("allowed", "on_request", "forbidden")


class TermsForm(Form):
    """The choices that make a licence."""

    title_zh = text(composer.TITLE_MAX)
    title_en = text(composer.TITLE_MAX)
    uses = fields.List(fields.String(), load_default=list)
    exclusivity = choice(EXCLUSIVITY, needed=False, default="none")
    field = choice(SECTORS, needed=False)
    territory = choice(regions(), needed=False, default=WORLD)
    term_days = Whole(1, composer.DAYS_MAX, load_default=None)
    volume_max = Whole(1, composer.VOLUME_MAX, load_default=None)
    transfer = text(1, needed=False)
    retention = choice(composer.RETENTION, needed=False, default="keep")
    delete_days = Whole(1, composer.DAYS_MAX, load_default=30)
    derivation = choice(composer.DERIVATION, needed=False, default="internal")
    attribution = text(1, needed=False)
    share_alike = text(1, needed=False)
    report_days = Whole(1, composer.DAYS_MAX, load_default=None)
    code = text(80, needed=False)


PurposesForm: Any = Form.from_dict(
    {
        f"purpose_{code}": choice(ANSWERS, needed=False, default="forbidden")
        for code in PURPOSES
    }
)


# ── to read ──


@bp.get("/licences/<int(max=9007199254740991):number>")
def show(number: int) -> ResponseReturnValue:
    """Show a licence: its text, its rights, its versions, and it for machines."""
    with services().reads.connect() as db:
        found = licences.get(db, number)
        return render_template(
            "licences/licence.html",
            licence=found,
            versions=licences.versions(db, found.code),
            others=[one for one in _comparable(db) if one.code != found.code],
            purposes=PURPOSES,
            uses=USES,
        )


@bp.get("/licences/compare")
def compare() -> ResponseReturnValue:
    """Show two licences clause by clause."""
    with services().reads.connect() as db:
        one, other = (_chosen(db, side) for side in ("one", "other"))
        changes = differences.between(one, other, language()) if one and other else []
        facts = (
            differences.facts_between(one.terms, other.terms) if one and other else []
        )
        return render_template(
            "licences/compare.html",
            one=one,
            other=other,
            changes=changes,
            facts=facts,
            known=_comparable(db),
        )


def _comparable(db: Connection) -> list[Licence]:
    """Return the licences that are in the books and that a visitor may choose from."""
    own = licences.owned(db, me().member) if me().is_authenticated else []
    return [*own, *licences.offered(db)]


def _chosen(db: Connection, side: str) -> Licence | None:
    number = request.args.get(side, "")
    return licences.get(db, int(number[:9])) if number.isdecimal() else None


@bp.get("/licences/<int(max=9007199254740991):number>/odrl.<form>")
def export(number: int, form: str) -> ResponseReturnValue:
    """Answer a licence as ODRL: ``jsonld`` or ``ttl``."""
    with services().reads.connect() as db:
        policy = odrl.policy(licences.get(db, number))
    return written(policy, form)


@bp.get("/listings/<product>/odrl.<form>")
def export_listing(product: str, form: str) -> ResponseReturnValue:
    """Answer a listing's offers as ODRL, one for each instrument."""
    with services().reads.connect() as db:
        found = catalogue.listing(db, ids.decode("product", product))
        policies = offers(db, found)
    if form == "ttl":
        body = "\n".join(odrl.to_turtle(policy) for policy in policies)
        return Response(body, mimetype=TURTLE)
    return _json([odrl.to_jsonld(policy) for policy in policies])


def written(policy: Policy, form: str) -> Response:
    """Return *policy* in the form asked for, JSON-LD unless it is ``ttl``."""
    if form == "ttl":
        return Response(odrl.to_turtle(policy), mimetype=TURTLE)
    return _json(odrl.to_jsonld(policy))


def _json(value: Any) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, indent=1), mimetype=JSON_LD)


# ── to compose ──


@bp.get("/vendor/licences")
@needs("vendor")
def mine() -> ResponseReturnValue:
    """Show the vendor's own licences and the exchange's."""
    with services().reads.connect() as db:
        own = licences.owned(db, me().member)
        used = {found.code: found for found in licences.offered(db)}
    return render_template(
        "licences/mine.html",
        own=own,
        standard=[used.get(found.code, found) for found in ALL],
    )


@bp.get("/vendor/licences/new")
@needs("vendor")
def new() -> ResponseReturnValue:
    """Show the form, filled as the licence that it begins from."""
    begun = _begun()
    return render_template(
        "licences/compose.html",
        begun=begun,
        terms=begun.terms,
        standard=STANDARD,
        purposes=named(PURPOSES),
        uses=named(USES),
        sectors=named(SECTORS),
        places=named(regions()),
        exclusivity=named(EXCLUSIVITY),
        retention=named(composer.RETENTION),
        derivation=named(composer.DERIVATION),
        preview=g.get("preview"),
        code=typed("code", request.args.get("code", "")),
    )


@bp.post("/vendor/licences/new")
@needs("vendor")
@again(new)
def create() -> ResponseReturnValue:
    """Show what the choices say, or put the licence in."""
    title, terms, code = _typed()
    composer.check(title, terms)
    if "preview" in request.form:
        g.typed = request.values
        g.preview = composer.compose("", "", title, terms)
        return new()
    with services().writes.begin() as db:
        number = composer.save(db, me().member, title, terms, code or None)
    flash(
        gettext("The licence is made. Choose it where you say what is sold."), "success"
    )
    return redirect(url_for(".show", number=number), HTTPStatus.SEE_OTHER)


def _typed() -> tuple[Name, Terms, str]:
    """Return what was typed: title, terms, and the code that gets a new version."""
    values, answers = read(TermsForm()), read(PurposesForm())
    by_answer = {
        answer: tuple(c for c in PURPOSES if answers[f"purpose_{c}"] == answer)
        for answer in ANSWERS
    }
    terms = Terms(
        tuple(use for use in USES if use in values["uses"]),
        by_answer["allowed"],
        values["exclusivity"],
        values["field"] or None,
        values["territory"],
        values["term_days"],
        values["volume_max"],
        bool(values["transfer"]),
        values["retention"],
        values["derivation"],
        bool(values["attribution"]),
        bool(values["share_alike"]),
        by_answer["on_request"],
        values["delete_days"],
        values["report_days"],
    )
    return Name(values["title_zh"], values["title_en"]), terms, values["code"]


def _begun() -> Licence:
    """Return the licence that the form begins from: one of ours, or of the vendor's."""
    wanted = request.args.get("from", "internal")
    known = {found.code: found for found in STANDARD}
    code = request.args.get("code", "")
    if code:
        with services().reads.connect() as db:
            own = licences.owned(db, me().member)
        known |= {found.code: found for found in own}
        wanted = code
    return known.get(wanted, STANDARD[0])
