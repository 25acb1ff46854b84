"""Finding: slips and completions, the demand board, saved searches, comparison."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from listings.search.index import Index
from listings.search.projection import Projection
from marketplace import projection
from marketplace.community.demands import OPEN_MAX
from marketplace.community.searches import SAVED_MAX, Alerts, address_of
from settlement import clock
from tests.flows.market import listed, location

TOMORROW = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
DEMAND = {"title": "逐小时海浪预报", "until": TOMORROW, "query": "海浪"}


@pytest.fixture
def index(parts) -> Index:
    return parts.index


@pytest.fixture
def follow(parts):
    """Let the index follow the catalogue."""
    return Projection(parts.reads, parts.index, projection.changes_after).catch_up


def saved_by(member) -> str:
    """Return the address of the one search that a member has saved."""
    page = member.get("/searches/").text
    (address,) = set(re.findall(r"/searches/sch_\w+(?=\")", page))
    return str(address)


class TestDemands:
    def test_an_empty_board_says_what_to_do(self, visit):
        page = visit("").get("/demands/").text
        assert "/demands/new" in page

    def test_a_search_that_finds_nothing_leads_to_a_demand_with_its_words(self, visit):
        page = visit("buyer").get("/market?q=海浪高度").text
        (href,) = re.findall(r'href="(/demands/new\?q=[^"]+)"', page)
        assert 'value="海浪高度"' in visit("buyer").get(href).text

    def test_a_demand_is_posted_read_by_anybody_and_closed(self, visit):
        buyer = visit("buyer")
        page = location(buyer.post("/demands/new", **DEMAND, budget="1200.50"))
        shown = visit("").get(page).text
        assert DEMAND["title"] in shown
        assert "1,200.50" in shown
        assert DEMAND["title"] in visit("").get("/demands/").text
        location(buyer.post(f"{page}/close"))
        assert DEMAND["title"] not in visit("").get("/demands/").text
        assert DEMAND["title"] in buyer.get("/demands/mine").text
        assert buyer.post(f"{page}/close").status_code == 409

    def test_only_its_member_closes_a_demand(self, visit):
        page = location(visit("buyer").post("/demands/new", **DEMAND))
        assert visit("other").post(f"{page}/close").status_code == 404

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"until": "2020-01-01"},
            {"until": "soon"},
            {"budget": "0"},
            {"budget": "1.234"},
            {"sector": "magic"},
            {"purpose": "evil"},
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_lost(self, visit, wrong):
        answer = visit("buyer").post("/demands/new", **(DEMAND | wrong))
        assert answer.status_code == 422
        assert 'value="海浪"' in answer.text

    def test_visitors_sign_in_first(self, visit):
        assert "/signin" in visit("").get("/demands/new").headers["Location"]

    def test_the_board_narrows_by_sector(self, visit):
        buyer = visit("buyer")
        buyer.post("/demands/new", **DEMAND, sector="meteorological-services")
        there = visit("").get("/demands/?sector=meteorological-services").text
        assert DEMAND["title"] in there
        assert DEMAND["title"] not in visit("").get("/demands/?sector=healthcare").text

    def test_by_the_api_too_within_the_limit(self, visit, bearer):
        client = visit("").client
        trader = bearer("buyer", "trade")
        until_us = clock.now_us() + clock.DAY_US
        sent = {"title": "Tide tables", "until_us": until_us, "budget": 5}
        for _ in range(OPEN_MAX):
            made = client.post("/api/v1/demands", json=sent, headers=trader)
            assert made.status_code == 201
        refused = client.post("/api/v1/demands", json=sent, headers=trader)
        assert (refused.status_code, refused.json["code"]) == (409, "too_many_demands")
        page = client.get("/api/v1/demands?limit=20").json
        assert len(page["data"]) == 20
        rest = client.get(f"/api/v1/demands?limit=100&cursor={page['next']}").json
        assert (len(rest["data"]), rest["next"]) == (OPEN_MAX - 20, None)
        place = made.headers["Location"]
        closed = client.post(f"{place}/close", headers=trader)
        assert closed.json["state"] == "closed"
        assert client.get(place).json["state"] == "closed"


class TestSavedSearches:
    def test_it_is_called_by_its_words_and_filters(self, visit):
        buyer = visit("buyer")
        page = buyer.get("/market?kind=dataset&price=free").text
        (name,) = re.findall(r'name="name" value="([^"]+)" form="save-form"', page)
        assert name == "数据集 · 免费"
        location(buyer.post("/searches/", name=name, address="kind=dataset&price=free"))
        assert name in buyer.get("/searches/").text

    def test_what_is_listed_later_is_new_until_it_is_looked_at(
        self, visit, parts, follow
    ):
        buyer = visit("buyer")
        location(buyer.post("/searches/", name="Ports", address="q=港口&sort=newest"))
        alerts = Alerts(parts.reads, parts.writes, parts.index)
        assert alerts.step() == 0
        listed(visit("vendor"), visit("registrar"))
        follow()
        assert "state--good" in buyer.get("/searches/").text
        assert alerts.step() == 1
        assert alerts.step() == 0
        assert "Ports" in buyer.get("/notices/").text
        (look,) = set(
            re.findall(r"/searches/sch_\w+(?=\")", buyer.get("/searches/").text)
        )
        assert "/market?" in location(buyer.get(look))
        assert "state--good" not in buyer.get("/searches/").text
        location(buyer.post(f"{look}/remove"))
        assert "Ports" not in buyer.get("/searches/").text

    def test_a_search_belongs_to_its_member(self, visit):
        buyer = visit("buyer")
        buyer.post("/searches/", address="q=气象")
        (look,) = set(
            re.findall(r"/searches/sch_\w+(?=\")", buyer.get("/searches/").text)
        )
        assert visit("other").get(look).status_code == 404
        assert visit("other").post(f"{look}/remove").status_code == 404

    def test_the_same_search_is_saved_once_within_the_limit(self, visit, bearer):
        client, reader = visit("").client, bearer("buyer", "read")

        def save(address: str):
            sent = {"address": address}
            return client.post("/api/v1/searches", json=sent, headers=reader)

        first, again = save("kind=dataset&q=x"), save("q=x&kind=dataset&page=3")
        assert first.json["id"] == again.json["id"]
        for number in range(1, SAVED_MAX):
            assert save(f"q=word{number}").status_code == 201
        assert save("q=more").status_code == 409
        assert save("sort=newest").status_code == 422
        there = client.get("/api/v1/searches", headers=reader).json["data"]
        assert len(there) == SAVED_MAX
        gone = f"/api/v1/searches/{first.json['id']}"
        assert client.delete(gone, headers=reader).status_code == 204
        assert client.delete(gone, headers=reader).status_code == 404

    def test_an_address_is_canonical(self):
        pairs = [("sort", "price"), ("sector", "b"), ("kind", "a"), ("page", "2")]
        assert address_of(" x ", pairs) == "q=x&kind=a&sector=b"


class TestComparison:
    def test_two_listings_stand_side_by_side_for_a_need(self, visit):
        vendor, registrar = visit("vendor"), visit("registrar")
        numbers = [listed(vendor, registrar, price) for price in ("120.00", "80.00")]
        asked = "&".join(f"id={number}" for number in numbers)
        page = visit("").get(f"/compare?{asked}").text
        assert all(text in page for text in ("120.00", "80.00", "compare__differs"))
        sides = visit("").client.get(f"/api/v1/compare?{asked}").json["data"]
        assert [side["id"] for side in sides] == numbers
        assert [side["price"]["total"] for side in sides] == [120_00, 80_00]

    def test_nothing_chosen_says_what_to_do(self, visit):
        assert "/market" in visit("").get("/compare").text

    @pytest.mark.parametrize("wrong", ["seats=0", "seats=x", "purpose=evil"])
    def test_a_need_that_is_none_is_refused(self, visit, wrong):
        assert visit("").get(f"/compare?{wrong}").status_code == 422

    def test_what_is_not_public_is_not_found(self, visit):
        assert visit("").get("/compare?id=prd_zzzzzzz").status_code == 404


class TestWords:
    def test_a_slip_is_put_right_and_said(self, visit, follow):
        listed(visit("vendor"), visit("registrar"))
        follow()
        page = visit("").get("/market?q=gangkou").text
        assert 'id="corrected"' in page
        assert 'class="card-box hit"' in page
        assert 'id="corrected"' not in visit("").get("/market?q=gangkou&exact=1").text
        found = visit("").client.get("/api/v1/listings?q=gangkou").json
        assert (found["corrected"], found["total"]) == ("港口", 1)

    def test_typing_is_completed_by_pinyin(self, visit):
        found = visit("").client.get("/api/v1/completions?q=qixia").json
        assert "气象" in found["data"]
