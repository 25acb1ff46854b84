"""Columns and code lists in linked data and Croissant: ours, and those of others."""

import json

import pytest
from rdflib import CSVW, RDF, SKOS, Graph

from listings.formats import croissant, dcat, rdf, schema_org
from listings.formats.description import Content, Description, Vendor, beside
from listings.formats.kinds import BY_SUFFIX
from listings.products import Facts

COLUMNS = (
    {
        "name": "机场 code",
        "type": "VARCHAR(4)",
        "zh": "机场",
        "en": "Airport",
        "about_zh": "起飞机场。",
        "about_en": "Where it takes off.",
        "unit": "km",
        "personal": "none",
        "codes": [
            {"code": "ZSPD", "zh": "浦东", "en": "Pudong"},
            {"code": "ZBAA", "en": "Beijing"},
            {"code": "10"},
        ],
    },
    {"name": "_day", "type": "date", "zh": "", "en": "Day"},
    {"name": "delay", "type": "number", "zh": "延误", "en": ""},
)
DATA = Content("notes.pdf", 1, "a" * 64, "application/pdf")
TABLE = Content("flights.csv", 1, "b" * 64, "text/csv")
SAID = Description(
    "prd_0000001",
    "https://m.example/1",
    Facts("dataset", "航班", "Flights", dictionary=COLUMNS),
    Vendor("mem_0000001", "甲", "A", "https://m.example/a"),
    *["2026-01-02T03:04:05Z"] * 2,
    files=(DATA, TABLE),
)
FOREIGN = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix csvw: <http://www.w3.org/ns/csvw#> .
@prefix qb: <http://purl.org/linked-data/cube#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<a:d> a dcat:Dataset ; dct:title "Trees"@en ; dcat:distribution <a:csv> .
<a:csv> a dcat:Distribution ; csvw:tableSchema [ csvw:column (
  [ csvw:name "genus" ; csvw:title "Genus"@en ; qb:codeList <a:genera> ]
  [ csvw:name "tree%20height" ; csvw:required true ;
    csvw:datatype [ csvw:base xsd:double ; csvw:minimum "0" ] ]
  [ csvw:virtual true ] ) ] .
<a:genera> a skos:ConceptScheme ; skos:hasTopConcept <a:g/Acer> .
<a:g/Quercus> skos:inScheme <a:genera> ; skos:prefLabel "oak"@en, "栎"@zh .
"""


@pytest.mark.parametrize("suffix", ["ttl", "jsonld", "rdf"])
def test_columns_stand_at_the_table_and_come_back(suffix):
    form = BY_SUFFIX[suffix]
    assert "dictionary" not in beside(SAID.facts, form.understood(SAID))
    (found,) = form.read(form.write(SAID))
    assert found.facts == SAID.facts
    syntax = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}[suffix]
    graph = rdf.parse(form.write(SAID), syntax)
    (table,) = graph.subjects(CSVW.tableSchema)
    assert TABLE.sha256[:16] in table
    names = {str(name) for name in graph.objects(None, CSVW.name)}
    assert names == {"%E6%9C%BA%E5%9C%BA%20code", "%5Fday", "delay"}
    assert len(list(graph.subjects(RDF.type, SKOS.Concept))) == 3


def test_without_files_the_columns_stand_at_the_one_distribution():
    (found,) = dcat.read(dcat.write(SAID._replace(files=())))
    assert found.facts.dictionary == COLUMNS


def test_columns_of_others_are_read_and_nothing_of_them_is_lost():
    (found,) = dcat.read(FOREIGN.encode())
    genus, height = found.facts.dictionary
    assert (genus["name"], genus["en"], genus["type"]) == ("genus", "Genus", "")
    oak = {"code": "Quercus", "zh": "栎", "en": "oak"}
    assert genus["codes"] == [{"code": "Acer"}, oak]
    assert (height["name"], height["type"]) == ("tree height", "double")
    kept = json.dumps(found.facts.extra)
    assert str(CSVW.required) in kept
    assert str(CSVW.virtual) in kept
    said = SAID._replace(facts=found.facts)
    (again,) = dcat.read(dcat.write(said))
    assert again.facts == found.facts


def test_a_list_without_end_is_read_once():
    graph = Graph().parse(data=FOREIGN, format="turtle")
    (head,) = graph.objects(None, CSVW.column)
    last = next(cell for cell in graph.subjects(RDF.rest, RDF.nil))
    graph.set((last, RDF.rest, head))
    (found,) = dcat.read(graph.serialize(format="nt", encoding="utf-8"))
    assert len(found.facts.dictionary) == 2


ENUMERATED = {
    "@type": "sc:Dataset",
    "name": "Titanic",
    "recordSet": [
        {
            "@type": "cr:RecordSet",
            "@id": "ports",
            "dataType": "https://schema.org/Enumeration",
            "key": {"@id": "ports/key"},
            "field": [
                {"@type": "cr:Field", "@id": "ports/label", "dataType": "sc:Text"},
                {"@type": "cr:Field", "@id": "ports/key", "dataType": "sc:Text"},
            ],
            "data": [
                {"ports/key": "C", "ports/label": "Cherbourg"},
                {"ports/key": "Q", "ports/label": "皇后镇"},
                {"ports/key": "?"},
            ],
        },
        {
            "@type": "cr:RecordSet",
            "@id": "passengers",
            "field": [
                {
                    "@type": "cr:Field",
                    "@id": "passengers/embarked",
                    "name": "embarked",
                    "description": "Where they came on board.",
                    "dataType": "sc:Text",
                    "references": {"field": {"@id": "ports/key"}},
                }
            ],
        },
    ],
}


def test_an_enumeration_of_another_is_the_codes_of_its_column():
    (found,) = croissant.read(json.dumps(ENUMERATED).encode())
    (embarked,) = found.facts.dictionary
    codes = [
        {"code": "C", "en": "Cherbourg"},
        {"code": "Q", "zh": "皇后镇"},
        {"code": "?"},
    ]
    assert embarked["codes"] == codes
    said = SAID._replace(facts=found.facts)
    made = json.loads(croissant.write(said))
    records, enumeration = made["recordSet"]
    assert enumeration["dataType"] == "sc:Enumeration"
    refers = records["field"][0]["references"]["field"]
    assert refers == enumeration["key"]
    assert croissant.understood(said).dictionary == found.facts.dictionary


def test_codes_that_nobody_can_keep_are_no_codes():
    long = json.loads(json.dumps(ENUMERATED))
    long["recordSet"][0]["data"] = [{"ports/key": f"{n}"} for n in range(501)]
    (found,) = croissant.read(json.dumps(long).encode())
    assert "codes" not in found.facts.dictionary[0]
    assert len(found.raw["recordSet"][0]["data"]) == 501


def test_search_engines_read_codes_and_so_do_we():
    columns = ({"name": "port", "type": "", "zh": "港", "en": ""},)
    columns[0]["codes"] = [{"code": "C", "en": "Cherbourg"}, {"code": "Q"}]
    said = SAID._replace(facts=SAID.facts._replace(dictionary=columns))
    assert schema_org.understood(said).dictionary == columns
