"""The clean room end to end: what is sold, asked, counted, logged; how it ends."""

import json
import shutil
from dataclasses import replace

import pytest
from sqlalchemy import select

from marketplace.app import create_app
from marketplace.config import Config
from marketplace.delivery import cleanroom
from marketplace.members import users
from marketplace.services import EXTENSION
from marketplace.trading.commands import SuspendRight
from settlement import clock, ids
from settlement.invariants import violations
from settlement.tables import entitlements
from tests import backends
from tests.called import QUIET
from tests.programs import Program, Sold, buy, pay_in, put_on_market, upload
from tests.visitors import visit

__all__ = ["visit"]
CANARY = "kanarienvogel"
SALES = "region,kind,amount,note\n" + "".join(
    f"{'abcd'[i % 4]},{i % 2},{1 + i % 9},{CANARY}\n" for i in range(400)
)
ROOM = {
    "least": 10,
    "tables": [
        {
            "table": "sales",
            "groups": [{"column": "region"}, {"column": "kind"}],
            "measures": ["amount"],
        }
    ],
}
BY_REGION = "SELECT region, count(*) AS n, avg(amount) FROM sales GROUP BY 1 ORDER BY 1"
PLAN = {"pack": 1, "tiers": [{"up_to": None, "price": 50}], "period_days": 30}


@pytest.fixture(scope="module")
def market(tmp_path_factory, migrated):
    """The settings of a market that sells a room by the right, and one by the call."""
    made = Config.at(tmp_path_factory.mktemp("rooms") / "data")
    made.data.mkdir(mode=0o700)
    shutil.copy(migrated, made.data / migrated.name)
    app = create_app(replace(made, **QUIET, notice_days=0))
    parts = app.extensions[EXTENSION]
    backends.enrolled(parts)
    program = backends.Programs(app)
    pay_in(program, "buyer", 5000)
    for sold in (
        put_on_market(program, "ROOM", 1200),
        put_on_market(program, "ASKED", 1200, mode="per_call", plan=PLAN),
    ):
        open_room(program, parts, sold)
        program("buyer").made("/orders", buy(sold))
    app.extensions[EXTENSION].close()
    return made


def open_room(program, parts, sold: Sold) -> None:
    """Sell a room of a release with sales."""
    vendor = program("vendor")
    release = vendor.made(f"/products/{sold.product}/releases", {"label": "2.0"})["id"]
    upload(vendor, release, "sales.csv", SALES.encode())
    vendor.made(f"/releases/{release}/finalise")
    for done in parts.examiner.begin():
        done.result()
    answer = vendor.put(f"/instruments/{sold.instrument}/cleanroom", ROOM)
    assert answer.status_code == 200, answer.text


@pytest.fixture
def app(market, tmp_path):
    """A copy of that market."""
    shutil.copytree(market.data, tmp_path / "data")
    app = create_app(replace(Config.at(tmp_path / "data"), **QUIET, notice_days=0))
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def parts(app):
    return app.extensions[EXTENSION]


@pytest.fixture
def program(app):
    return backends.Programs(app)


@pytest.fixture
def people(parts):
    """The users that are there already."""
    with parts.reads.connect() as db:
        roles = ("vendor", "buyer")
        return {role: users.get(db, backends.user_of(db, role)) for role in roles}


def sold(program, symbol) -> Sold:
    found = program("").read(f"/symbols/{symbol}")
    return Sold(found["product"], found["id"], "")


@pytest.fixture
def sun(program):
    return sold(program, "ROOM")


def right_to(program, sold: Sold) -> str:
    """Return the buyer's right in an instrument."""
    rights = program("buyer").read("/entitlements")["data"]
    return next(r["id"] for r in rights if r["instrument"] == sold.instrument)


@pytest.fixture
def right(program, sun):
    return right_to(program, sun)


def ask(program, right, sql, role="buyer", **headers):
    path = f"/entitlements/{right}/cleanroom/queries"
    return program(role).post(path, {"sql": sql}, **headers)


def test_a_right_opens_the_room_and_no_file(program, right, parts):
    buyer = program("buyer")
    assert buyer.read(f"/entitlements/{right}/files")["data"] == []
    shown = buyer.read(f"/entitlements/{right}/cleanroom")
    (table,) = shown["tables"]
    assert (table["name"], table["rows"], table["groups"]) == ("sales", 400, 4)
    assert [column["name"] for column in table["columns"]] == ["region", "kind"]
    terms = buyer.read(f"/entitlements/{right}")["terms"]
    assert terms["cleanroom"]["least"] == 10
    (file, *_) = terms["release"]["files"]
    path = f"/entitlements/{right}/deliveries"
    assert buyer.post(path, {"file": file["id"]}).status_code == 404
    profile = buyer.made(f"/entitlements/{right}/sharings")["profile"]
    headers = {"Authorization": f"Bearer {profile['bearerToken']}"}
    tables = f"/delta-sharing/shares/{right}/all-tables"
    answer = buyer.client.get(tables, headers=headers)
    assert "sales" not in answer.text


def test_an_answer_is_counted_and_both_sides_see_the_question(
    program, sun, right, parts
):
    answer = ask(program, right, BY_REGION, Idempotency_Key="k1")
    assert answer.status_code == 200, answer.text
    said = answer.json
    assert [c["name"] for c in said["columns"]] == ["region", "n", "avg(amount)"]
    assert [row[:2] for row in said["rows"]] == [[r, 100] for r in "abcd"]
    refused = ask(program, right, "SELECT max(amount) FROM sales")
    assert refused.status_code == 400
    assert refused.json["code"] == "not_allowed"
    assert (refused.json["why"], refused.json["what"]) == ("extreme", "max")
    buyer = program("buyer")
    assert buyer.read(f"/entitlements/{right}")["deliveries"] == 1
    (receipt,) = buyer.read("/receipts", entitlement=right)["data"]
    assert receipt["id"] == said["receipt"]
    mine = buyer.read(f"/entitlements/{right}/cleanroom/queries")["data"]
    assert [row["why"] for row in mine] == ["extreme", ""]
    assert mine[1]["sha256"] == receipt["sha256"]
    assert (mine[1]["rows"], mine[1]["sql"]) == (4, BY_REGION)
    log = f"/products/{sun.product}/cleanroom/queries"
    theirs = program("vendor").read(log)["data"]
    assert [row["id"] for row in theirs] == [row["id"] for row in mine]
    assert program("other").get(log).status_code == 404
    assert ask(program, right, BY_REGION, role="other").status_code == 404
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_a_right_that_ends_while_a_question_runs_gives_no_answer(
    program, right, parts, monkeypatch
):
    number = ids.decode("entitlement", right)

    def suspended(*_args: object, **_more: object):
        parts.gateway.submit(SuspendRight(901, number, "looked into"))
        return run(*_args, **_more)

    run = cleanroom.asking.ask
    monkeypatch.setattr(cleanroom.asking, "ask", suspended)
    begun_s = clock.elapsed_s()
    answer = ask(program, right, BY_REGION)
    assert clock.elapsed_s() - begun_s < 2
    assert answer.json["code"] == "right_ended"
    monkeypatch.undo()
    (row,) = program("buyer").read(f"/entitlements/{right}/cleanroom/queries")["data"]
    assert row["why"] == "right_ended"
    with parts.reads.connect() as db:
        query = select(entitlements.c.deliveries).where(entitlements.c.id == number)
        assert db.scalar(query) == 0


def test_questions_are_limited_in_a_minute(program, right, monkeypatch):
    monkeypatch.setattr(cleanroom, "MINUTE_MAX", 1)
    ask(program, right, "SELECT 1")
    answer = ask(program, right, "SELECT 1")
    assert (answer.status_code, answer.json["within"]) == (429, "minute")


def test_questions_can_have_a_price(program, parts):
    vendor, metered = program("vendor"), sold(program, "ASKED")
    right = right_to(program, metered)
    buyer = program("buyer")
    poor = ask(program, right, BY_REGION)
    assert (poor.status_code, poor.json["code"]) == (402, "budget_used_up")
    budget = buyer.put(f"/entitlements/{right}/budget", {"amount": 120})
    assert budget.status_code == 200, budget.text
    for _ in range(2):
        answer = ask(program, right, BY_REGION)
        assert (answer.status_code, answer.json["receipt"]) == (200, None)
    assert ask(program, right, BY_REGION).status_code == 402
    shown = [row["why"] for row in vendor.read(
        f"/products/{metered.product}/cleanroom/queries")["data"]]  # fmt: skip
    assert shown == ["budget_used_up", "", "", "budget_used_up"]
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_an_agent_asks_nothing_that_has_a_price(app, program):
    right = right_to(program, sold(program, "ASKED"))
    buyer = program("buyer")
    buyer.put(f"/entitlements/{right}/budget", {"amount": 120})
    wanted = {
        "name": "An agent",
        "currency": "CNY",
        "daily_max": 1_000,
        "until_us": clock.now_us() + clock.DAY_US,
    }
    secret = buyer.made("/mandates", wanted)["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    answer = ask(lambda _: Program(app.test_client(), headers), right, BY_REGION)
    assert (answer.status_code, answer.json["code"]) == (403, "outside_mandate")


def test_what_a_sold_room_shows_changes_no_more(program, sun, right):
    vendor = program("vendor")
    path = f"/instruments/{sun.instrument}/cleanroom"
    assert vendor.put(path, ROOM).status_code == 200
    changed = json.loads(json.dumps(ROOM)) | {"least": 20}
    answer = vendor.put(path, changed)
    assert (answer.status_code, answer.json["code"]) == (409, "room_sold")
    assert program("other").put(path, ROOM).status_code == 404


def test_settings_that_do_not_suit_are_refused(program, sun, parts):
    fresh = put_on_market(program, "FRESH", 1200)
    open_room(program, parts, fresh)
    vendor, path = program("vendor"), f"/instruments/{fresh.instrument}/cleanroom"
    (table,) = ROOM["tables"]
    for wrong, why in (
        ({"table": "nothing"}, "no_table"),
        ({"groups": [{"column": "person"}]}, "no_column"),
        ({"measures": ["region"], "groups": [{"column": "kind"}]}, "no_number"),
        ({"groups": [{"column": "region", "by": "month"}]}, "wrong_coarseness"),
    ):
        answer = vendor.put(path, {"least": 10, "tables": [table | wrong]})
        assert (answer.status_code, answer.json["why"]) == (409, why), answer.text
    assert vendor.put(path, ROOM | {"least": 3}).status_code == 422
    assert vendor.delete(path).json == {"data": []}


def test_the_pages_ask_and_explain(app, program, sun, right, visit):
    buyer = visit("buyer")
    page = buyer.get(f"/rights/{right}").text
    assert "/cleanroom" in page
    bench = buyer.get(f"/rights/{right}/cleanroom").text
    assert "400" in bench
    answer = buyer.post(f"/rights/{right}/cleanroom", sql=BY_REGION)
    assert answer.status_code == 200
    assert "data-chart" in answer.text
    refused = buyer.post(f"/rights/{right}/cleanroom", sql="SELECT * FROM sales")
    assert refused.status_code == 400
    assert "SELECT * FROM sales" in refused.text
    vendor = visit("vendor")
    desk = vendor.get(f"/vendor/products/{sun.product}/cleanroom").text
    assert "SELECT * FROM sales" in desk
    assert buyer.get("/help/cleanroom").status_code == 200
