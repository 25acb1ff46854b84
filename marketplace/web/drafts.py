"""What a vendor types of a product, turned into the facts of the catalogue and back."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from listings import dictionary, licences, plans, products
from listings.instruments import DAYS_MAX, DELIVERIES_MAX, LOT_MAX, TERM_DAYS_MAX, Unit
from listings.marking import N_
from listings.plans import Plan, Tier
from listings.products import Facts
from listings.registration import declaration
from listings.registration.declaration import CELL_MAX, CELLS, RIGHTS, STATEMENT_MAX
from listings.releases import NOTES_MAX
from listings.standard import ALL
from listings.vocabulary import CLASSES, INDUSTRIES, MODES, SECTORS, UPDATES, regions
from marketplace.web.forms import Form, PublicId, Whole, amount, choice, read, text
from settlement.errors import Invalid
from settlement.money import AMOUNT_MAX, BY_ASSET, NotAnAmount, parse

TIER_DIGITS = 13
SETTLEMENTS = ("instant", "escrow")
ACCEPTANCE_DAYS = 7  # working days, unless the vendor says otherwise
NOT_A_TIER = N_("A line is “up to: price”; the last line is the price alone.")
LONG_MAX = 200_000  # characters that a form takes; imports may bring more


class DraftForm(Form):
    """The facts of a product; almost all may be missing in a draft."""

    kind = choice(CLASSES)
    title_zh = text(products.TITLE_MAX, needed=False)
    title_en = text(products.TITLE_MAX, needed=False)
    summary_zh = text(products.SUMMARY_MAX, needed=False)
    summary_en = text(products.SUMMARY_MAX, needed=False)
    description_zh = text(LONG_MAX, needed=False)
    description_en = text(LONG_MAX, needed=False)
    keywords = text(products.SUMMARY_MAX, needed=False)
    sector = choice(SECTORS, needed=False)
    industry = choice(INDUSTRIES, needed=False)
    region = choice(regions(), needed=False)
    updates = choice(UPDATES, needed=False)
    publisher = text(products.SUMMARY_MAX, needed=False)
    source_url = text(products.URL_MAX, needed=False)
    coverage_from = text(10, needed=False)
    coverage_until = text(10, needed=False)
    row_count = Whole(0, products.NUMBER_MAX, load_default=None)
    dictionary = text(LONG_MAX, needed=False)
    sample = text(LONG_MAX, needed=False)
    rights_note = text(LONG_MAX, needed=False)
    granularity = text(products.GRANULARITY_MAX, needed=False)
    documentation_url = text(products.URL_MAX, needed=False)
    support = text(products.SUMMARY_MAX, needed=False)
    source_route = choice(declaration.ROUTES, needed=False)
    source_statement = text(STATEMENT_MAX, needed=False)
    sensitivity = choice(declaration.SENSITIVITIES, needed=False)
    personal = choice(declaration.PERSONAL, needed=False)
    purpose = text(STATEMENT_MAX, needed=False)
    scene = text(STATEMENT_MAX, needed=False)
    hold_holder = text(CELL_MAX, needed=False)
    hold_basis = text(CELL_MAX, needed=False)
    hold_limits = text(CELL_MAX, needed=False)
    use_holder = text(CELL_MAX, needed=False)
    use_basis = text(CELL_MAX, needed=False)
    use_limits = text(CELL_MAX, needed=False)
    operate_holder = text(CELL_MAX, needed=False)
    operate_basis = text(CELL_MAX, needed=False)
    operate_limits = text(CELL_MAX, needed=False)


class VersionForm(Form):
    """The version of the facts that a form was filled in over."""

    version = Whole(1, 2**31, load_default=1)


class UnitForm(Form):
    """What is sold: a licence, a unit, a symbol."""

    symbol = text(32)
    licence = text(80)
    mode = choice(MODES)
    currency = choice(str(asset) for asset in BY_ASSET)
    tick = Whole(1, AMOUNT_MAX, load_default=1)
    lot = Whole(1, LOT_MAX, load_default=1)
    term_days = Whole(1, TERM_DAYS_MAX, load_default=None)
    deliveries_max = Whole(1, DELIVERIES_MAX, load_default=None)
    transferable = text(1, needed=False)
    trial_of = PublicId("instrument", load_default=None)
    settlement = choice(SETTLEMENTS, needed=False, default=SETTLEMENTS[0])
    acceptance_days = Whole(1, DAYS_MAX, load_default=ACCEPTANCE_DAYS)
    delivery_days = Whole(0, DAYS_MAX, load_default=0)
    tiers = text(2_000, needed=False)
    pack = Whole(1, plans.PACK_MAX, load_default=1)
    period_days = Whole(1, plans.PERIOD_DAYS_MAX, load_default=30)
    free_units = Whole(0, plans.UNITS_MAX, load_default=0)
    spend_cap = text(24, needed=False)
    quota = Whole(1, plans.UNITS_MAX, load_default=None)
    seats = Whole(1, plans.SEATS_MAX, load_default=1)


class ReleaseForm(Form):
    """The label and notes of a release; its files come beside it."""

    label = text(40)
    notes_zh = text(NOTES_MAX, needed=False)
    notes_en = text(NOTES_MAX, needed=False)


def changed(
    known: Facts | None, given: Mapping[str, Any], names: Collection[str] = ()
) -> Facts:
    """Return *known* facts with the fields *names*, or all, as they are *given*.

    What no form shows stays as it is, and so does what was not typed anew: a dictionary
    that was imported has more than its lines show. Invalid for what cannot be kept.
    """
    known = known or Facts("dataset")
    typed = read(DraftForm(only=tuple(names)) if names else DraftForm(), given)
    shown = values(known)
    same = {n for n in _REWRITTEN if str(shown.get(n)).strip() == typed.get(n)}
    said = {name: typed[name] for name in typed.keys() & set(Facts._fields) - same}
    said |= {name: said[name] or None for name in _ABSENT & said.keys()}
    said |= {name: _REWRITTEN[name](said[name]) for name in _REWRITTEN.keys() & said}
    if any(f"{right}_{cell}" in typed for right in RIGHTS for cell in CELLS):
        said["rights"] = _matrix(typed)
    if "dictionary" in said:
        said["dictionary"] = dictionary.retyped(known.dictionary, said["dictionary"])
    made = known._replace(**said)
    wrong = products.wrong(made)
    products.refuse({field: texts for field, texts in wrong.items() if field in said})
    return made


def values(known: Facts) -> dict[str, Any]:
    """Return *known* facts as they are typed."""
    sample = known.sample or {}
    rows = [sample.get("columns", []), *sample.get("rows", [])]
    return known._asdict() | {
        "keywords": ", ".join(known.keywords),
        "dictionary": "\n".join(map(_line, known.dictionary)),
        "sample": sample.get("text") or _csv(rows),
        **{
            f"{right}_{cell}": (known.rights or {}).get(right, {}).get(cell, "")
            for right in RIGHTS
            for cell in CELLS
        },
        "row_count": "" if known.row_count is None else known.row_count,
    }


def unit(db: Connection, typed: dict[str, Any], vendor: int) -> Unit:
    """Return the unit that was *typed* into a `UnitForm`; its licence is put in.

    It is one of the exchange's, or the newest version of one of the *vendor*'s own.
    """
    waits = typed["settlement"] == "escrow"
    return Unit(
        typed["symbol"].upper(),
        licences.chosen(db, typed["licence"], vendor, ALL),
        typed["mode"],
        int(typed["currency"]),
        typed["tick"],
        typed["lot"],
        typed["term_days"],
        typed["deliveries_max"],
        bool(typed["transferable"]),
        plan(typed),
        typed["trial_of"],
        *((typed["acceptance_days"], typed["delivery_days"]) if waits else (0, 0)),
    )


def plan(typed: dict[str, Any]) -> Plan | None:
    """Return the plan that was *typed*; None if use is not charged and seats are one.

    Tiers are lines ``up to: price``; the last line is the price alone.
    """
    if typed["mode"] not in plans.METERED:
        seats = typed["seats"]
        plain = typed["mode"] != plans.PER_SEAT or seats == 1
        return None if plain else Plan(seats=seats)
    if not typed["tiers"]:  # packs that are paid beforehand
        return None
    code = BY_ASSET[int(typed["currency"])].code
    capped = bool(typed["spend_cap"])
    return Plan(
        typed["pack"],
        tuple(
            _tier(line, code) for line in typed["tiers"].splitlines() if line.strip()
        ),
        typed["period_days"],
        typed["free_units"],
        amount(typed, "spend_cap", code) if capped else None,
        typed["quota"],
    )


def _tier(line: str, code: str) -> Tier:
    """Return the tier that one line says; Invalid if it says none."""
    ends, _, price = line.replace("：", ":").rpartition(":")
    ends = ends.strip().replace(",", "")
    if ends and not (ends.isascii() and ends.isdigit() and len(ends) <= TIER_DIGITS):
        raise Invalid({"tiers": [NOT_A_TIER]})
    try:
        return Tier(int(ends) if ends else None, parse(price, code))
    except NotAnAmount as error:
        raise Invalid({"tiers": [NOT_A_TIER]}) from error


def _words(text_of: str) -> tuple[str, ...]:
    """Return the words between commas of either script, each once."""
    for comma in "，、；;\n":
        text_of = text_of.replace(comma, ",")
    words = (word.strip() for word in text_of.split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def _columns(text_of: str) -> tuple[dict[str, Any], ...]:
    """Return a dictionary: ``name | type | Chinese | English``, one column a line."""
    names = ("name", "type", "zh", "en")
    lines = (line.split("|") for line in text_of.splitlines() if line.strip())
    return tuple(
        dict.fromkeys(names, "")
        | {name: part.strip() for name, part in zip(names, line, strict=False)}
        for line in lines
    )


def told(column: dict[str, Any]) -> str:
    """Return all that is said of a column, in one line."""
    names = [name for name in dictionary.OWN if name in column and name != "codes"]
    codes = codes_typed(column.get("codes", ())).splitlines()
    more = [f"{name}: {column[name]}" for name in names]
    return " | ".join(
        [_line(column), *more, *([f"codes: {'; '.join(codes)}"] * bool(codes))]
    )


def codes_typed(codes: Iterable[Mapping[str, str]]) -> str:
    """Return a column's codes as they are typed, one a line."""
    return "\n".join(
        " | ".join(code.get(part, "") for part in ("code", "zh", "en")).rstrip(" |")
        for code in codes
    )


def codes_in(typed: str) -> list[dict[str, str]]:
    """Return the codes that lines ``code | Chinese | English`` say."""
    lines = (line.split("|", 2) for line in typed.splitlines() if line.strip())
    return [
        {
            part: text
            for part, text in zip(("code", "zh", "en"), parts, strict=False)
            if text
        }
        for parts in ([part.strip() for part in line] for line in lines)
    ]


def _line(column: dict[str, Any]) -> str:
    return " | ".join(
        str(column.get(name, "")) for name in ("name", "type", "zh", "en")
    )


def _matrix(typed: dict[str, Any]) -> dict[str, dict[str, str]] | None:
    """Return who holds which right, as far as it was said."""
    matrix = {
        right: {c: typed[f"{right}_{c}"] for c in CELLS if typed.get(f"{right}_{c}")}
        for right in RIGHTS
    }
    return {right: cells for right, cells in matrix.items() if cells} or None


def _sample(text_of: str) -> dict[str, Any] | None:
    """Return the sample in CSV: the first line names the columns."""
    rows = [row for row in csv.reader(io.StringIO(text_of)) if row]
    return {"columns": rows[0], "rows": rows[1:]} if rows else None


def _csv(rows: list[list[Any]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(row for row in rows if row)
    return written.getvalue()


# Fields of facts that are null where nothing is typed.
_ABSENT = {
    *("sector", "region", "updates", "coverage_from", "coverage_until"),
    *("industry", "source_route", "sensitivity", "personal"),
}
# Fields that are typed as text and kept as something else.
_REWRITTEN: Mapping[str, Callable[[str], Any]] = {
    "keywords": _words,
    "dictionary": _columns,
    "sample": _sample,
}
