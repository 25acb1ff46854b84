"""Descriptions for programs: by address, by Accept, page by page."""

import json
import re
import zipfile

import pytest
from rdflib import DCAT, ODRL2, RDF, Graph, URIRef

from listings import catalogue, publication, visibility
from listings.formats import rdf
from listings.formats.kinds import FORMATS, for_catalogues, for_class
from listings.intake import recognition
from marketplace import exporting
from marketplace.licensing import offers
from settlement import ids
from tests.flows.market import FACTS, listed, location


@pytest.fixture
def product(visit) -> str:
    return listed(visit("vendor"), visit("registrar"))


def test_a_listing_is_described_in_every_format(visit, product):
    for form in for_class("dataset"):
        answer = visit("").get(f"/listings/{product}.{form.suffix}")
        assert answer.status_code == 200, form
        assert answer.mimetype == form.media_type
        (found,) = form.read(answer.data)
        assert found.id == product
        assert found.facts.title_zh == FACTS["title_zh"]
        assert found.facts.dictionary[0]["name"] == "port"
    # What a format cannot say is refused with the reason.
    answer = visit("").get(f"/listings/{product}.openapi.json")
    assert answer.status_code == 422
    assert visit("").get(f"/listings/{product}.exe").status_code == 404
    turtle = visit("").get(f"/listings/{product}.ttl").text
    assert "120.00" in turtle
    assert "hasPolicy" in turtle
    contract = visit("").get(f"/listings/{product}.odcs.yaml").text
    assert "priceAmount: 120.0" in contract


def test_a_program_is_led_to_what_it_reads(visit, product):
    nobody = visit("")
    for kind, suffix in (
        ("text/turtle", "ttl"),
        ("application/rdf+xml", "rdf"),
        ("application/ld+json;q=0.9, text/html;q=0.1", "jsonld"),
    ):
        for path in ("/catalogue", f"/listings/{product}"):
            answer = nobody.get(path, headers={"Accept": kind})
            assert location(answer) == f"{path}.{suffix}"
            assert "Accept" in answer.headers["Vary"]
    assert location(nobody.get("/catalogue")) == "/help/formats"
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert nobody.get(f"/listings/{product}", headers=browser).status_code == 200


def test_the_page_names_its_descriptions_and_speaks_schema_org(visit, product):
    page = visit("").get(f"/listings/{product}").text
    for form in for_class("dataset"):
        assert f'href="/listings/{product}.{form.suffix}"' in page
    said = re.search(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', page)
    linked = json.loads(said[1])
    assert linked["@type"] == "Dataset"
    assert linked["offers"][0]["price"] == "120.00"
    assert len(rdf.parse(said[1].encode(), "json-ld")) > 20


def test_the_policy_in_dcat_is_the_policy_that_is_enforced(visit, parts, product):
    text = visit("").get(f"/listings/{product}.ttl").text
    with parts.reads.connect() as db:
        listing = catalogue.listing(db, ids.decode("product", product))
        (policy,) = offers(db, listing)
        (unit,) = catalogue.instruments_of(db, listing.id)
    url = f"http://localhost/listings/{product}"
    there = Graph().parse(data=text, format="turtle")
    permitted = list(
        there.objects(URIRef(f"{url}#offer-{unit.symbol}"), ODRL2.permission)
    )
    assert len(permitted) == 1
    actions = {str(action) for action in there.objects(permitted[0], ODRL2.action)}
    (rule,) = [rule for rule in policy.rules if rule.kind == "permission"]
    assert actions == {term.iri for term in rule.actions}
    assert set(there.objects(permitted[0], ODRL2.target)) == {URIRef(url)}
    forbidden = [rule for rule in policy.rules if rule.kind == "prohibition"]
    offer = URIRef(f"{url}#offer-{unit.symbol}")
    assert len(list(there.objects(offer, ODRL2.prohibition))) == len(forbidden) > 0


def test_the_catalogue_is_a_table_that_our_import_understands(visit):
    made = [listed(visit("vendor"), visit("registrar")) for _ in range(2)]
    for suffix in exporting.SHEETS:
        answer = visit("").get(f"/catalogue.{suffix}?limit=1")
        assert 'rel="next"' in ",".join(answer.headers.getlist("Link"))
        whole = visit("").get(f"/catalogue.{suffix}").data
        known = recognition.recognise(whole)
        mapping = recognition.suggested(known.table)
        read = [each.found for _, each in recognition.entries(whole, known, mapping)]
        assert [found.id for found in read] == made
        with_facts = FACTS | {"keywords": ("港口", "port")}
        for name in (
            "title_zh",
            "summary_en",
            "sector",
            "region",
            "updates",
            "keywords",
        ):
            assert getattr(read[0].facts, name) == with_facts[name], (suffix, name)
        assert "internal" in str(read[0].licence)


def test_the_catalogue_comes_page_by_page(visit):
    made = [listed(visit("vendor"), visit("registrar")) for _ in range(3)]
    for form in for_catalogues():
        path, pages = f"/catalogue.{form.suffix}?limit=2", []
        while path:
            answer = visit("").get(path)
            assert answer.mimetype == form.media_type
            pages.append([found.id for found in form.read(answer.data)])
            links = ",".join(answer.headers.getlist("Link"))
            following = re.search(r'<([^>]+)>; rel="next"', links)
            path = following and following[1].removeprefix("http://localhost")
        assert [len(page) for page in pages] == [2, 1]
        assert sorted(pages[0] + pages[1]) == sorted(made)


def test_an_empty_catalogue_is_a_catalogue(visit):
    for form in for_catalogues():
        answer = visit("").get(f"/catalogue.{form.suffix}")
        assert answer.status_code == 200
        assert list(form.read(answer.data)) == []
    graph = Graph().parse(data=visit("").get("/catalogue.ttl").data, format="turtle")
    assert list(graph.subjects(RDF.type, DCAT.Catalog))


def test_what_is_not_public_is_in_no_export(visit, product, parts):
    page = f"/vendor/products/{product}"
    location(visit("vendor").post(f"{page}/delist", reason="over"))
    for form in FORMATS:
        assert visit("").get(f"/listings/{product}.{form.suffix}").status_code == 404
        if form.write_catalogue:
            assert product not in visit("").get(f"/catalogue.{form.suffix}").text
    assert "/catalogue" not in visit("").get(f"/listings/{product}").text
    with parts.reads.connect() as db:
        assert publication.count(db) == 0


def test_a_bundle_has_everything(visit, product, parts, tmp_path):
    target = tmp_path / "all.zip"
    with parts.reads.connect() as db:
        done, left_out = exporting.bundle(db, "https://m.example", target)
    assert (done, left_out) == (1, [])
    names = set(zipfile.ZipFile(target).namelist())
    assert {f"listings/{product}.{f.suffix}" for f in for_class("dataset")} <= names
    assert any(name.startswith("catalogue/") for name in names)
    assert not list(tmp_path.glob(".*"))


def test_a_page_that_cannot_be_is_refused(visit):
    for query in ("after=x", "limit=0", "limit=101", "limit=x"):
        assert visit("").get(f"/catalogue.ttl?{query}").status_code == 422


def test_a_private_listing_is_in_no_export(visit, product, parts):
    number = ids.decode("product", product)
    with parts.writes.begin() as db:
        visibility.restrict(db, number, visibility.PRIVATE, 0)
    for form in FORMATS:
        assert visit("").get(f"/listings/{product}.{form.suffix}").status_code == 404
        if form.write_catalogue:
            assert product not in visit("").get(f"/catalogue.{form.suffix}").text
    packages = visit("").get("/api/3/action/package_list").json["result"]
    assert packages == []
    assert f"{product}.ttl" not in visit("vendor").get(f"/listings/{product}").text
