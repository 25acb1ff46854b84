"""Hostile and broken documents are refused, with the line or field, and quickly."""

import json
import time

import pytest

from listings.formats import dcat, documents, odcs, rdf
from listings.formats.documents import DocumentTooLarge, Malformed, json_of, yaml_of
from listings.formats.kinds import FORMATS

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>&b;
</rdf:Description></rdf:RDF>"""
OUTSIDE = BOMB.replace(b'"aaaa"', b'SYSTEM "file:///etc/passwd"')
REMOTE = {
    "an address": {"@context": "https://schema.org/"},
    "one of a list": {"@context": [{}, "https://w3id.org/x"]},
    "inside": {"@graph": [{"@context": {"x": {"@context": "file:///etc/passwd"}}}]},
    "a name in disguise": {"\u0040context": "https://a.example/c"},
    "an import": {"@context": {"@import": "https://a.example/c"}},
}


@pytest.mark.parametrize(
    "data",
    [BOMB, OUTSIDE, BOMB.decode().encode("utf-16")],
    ids=("bomb", "xxe", "utf16"),
)
def test_entities_are_refused_before_they_grow(data):
    with pytest.raises(Malformed) as refused:
        list(dcat.read(data, "xml"))
    assert refused.value.place.startswith("line ")


@pytest.mark.parametrize("document", REMOTE.values(), ids=REMOTE)
def test_no_context_is_fetched(document):
    with pytest.raises(Malformed) as refused:
        list(dcat.read(json.dumps(document).encode(), "json-ld"))
    assert "@context" in refused.value.place


@pytest.mark.parametrize(
    ("data", "syntax", "place"),
    [
        (b"@prefix a: <b>.\n\na:x ] a:y .", "turtle", "line 3"),
        (b"<rdf>\n<a></b>", "xml", "line 2"),
        (b'{"a": 1,\n "b" 2}', "json-ld", "line 2"),
        (b"\xff\xfe\x00", "turtle", "line 1"),
        (b"", "xml", "line 1"),
    ],
)
def test_what_is_broken_is_named_by_its_line(data, syntax, place):
    with pytest.raises(Malformed) as refused:
        rdf.parse(data, syntax)
    assert refused.value.place == place


@pytest.mark.parametrize("syntax", ["turtle", "json-ld"])
def test_a_graph_has_a_limit_of_triples(monkeypatch, syntax):
    monkeypatch.setattr(rdf, "TRIPLES_MAX", 10)
    turtle = b"".join(b'<a:%d> <a:b> "%d" .\n' % (n, n) for n in range(20))
    nodes = [{"@id": f"a:{n}", "a:b": n} for n in range(20)]
    data = turtle if syntax == "turtle" else json.dumps(nodes).encode()
    with pytest.raises(DocumentTooLarge) as refused:
        rdf.parse(data, syntax)
    assert refused.value.limit == "triples"


def test_reading_ends_in_time(monkeypatch):
    monkeypatch.setattr(rdf, "PARSING_MAX_S", -1)
    data = b"".join(b'<a:%d> <a:b> "%d" .\n' % (n, n) for n in range(2000))
    with pytest.raises(DocumentTooLarge) as refused:
        rdf.parse(data, "turtle")
    assert refused.value.limit == "seconds"


def test_depth_has_a_limit():
    for data in (b"[" * 1_000 + b"]" * 1_000, b"[" * 200_000):
        with pytest.raises((DocumentTooLarge, Malformed)):
            json_of(data)
        with pytest.raises((DocumentTooLarge, Malformed)):
            yaml_of(data[:3_000])
    with pytest.raises((DocumentTooLarge, Malformed)):
        rdf.parse(b"<a:a> <a:b> " + b"[ <a:b> " * 50_000, "turtle")


def test_size_has_a_limit(monkeypatch):
    monkeypatch.setattr(documents, "DOCUMENT_MAX", 10)
    for form in FORMATS:
        with pytest.raises(DocumentTooLarge):
            list(form.read(b" " * 11))


def test_yaml_does_not_multiply():
    bomb = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"
    with pytest.raises(Malformed) as refused:
        list(odcs.read(bomb))
    assert refused.value.place == "line 2"
    for sly in (b"a: !!python/object/apply:os.system [ls]", b"a: [", b"- *x", b"\t"):
        with pytest.raises(Malformed):
            yaml_of(sly)


def test_days_in_yaml_stay_as_written():
    assert yaml_of(b"a: 2020-01-01\nb: 1\nc: yes") == {
        "a": "2020-01-01",
        "b": 1,
        "c": True,
    }


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.suffix)
@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"3", b'"x"', b"[[[]]]", b"\x00", b"a: b", b"<a/>"],
)
def test_documents_of_another_kind_are_refused_and_break_nothing(form, data):
    began = time.perf_counter()
    try:
        found = list(form.read(data))
    except Malformed:
        found = []
    assert not [entry for entry in found if hasattr(entry, "facts")]
    assert time.perf_counter() - began < 5
