"""The catalogue by the API: search with facets, codes, statistics, drafts and files."""

from listings.search.projection import Projection
from marketplace.projection import changes_after
from marketplace.warehouse import Feed
from tests.programs import FACTS, V1, buy, pay_in, program, sun, upload
from tests.publishing import publish

__all__ = ["program", "sun"]


def test_search_finds_in_both_languages_and_counts_facets(program, sun, parts):
    Projection(parts.reads, parts.index, changes_after).catch_up()
    public = program("")
    for query in ("sunshine", "日照", ""):
        found = public.read("/listings", q=query)
        assert (found["total"], found["has_more"]) == (1, False)
        assert found["data"][0]["id"] == sun.product
        assert found["data"][0]["instruments"][0]["offer"] == 1200
    vendor = program("vendor").read("/me")["member"]
    counted = found["facets"]
    assert counted["vendor"][0]["code"] == vendor
    assert [count["code"] for count in counted["sector"]] == [FACTS["sector"]]
    assert public.read("/listings", vendor=vendor)["total"] == 1
    assert public.read("/listings", kind=["service", "application"])["total"] == 0
    marked = public.read("/listings", q="sunshine", language="en")["data"][0]["title"]
    assert [part["text"] for part in marked if part["is_match"]] == ["sunshine"]


def test_a_search_beyond_its_limits_is_refused(program):
    public = program("")
    for query in ({"q": "x" * 201}, {"page": 101}, {"sort": "odd"}, {"price": "x"}):
        assert public.get("/listings", **query).status_code == 422
    for query in ("\x00", '"', "*" * 200, "(((", "price:[1 TO", "a" * 200):
        assert public.get("/listings", q=query).status_code in (200, 400, 422)


def test_codes_and_licences_are_named_in_both_languages(program):
    codes = program("").read("/vocabulary")
    assert {"code": "dataset", "zh": "数据集", "en": "Dataset"} in codes["classes"]
    assert len(codes["sectors"]) == 12
    internal = program("").read("/licences")["data"][0]
    assert internal["terms"]["purposes"]
    assert internal["number"] is None
    assert "text_zh" not in internal


def test_a_licence_in_use_is_read_with_its_text(program, sun):
    used = program("").read("/licences")["data"][0]
    full = program("").read(f"/licences/{used['number']}")
    assert full["text_en"]
    assert full["sha256"] == used["sha256"]
    for number in (999, 10**20):  # the longer one is more than a table's number
        assert program("").get(f"/licences/{number}").status_code == 404


def test_statistics_answer_with_their_text_and_withhold_small_cells(
    program, sun, parts
):
    pay_in(program, "buyer", 5000)
    program("buyer").made("/orders", buy(sun))
    Feed(parts.reads, parts.config.warehouse()).step()
    publish(parts)
    public, statistician = program(""), program("statistician")
    codes = {question["code"] for question in public.read("/statistics")["data"]}
    assert "s05_turnover" in codes
    (row,) = (shown := public.read("/statistics/s05_turnover"))["data"]
    assert (row["turnover"], shown["withheld"]) == (None, 1)
    assert "SELECT" in shown["question"]["sql"]
    full = statistician.read("/staff/statistics/s05_turnover")
    assert full["data"][0]["turnover"] == 1200
    (candle,) = public.read(
        "/statistics/candles", instrument=sun.instrument, width="hour"
    )["data"]
    assert candle["open"] == 1200
    assert program("buyer").get("/staff/statistics/candles").status_code == 403


def test_a_question_refuses_parameters_that_it_has_not(program):
    public = program("")
    for query in ({"top": 5}, {"from_month": "2026-13"}, {"by": "seller"}, {"x": 1}):
        answer = public.get("/statistics/s05_turnover", **query)
        assert list(answer.json["problems"]) == list(query)
    assert public.get("/statistics/nothing").status_code == 404


def test_only_staff_add_up_a_period_of_their_own(program):
    """Two periods subtracted from each other would show what was withheld."""
    public, statistician = program(""), program("statistician")
    for code in ("s06_trades", "s14_concentration", "s05_turnover"):
        for query in (
            {"per": "year"},
            {"top": 5},
        ):
            answer = public.get(f"/statistics/{code}", **query)
            assert (answer.status_code, list(answer.json["problems"])) == (
                422,
                list(query),
            )
        full = statistician.get(f"/staff/statistics/{code}", per="year")
        assert full.status_code == 200
        some = public.get(f"/statistics/{code}", from_month="2026-01")
        assert some.status_code == 200
    candles = {"until_us": 5, "width": "hour"}
    assert public.get("/statistics/candles", **candles).status_code == 422


def test_a_release_takes_files_until_it_is_final(program):
    vendor = program("vendor")
    product = vendor.made("/products", FACTS)["id"]
    release = vendor.made(f"/products/{product}/releases", {"label": "1"})["id"]
    path = f"/releases/{release}"
    assert vendor.post(f"{path}/finalise").status_code == 422
    first, second = upload(vendor, release, "a.csv"), upload(vendor, release, "b.csv")
    assert vendor.delete(f"/files/{second}").status_code == 204
    assert [file["id"] for file in vendor.read(path)["files"]] == [first]
    notes = {"label": "1.0", "notes_en": "First."}
    assert vendor.put(path, notes).json["label"] == "1.0"
    assert vendor.made(f"{path}/finalise")["finalised_us"]
    assert vendor.put(path, notes).json["code"] == "finalised"
    assert vendor.delete(f"/files/{first}").status_code == 409


def test_a_file_name_leads_nowhere_else(program):
    vendor = program("vendor")
    product = vendor.made("/products", FACTS)["id"]
    release = vendor.made(f"/products/{product}/releases", {"label": "1"})["id"]
    for name in ("../x", "/etc/x", "..", "a\x00b", "x" * 201, ""):
        answer = vendor.client.post(
            f"{V1}/releases/{release}/files",
            query_string={"name": name},
            data=b"x",
            content_type="application/octet-stream",
            headers=vendor.headers,
        )
        assert answer.status_code == 422, name


def test_the_vendors_products_are_listed_in_every_state(program, sun):
    vendor = program("vendor")
    draft = vendor.made("/products", {"kind": "service"})["id"]
    first = vendor.read("/products", limit=1)
    assert [row["id"] for row in first["data"]] == [draft]
    second = vendor.read("/products", limit=1, cursor=first["next"])
    assert [row["id"] for row in second["data"]] == [sun.product]
    assert second["next"] is None
