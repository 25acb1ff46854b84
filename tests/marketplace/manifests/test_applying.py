"""Listing as code: made, changed, compared, priced; every problem at once."""

import pytest
from sqlalchemy import func, select

from listings import catalogue, products, tables
from marketplace.manifests.applying import apply
from marketplace.manifests.writing import written
from marketplace.trading import reads
from settlement import ids
from settlement.errors import Forbidden, Invalid
from tests.gates import list_by_api, prove_by_api
from tests.programs import FACTS, program, put_on_market, upload
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program"]

RAIN = """\
reference: rain
facts:
  kind: dataset
  title_zh: 降水量
  title_en: Rainfall
  keywords: [rain, 降水]
  region: 31
  dictionary:
  - {name: mm, type: number, zh: 毫米, en: Millimetres}
instruments:
- symbol: rain-try
  licence: evaluation
  mode: trial
  term_days: 14
  trial_of: RAIN-YEAR
- symbol: RAIN-YEAR
  licence: internal
  mode: per_term
  term_days: 365
  price: 120000
"""


@pytest.fixture
def vendor(people):
    return people["vendor"]


def outcomes(parts, vendor, text, **options):
    return [
        o.outcome for o in apply(parts, text, vendor, **({"dry_run": False} | options))
    ]


def refused(parts, vendor, text):
    with pytest.raises(Invalid) as refusal:
        apply(parts, text, vendor, dry_run=False)
    return set(refusal.value.problems)


def count(parts):
    with parts.reads.connect() as db:
        return db.scalar(select(func.count()).select_from(tables.products))


def test_a_document_makes_a_draft_with_instruments_and_nothing_the_second_time(
    parts, vendor
):
    (made,) = apply(parts, RAIN, vendor, dry_run=False)
    assert (made.outcome, made.reference) == ("created", "rain")
    assert made.waiting == ("RAIN-YEAR",)
    with parts.reads.connect() as db:
        row = products.find(db, made.product)
        assert (row.state, row.vendor, row.edited_by) == (
            "draft",
            vendor.member,
            vendor.id,
        )
        assert products.facts_of(row).region == "31"
        year, trial = catalogue.instruments_of(db, made.product)
        assert (year.symbol, trial.symbol, trial.trial_of) == (
            "RAIN-YEAR",
            "RAIN-TRY",
            year.id,
        )
    (again,) = apply(parts, RAIN, vendor, dry_run=False)
    assert (again.outcome, again.changes, again.product) == (
        "unchanged",
        (),
        made.product,
    )
    with parts.reads.connect() as db:
        assert products.find(db, made.product).version == row.version


def test_the_difference_is_told_and_nothing_done(parts, vendor):
    (told,) = apply(parts, RAIN, vendor, dry_run=True)
    assert (told.outcome, told.product) == ("created", None)
    assert count(parts) == 0
    apply(parts, RAIN, vendor, dry_run=False)
    other = RAIN.replace("title_en: Rainfall", "title_en: Rain")
    (told,) = apply(parts, other, vendor, dry_run=True)
    assert told.changes == (("facts.title_en", "Rainfall", "Rain"),)
    assert outcomes(parts, vendor, other, dry_run=True) == ["changed"]
    assert outcomes(parts, vendor, other) == ["changed"]
    assert outcomes(parts, vendor, other) == ["unchanged"]


def test_every_problem_of_every_document_is_named_at_once_and_nothing_is_done(
    parts, vendor
):
    text = (
        RAIN
        + """\
---
reference: snow
facts:
  kind: data
  title_zh: 雪
  sector: nowhere
  colour: white
  row_count: many
instruments:
- {symbol: "?", licence: none, mode: whole}
- {symbol: RAIN-YEAR, licence: internal, mode: whole}
- {symbol: SNOW, licence: internal}
---
facts: {kind: dataset}
"""
    )
    assert refused(parts, vendor, text) == {
        "24: facts.kind",
        "26: facts.sector",
        "27: facts.colour",
        "28: facts.row_count",
        "30: instruments.0.symbol",
        "30: instruments.0.licence",
        "31: instruments.1.symbol",
        "32: instruments.2.mode",
        "34",
    }
    assert count(parts) == 0


def test_an_instrument_keeps_its_terms(parts, vendor):
    apply(parts, RAIN, vendor, dry_run=False)
    changed = RAIN.replace("term_days: 365", "term_days: 30").replace(
        "licence: internal", "licence: display"
    )
    assert refused(parts, vendor, changed) == {
        "17: instruments.1.licence",
        "19: instruments.1.term_days",
    }


def test_only_a_vendor_and_only_its_own_products(parts, people, vendor):
    (made,) = apply(parts, RAIN, vendor, dry_run=False)
    with pytest.raises(Forbidden):
        apply(parts, RAIN, people["buyer"], dry_run=False)
    public = ids.encode("product", made.product)
    theirs = f"product: {public}\nfacts: {{kind: dataset}}\n"
    assert refused(parts, people["other"], theirs) == {"1: product"}
    # The same name is another member's own.
    mine = "reference: rain\nfacts: {kind: dataset}\n"
    assert outcomes(parts, people["other"], mine) == ["created"]


def test_what_is_in_review_is_not_changed_behind_the_registrar(parts, program, vendor):
    product = program("vendor").made("/products", FACTS)["id"]
    unit = {"symbol": "SUN", "licence": "internal", "mode": "whole"}
    program("vendor").made(f"/products/{product}/instruments", unit)
    release = program("vendor").made(f"/products/{product}/releases", {"label": "1"})[
        "id"
    ]
    upload(program("vendor"), release, "hours.csv")
    program("vendor").made(f"/releases/{release}/finalise")
    prove_by_api(program("vendor"), product)
    program("vendor").made(f"/products/{product}/submit")
    text = program("vendor").read(f"/products/{product}/manifest")["text"]
    assert outcomes(parts, vendor, text) == ["unchanged"]
    assert refused(parts, vendor, text.replace("sunshine", "sun")) == {"3: facts"}


def test_a_listed_product_is_priced_and_its_facts_go_to_the_registrar(
    parts, program, vendor
):
    sold = put_on_market(program, "SUN", 1200)
    number = ids.decode("product", sold.product)
    with parts.reads.connect() as db:
        text = written(db, number, vendor.member)
    assert "price: 1200" in text
    assert outcomes(parts, vendor, text) == ["unchanged"]
    cheaper = text.replace("price: 1200", "price: 900")
    (told,) = apply(parts, cheaper, vendor, dry_run=True)
    assert told.changes == (("instruments.0.price", 1200, 900),)
    assert outcomes(parts, vendor, cheaper) == ["changed"]
    assert outcomes(parts, vendor, cheaper) == ["unchanged"]
    with parts.reads.connect() as db:
        (unit,) = catalogue.instruments_of(db, number)
        assert reads.posted_prices(db, [unit.id]) == {unit.id: 900}
    said = text.replace("price: 1200", "price: 900").replace(
        "title_en: Hours of sunshine", "title_en: Sunshine"
    )
    assert outcomes(parts, vendor, said) == ["changed"]
    with parts.reads.connect() as db:
        row = products.find(db, number)
        assert (row.state, row.title_en) == ("in_review", "Hours of sunshine")
    assert outcomes(parts, vendor, said) == ["unchanged"]


def test_a_price_that_waited_is_posted_once_it_is_listed(parts, program, vendor):
    product = program("vendor").made("/products", FACTS)["id"]
    text = program("vendor").read(f"/products/{product}/manifest")["text"]
    text += (
        "instruments:\n- {symbol: SUN, licence: internal, mode: whole, price: 700}\n"
    )
    answer = program("vendor").made("/manifests", {"text": text})
    assert answer["data"][0]["waiting"] == ["SUN"]
    release = program("vendor").made(f"/products/{product}/releases", {"label": "1"})[
        "id"
    ]
    upload(program("vendor"), release, "hours.csv")
    program("vendor").made(f"/releases/{release}/finalise")
    list_by_api(program("vendor"), program("registrar"), product)
    (changed,) = program("vendor").made("/manifests", {"text": text})["data"]
    assert changed["changes"] == [
        {"path": "instruments.0.price", "before": None, "after": 700}
    ]
    (same,) = program("vendor").made("/manifests", {"text": text})["data"]
    assert (same["outcome"], same["waiting"]) == ("unchanged", [])


def test_the_market_s_own_rules_hold_for_prices(parts, program, vendor):
    sold = put_on_market(program, "SUN", 1200)
    text = program("vendor").read(f"/products/{sold.product}/manifest")["text"]
    for wrong in ("-1", "1e3", "12.5", str(10**15 + 1)):
        said = {"text": text.replace("price: 1200", f"price: {wrong}")}
        answer = program("vendor").post("/manifests", said)
        assert answer.status_code == 422, wrong
        (where,) = answer.json["problems"]
        assert where.endswith(": instruments.0.price")


@pytest.mark.parametrize(
    "text",
    [
        'reference: "a\\ab"\nfacts: {kind: dataset}\n',
        'reference: "\\0"\nfacts: {kind: dataset}\n',
        (
            "reference: q9\nfacts: {kind: dataset}\ninstruments:\n"
            "- {symbol: A9, licence: internal, mode: per_term, term_days: 5,"
            " plan: {kind: x, tiers: [{a: 1e999}]}}\n"
        ),
    ],
)
def test_odd_references_and_plans_are_named_not_stored(parts, vendor, text):
    with pytest.raises(Invalid):
        apply(parts, text, vendor, dry_run=False)
    with parts.reads.connect() as db:
        assert db.scalar(select(func.count()).select_from(tables.products)) == 0


def test_a_number_beyond_all_numbers_stays_text(parts, vendor):
    text = "reference: q\nfacts: {kind: dataset, extra: {size: 1e999}}\n"
    apply(parts, text, vendor, dry_run=False)
    with parts.reads.connect() as db:
        (row,) = db.execute(select(tables.products)).all()
        assert products.facts_of(row).extra == {"size": "1e999"}
