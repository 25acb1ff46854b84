"""Formats by the API: descriptions out, a vendor's own catalogue in."""

import pytest

from listings.formats.kinds import for_class
from marketplace import intaking
from tests.programs import V1, program, sun
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun"]

NEGOTIATED = ("ttl", "rdf", "jsonld")
TABLE = (
    "编号,产品名称,所属行业,更新频率,杂项\n"
    "1,港口吞吐量,交通运输,每日,甲\n"
    "2,公路货运量,交通运输,每日,乙\n"
    "3,,交通运输,每日,丙\n"
)


def bring(vendor, data: bytes, name: str = "c.csv"):
    """Bring a file; what is answered."""
    return vendor.client.post(
        f"{V1}/imports", query_string={"name": name}, data=data, headers=vendor.headers
    )


def test_every_format_is_given_by_the_api_as_by_the_pages(app, program, sun):
    nobody = program("")
    formats = nobody.read("/formats")["data"]
    alone = {one["format"] for one in formats if one["listings"]}
    assert {form.suffix for form in for_class("dataset")} < alone
    for form in for_class("dataset"):
        path = f"/listings/{sun.product}"
        answer = nobody.get(f"{path}/formats/{form.suffix}")
        assert answer.mimetype == form.media_type
        (found,) = form.read(answer.data)
        assert found.id == sun.product
        if form.suffix not in NEGOTIATED:  # in linked data some nodes have no name
            assert answer.data == app.test_client().get(f"{path}.{form.suffix}").data
    for one in formats:
        if one["catalogue"]:
            answer = nobody.get(f"/catalogue/{one['format']}", limit=1)
            assert answer.mimetype == one["media_type"]
            assert 'rel="first"' in ",".join(answer.headers.getlist("Link"))
    assert nobody.get(f"/listings/{sun.product}/formats/exe").status_code == 404
    assert nobody.get("/catalogue/odcs.yaml").status_code == 404


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_catalogue_is_brought_corrected_looked_at_and_made_drafts(
    program, monkeypatch, encoding
):
    monkeypatch.setattr(intaking, "STEP_S", 0)
    vendor = program("vendor")
    answer = bring(vendor, TABLE.encode(encoding))
    assert answer.status_code == 201, answer.text
    begun = answer.json
    assert (begun["state"], begun["total"], begun["encoding"]) == ("open", 3, encoding)
    assert begun["mapping"]["产品名称"] == "title"
    here = f"/imports/{begun['id']}"
    preview = vendor.read(f"{here}/entries")
    assert [e["outcome"] for e in preview["data"]] == ["created", "created", "refused"]
    assert preview["data"][2]["remarks"][0]["text"]
    assert vendor.read("/products")["data"] == []
    said = {name: begun[name] for name in ("form", "encoding", "delimiter", "sheet")}
    said |= {"source": "ports", "mapping": begun["mapping"] | {"杂项": "summary_zh"}}
    corrected = vendor.put(here, said | {"save_as": "ports"}).json
    assert corrected["mapping"]["杂项"] == "summary_zh"
    twice = begun["mapping"] | {"杂项": "title"}
    assert vendor.put(here, said | {"mapping": twice}).status_code == 422
    assert vendor.put(here, said | {"mapping": {"无": "title"}}).status_code == 422
    assert vendor.read("/imports/mappings")["data"]["ports"]["杂项"] == "summary_zh"
    while vendor.made(f"{here}/drafts")["state"] != "done":
        pass
    page = vendor.read(f"{here}/entries", limit=2)
    rest = vendor.read(f"{here}/entries", after=page["next"])
    lines = page["data"] + rest["data"]
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert (
        vendor.read(f"/products/{lines[0]['product']}")["facts"]["summary_zh"] == "甲"
    )
    assert rest["next"] is None
    again = bring(vendor, TABLE.encode(encoding), "ports.csv").json
    vendor.put(f"/imports/{again['id']}", said | {"mapping": None, "saved": "ports"})
    outcomes = vendor.read(f"/imports/{again['id']}/entries")["data"]
    assert [e["outcome"] for e in outcomes] == ["unchanged", "unchanged", "refused"]
    assert [one["id"] for one in vendor.read("/imports")["data"]] == [
        again["id"],
        begun["id"],
    ]
    assert program("other").get(here).status_code == 404


def test_a_file_that_is_none_is_refused(program):
    assert bring(program("vendor"), b"\x7fELF\x02\x01" + b"\0" * 99).status_code == 422
    assert bring(program("vendor"), b"").status_code == 422
