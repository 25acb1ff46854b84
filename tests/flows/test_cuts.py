"""What a licence leaves of a table, however it is taken; whose copy a leaked one is."""

import io
import json
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

import duckdb
import pytest

from listings.cleanroom import settings as rooms
from listings.cuts.settings import Cut, Mark
from marketplace.delivery import leaks
from settlement import ids
from settlement.errors import Invalid
from settlement.invariants import violations
from tests.backends import GRADUATED, SERVICE
from tests.gates import list_by_api
from tests.programs import FACTS, V1, Sold, buy, pay_in, program, upload
from tests.visitors import app, bearer, parts, people, visit

__all__ = ["app", "bearer", "parts", "people", "program", "visit"]
CONTENT = "code,region,hours,grid\n" + "".join(
    f"K{n},{'abc'[n % 3]},{n % 24}.{n % 10}5,sta{n}\n" for n in range(3_000)
)
CUT = {
    "rows": [{"column": "region", "values": ["a", "b"]}],
    "masks": [{"column": "grid", "how": "first", "first": 3}],
    "mark": {
        "keys": ["code"],
        "columns": [{"column": "hours", "step": "0.01"}],
        "one_in": 4,
    },
}


@pytest.fixture
def sold(program):
    """A dataset whose licence cuts it, bought by two."""
    vendor = program("vendor")
    product = vendor.made("/products", FACTS)["id"]
    unit = {"symbol": "CUT", "licence": "internal", "mode": "whole", "term_days": 30}
    instrument = vendor.made(f"/products/{product}/instruments", unit)["id"]
    release = vendor.made(f"/products/{product}/releases", {"label": "1.0"})["id"]
    file = upload(vendor, release, "sun.csv", CONTENT.encode())
    upload(vendor, release, "notes.csv", b"code,note\nK1,of no region\n")
    vendor.made(f"/releases/{release}/finalise")
    list_by_api(vendor, program("registrar"), product)
    vendor.put(f"/instruments/{instrument}/price", {"price": 1200})
    answer = vendor.put(f"/instruments/{instrument}/cut", CUT)
    assert answer.status_code == 204, answer.text
    found = Sold(product, instrument, file)
    for role in ("buyer", "other"):
        pay_in(program, role, 5_000)
        program(role).made("/orders", buy(found))
    return found


def right_of(program, role):
    return program(role).read("/entitlements")["data"][0]["id"]


def table_of(program, role):
    path = f"/entitlements/{right_of(program, role)}/tables/sun/deliveries"
    answer = program(role).post(path)
    assert answer.status_code == 200, answer.text
    return answer


def rows(content):
    with NamedTemporaryFile(suffix=".parquet") as file:
        file.write(content)
        file.flush()
        return duckdb.read_parquet(file.name).order("code").fetchall()


def shared(app, program, role):
    right = right_of(program, role)
    profile = program(role).made(f"/entitlements/{right}/sharings")["profile"]
    root = urlsplit(profile["endpoint"]).path
    headers = {"Authorization": f"Bearer {profile['bearerToken']}"}
    path = f"{root}/shares/{right}/schemas/releases/tables/sun/query"
    said = app.test_client().post(path, json={}, headers=headers)
    assert said.status_code == 200, said.text
    url = urlsplit(json.loads(said.text.split("\n")[-1])["file"]["url"])
    answer = app.test_client().get(f"{url.path}?{url.query}", buffered=True)
    return answer.data


def test_one_cut_holds_for_every_way_to_take_the_data(app, program, sold, parts):
    right, buyer = right_of(program, "buyer"), program("buyer")
    assert buyer.read(f"/entitlements/{right}/files")["data"] == []
    path = f"/entitlements/{right}/deliveries"
    assert buyer.post(path, {"file": sold.file}).status_code == 404
    hidden = f"/entitlements/{right}/tables/notes/deliveries"
    assert buyer.post(hidden).status_code == 404  # it has no column to choose rows by
    taken = table_of(program, "buyer")
    assert shared(app, program, "buyer") == taken.data
    found = rows(taken.data)
    assert len(found) == 2_000
    assert {row[1] for row in found} == {"a", "b"}
    assert {row[3] for row in found} == {"sta"}
    receipts = buyer.read("/receipts")["data"]
    assert receipts[-1]["sha256"] == taken.headers["X-Content-SHA256"]
    assert len(receipts) == buyer.read(f"/entitlements/{right}")["deliveries"] == 2
    told = json.dumps(program("").read(f"/listings/{sold.product}/quality"))
    assert "grid" in told
    assert not any(f"sta{n}" in told for n in range(3_000))  # nor a value by figures
    theirs = rows(table_of(program, "other").data)
    differ = [a for a, b in zip(found, theirs, strict=True) if a[2] != b[2]]
    assert 100 < len(differ) < 400  # half of one row in four
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def look(program, product, content, role="vendor", name="found.csv"):
    one = program(role)
    return one.client.post(
        f"{V1}/products/{product}/leaks",
        query_string={"name": name},
        data=io.BytesIO(content),
        content_type="application/octet-stream",
        headers=one.headers,
    )


def test_the_leak_desk_names_whose_copy_a_file_is_and_nobody_else(
    program, sold, visit, parts
):
    storage = Path(parts.config.files_url.removeprefix("file:"))
    copy = rows(table_of(program, "other").data)
    table_of(program, "buyer")
    text = "code,hours\n" + "".join(f"{r[0]},{r[2]}\n" for r in copy[500:1_500])
    answer = look(program, sold.product, text.encode())
    assert answer.status_code == 201, answer.text
    (one,) = answer.json["found"]
    assert one["member"] == program("other").read("/me")["member"]
    assert one["agreed"] == one["cells"] > 100
    assert one["bound"] <= leaks.FALSE_MAX
    said = json.loads(parts.seal.content(answer.json["token"], leaks.KIND))
    assert said["file_sha256"] == answer.json["file_sha256"]
    clean = look(program, sold.product, CONTENT.encode())  # the vendor's own file
    assert clean.json["found"] == []
    assert look(program, sold.product, b"a,b\n1,2\n").json["why"] == "no_column"
    assert look(program, sold.product, text.encode(), "other").status_code == 404
    kept = sum(1 for path in storage.rglob("*") if path.is_file())
    assert look(program, sold.product, b"a,b\n1,3\n").json["why"] == "no_column"
    assert sum(1 for path in storage.rglob("*") if path.is_file()) == kept
    page = visit("vendor").get(f"/vendor/products/{sold.product}/cuts").text
    assert "第3公司" in page
    assert "第3公司" in visit("surveillance").get("/staff/leaks").text


def test_trying_more_files_makes_nobody_easier_to_name():
    """What all cases of a product may get wrong together stays one in a million."""
    mark = Mark(("k",), (("v", "1"),))
    target = leaks._Target("1.0", "t", None, Cut(mark=mark), (7, 8))
    results = [(target, 60, [58, 30])]
    (one,) = leaks.judged(results)
    assert one.member == 7
    (later,) = leaks.judged(results, before=9)
    assert later.bound == pytest.approx(one.bound * 55)
    assert leaks.judged(results, before=10**6) == []


def test_only_tables_are_cut_and_a_room_is_not(program, sold, parts):
    vendor = program("vendor")
    product = vendor.made("/products", SERVICE)["id"]
    unit = {"symbol": "CALLS", "licence": "internal", "mode": "per_call"}
    unit |= {"plan": GRADUATED, "term_days": 30}
    instrument = vendor.made(f"/products/{product}/instruments", unit)["id"]
    refused = vendor.put(f"/instruments/{instrument}/cut", CUT)
    assert refused.status_code == 422
    assert "instrument" in refused.json["problems"]
    room = rooms.Settings((rooms.Shown("sun", (rooms.Group("region"),)),))
    with parts.writes.begin() as db, pytest.raises(Invalid) as wrong:
        rooms.put(db, ids.decode("instrument", sold.instrument), room)
    assert "cut" in str(wrong.value.problems["instrument"])


def test_a_vendor_cuts_by_its_page_and_whole_files_come_back(program, sold, visit):
    page = f"/vendor/products/{sold.product}/cuts"
    typed = {
        "instrument": sold.instrument,
        "rows": "region = a, c",
        "masks": "grid hidden\ncode 2",
        "keys": "",
        "marked": "",
    }
    wrong = visit("vendor").post(page, **typed | {"masks": "grid burnt"})
    assert wrong.status_code == 422
    assert visit("vendor").post(page, **typed).status_code == 303
    program("buyer").made("/orders", buy(sold))
    assert {row[1] for row in rows(table_of(program, "buyer").data)} == {"a", "c"}
    assert "只含以下行" in visit("").get(f"/listings/{sold.product}").text
    held = visit("buyer").get(f"/rights/{right_of(program, 'buyer')}").text
    assert "Parquet" in held
    ended = program("vendor").delete(f"/instruments/{sold.instrument}/cut")
    assert ended.status_code == 204
    program("buyer").made("/orders", buy(sold))
    right = right_of(program, "buyer")
    assert len(program("buyer").read(f"/entitlements/{right}/files")["data"]) == 2
