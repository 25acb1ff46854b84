"""What the market is told of an instrument."""

import hashlib
import json

from listings import admission, catalogue, terms
from listings.admission import Actor
from settlement.clock import DAY_US
from tests.gates import to_market

VENDOR, REGISTRAR = Actor(5, 7), Actor(9, 0)


def listed(db, product):
    return to_market(db, product, VENDOR, REGISTRAR)


def test_the_terms_name_release_files_and_licence_by_hash(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        (facts,) = listed(db, product)
        unit = catalogue.instruments_of(db, product)[0]
    read = json.loads(facts.terms)
    (file,) = read["release"]["files"]
    assert file["sha256"] == hashlib.sha256(b"city\nNanjing\n").hexdigest()
    assert read["licence"]["sha256"] == unit.licence.sha256
    assert read["licence"]["text_zh"] == unit.licence.text_zh
    assert read["purposes"] == list(facts.purposes)
    assert facts.term_us == 365 * DAY_US


def test_the_terms_are_canonical_and_repeatable(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        told = listed(db, product)
        assert terms.of_products(db, [product]) == told
    (facts,) = told
    assert terms.canonical(json.loads(facts.terms)) == facts.terms


def test_what_is_not_listed_is_not_told(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        assert terms.of_products(db, [product]) == []
        listed(db, product)
        admission.suspend(db, product, "a complaint", REGISTRAR)
        assert terms.of_products(db, [product]) == []
