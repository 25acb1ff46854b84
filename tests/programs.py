"""Programs that use the API: each role with a key of its own, and a market to use."""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from listings.publicdata import Authorisation, register
from marketplace.approvals import limits
from marketplace.services import EXTENSION, Services
from marketplace.surveillance import desk
from marketplace.surveillance.detectors import Alert
from settlement import clock
from settlement.cycle_tables import run_lines, runs
from settlement.ids import decode, encode
from tests.gates import DECLARED, list_by_api
from tests.visitors import PREPARED, bearing, enrol_all, held

V1 = "/api/v1"
SCOPES = {
    "vendor": ("vendor",),
    "buyer": ("trade",),
    "other": ("trade", "vendor"),
    "assessor": ("assess",),
}
FACTS = {
    "kind": "dataset",
    "title_zh": "日照时数",
    "title_en": "Hours of sunshine",
    "summary_en": "Hours of sunshine by station and day.",
    "description_en": "Measured by stations.",
    "keywords": ["sun", "日照"],
    "sector": "meteorological-services",
    "region": "31",
    "updates": "daily",
    "dictionary": [{"name": "hours", "type": "number", "zh": "时数", "en": "Hours"}],
    **DECLARED,
}
FIXED = {
    "number": "1",
    "level": "0",
    "place": "000.p/1",
    "form": "jsonld",
    "suffix": "ttl",
    "action": "site_read",
    "paper_kind": "pdf",
    "month": "2026-11",
    "currency": "CNY",
    "line": "fees",
}
CONTENT = b"station,hours\n58362,7\n"


class Program(NamedTuple):
    """Calls the API with one key."""

    client: FlaskClient
    headers: dict[str, str]

    def get(self, path: str, **query: Any) -> TestResponse:
        """Read."""
        return self.client.get(V1 + path, query_string=query, headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Do; ``Idempotency_Key="…"`` adds that header."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(V1 + path, json=body, headers=self.headers | more)

    def put(self, path: str, body: Any) -> TestResponse:
        """Replace."""
        return self.client.put(V1 + path, json=body, headers=self.headers)

    def delete(self, path: str) -> TestResponse:
        """Remove."""
        return self.client.delete(V1 + path, headers=self.headers)

    def made(self, path: str, body: Any = None, **headers: str) -> Any:
        """Do what must succeed; return what is answered."""
        answer = self.post(path, body, **headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def read(self, path: str, **query: Any) -> Any:
        """Read what must be there."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json


class Sold(NamedTuple):
    """A product on the market."""

    product: str
    instrument: str
    file: str


@pytest.fixture
def program(
    app: Flask, bearer: Callable[..., dict[str, str]]
) -> Callable[[str], Program]:
    """A program with a key: ``program("buyer")``; ``program("")`` has none."""
    return programs(app, bearer)


def programs(
    app: Flask, bearer: Callable[..., dict[str, str]]
) -> Callable[[str], Program]:
    """Return what gives each role a program, one and the same."""
    made: dict[str, Program] = {}

    def program(role: str) -> Program:
        if role not in made:
            scopes = SCOPES.get(role, ("staff",))
            headers = bearer(role, *scopes) if role else {}
            made[role] = Program(app.test_client(), headers)
        return made[role]

    return program


@pytest.fixture
def sun(parts: Services, program: Callable[[str], Program]) -> Sold:
    """A dataset with a posted price of 12.00 yuan, admitted to the market."""
    return held(parts, "sun") or put_on_market(program, "SUN", 1200)


def _with_sun(app: Flask) -> dict[str, Any]:
    parts = app.extensions[EXTENSION]
    people = enrol_all(parts)
    sold = put_on_market(programs(app, bearing(parts, people)), "SUN", 1200)
    return {"people": people, "sun": sold}


PREPARED["sun"] = _with_sun


def put_on_market(
    program: Callable[[str], Program], symbol: str, price: int, **changed: Any
) -> Sold:
    """Bring a product from the draft to a posted price, all by the API."""
    vendor, registrar = program("vendor"), program("registrar")
    product = vendor.made("/products", FACTS)["id"]
    unit = {"symbol": symbol, "licence": "internal", "mode": "whole", "term_days": 30}
    unit |= changed
    instrument = vendor.made(f"/products/{product}/instruments", unit)["id"]
    release = vendor.made(f"/products/{product}/releases", {"label": "1.0"})["id"]
    file = upload(vendor, release, "hours.csv")
    vendor.made(f"/releases/{release}/finalise")
    list_by_api(vendor, registrar, product)
    vendor.put(f"/instruments/{instrument}/price", {"price": price})
    return Sold(product, instrument, file)


def invoiced(program: Callable[[str], Program], trade: str) -> str:
    """Let the buyer ask for an invoice, and the vendor issue it; its id."""
    asked = program("buyer").made("/invoices", {"trades": [trade]})
    program("vendor").made(f"/invoices/{asked['id']}/issue", {"outside": "2431"})
    return str(asked["id"])


def upload(vendor: Program, release: str, name: str, content: bytes = CONTENT) -> str:
    """Add a file to a release; return its id."""
    answer = vendor.client.post(
        f"{V1}/releases/{release}/files",
        query_string={"name": name},
        data=io.BytesIO(content),
        content_type="application/octet-stream",
        headers=vendor.headers,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json
    return str(answer.json["id"])


def pay_in(program: Callable[[str], Program], role: str, amount: int) -> str:
    """Bring money (fen) to the account of *role*; return the payin's id."""
    wanted = {"currency": "CNY", "amount": amount, "reference": "a transfer"}
    payin = program(role).made("/payins", wanted)["id"]
    path = f"/staff/payins/{payin}/decisions"
    program("settlement_officer").made(path, {"event": "confirm"})
    return str(payin)


def buy(sold: Sold, **changed: Any) -> dict[str, Any]:
    """Return the body of an order that takes one unit at 12.00 yuan."""
    return {
        "instrument": sold.instrument,
        "side": "buy",
        "price": 1200,
        "quantity": 1,
        "time_in_force": "IOC",
        "purpose": "internal_analysis",
    } | changed


def dispute(program: Callable[[str], Program]) -> str:
    """Let the buyer object to a delivery; return the dispute's id."""
    moon = put_on_market(program, "MOON", 1200, acceptance_days=7)
    waits = program("buyer").made("/orders", buy(moon))["trades"][0]["trade"]
    objection = {"reason": "quality", "note": "half is empty"}
    return str(program("buyer").made(f"/trades/{waits}/dispute", objection)["id"])


def netted(parts: Services, *members: str) -> str:
    """Leave the record of a run in which *members* had a position; the run's id.

    Only a run's day is missing in a test: what pages show of it is read from here.
    """
    with parts.writes.begin() as db:
        values = (1, 1, clock.now_us(), 1, 1, "cancelled", 1, 100, 100, None, None, 1)
        db.execute(runs.insert().values(values))
        for member in members:
            line = (1, decode("member", member), 100, 0, 0, 0, 100)
            db.execute(run_lines.insert().values(line))
    return encode("run", 1)


def case(parts: Services) -> str:
    """Open a case of one alert; return its id."""
    alert = Alert("self_dealing", None, (1, 2), {"trades": (1,)}, {})
    with parts.writes.begin() as db:
        desk.keep(db, [alert], 1)
        return encode("case", desk.open_case(db, "One owner", [1], 1))


def offered(program: Callable[[str], Program], sold: Sold) -> str:
    """Let the buyer offer the vendor 10.00 yuan for one unit; the offer's id."""
    wanted = {
        "instrument": sold.instrument,
        "member": program("vendor").read("/me")["member"],
        "price": 1_000,
        "quantity": 1,
        "expires_us": clock.now_us() + clock.DAY_US,
        "purpose": "internal_analysis",
    }
    return str(program("buyer").made("/offers", wanted)["id"])


def pooled(program: Callable[[str], Program], sold: Sold) -> str:
    """Let the vendor open a group buy; its id."""
    wanted = {
        "instrument": sold.instrument,
        "tiers": [{"least": 1, "price": 1_100}, {"least": 2, "price": 900}],
        "least": 2,
        "closes_us": clock.now_us() + 2 * clock.HOUR_US,
    }
    return str(program("vendor").made("/groups", wanted)["id"])


def awaited(parts: Services, program: Callable[[str], Program], sold: Sold) -> str:
    """Let an order of the buyer's wait for a colleague's approval; the request's id."""
    me = program("buyer").read("/me")
    user, member = decode("user", me["user"]), decode("member", me["member"])
    with parts.writes.begin() as db:
        limits.put(db, user, member, 1, 500)
    return str(program("buyer").post("/orders", buy(sold)).json["approval"])


def mandated(program: Callable[[str], Program], sold: Sold) -> str:
    """Let the buyer give an agent a mandate; its id."""
    wanted = {
        "name": "An agent",
        "currency": "CNY",
        "daily_max": 1_000,
        "instruments": [sold.instrument],
        "until_us": clock.now_us() + clock.DAY_US,
    }
    return str(program("buyer").made("/mandates", wanted)["id"])


def drafted(program: Callable[[str], Program], sold: Sold) -> str:
    """Let the buyer draft a contract in two stages; the contract's id."""
    stages = zip(("first", "rest"), (3_000, 7_000), (0, 9), strict=True)
    wanted = {
        "member": program("vendor").read("/me")["member"],
        "instrument": sold.instrument,
        "price": 1_000,
        "purpose": "internal_analysis",
        "stages": [{"name": n, "bps": b, "days": d} for n, b, d in stages],
        "acceptance_days": 5,
        "expires_us": clock.now_us() + clock.DAY_US,
        "model": "provision",
        "title": "Sun for a year",
    }
    return str(program("buyer").made("/contracts", wanted)["id"])


def filed(program: Callable[[str], Program]) -> str:
    """File a deal of the buyer's with the vendor; the filing's id."""
    buyer = program("buyer")
    deal = {
        "member": program("vendor").read("/me")["member"],
        "side": "buy",
        "title": "Sun",
        "amount": 500_000,
        "dealt_us": clock.now_us() - clock.DAY_US,
    }
    answer = buyer.client.post(
        f"{V1}/filings",
        query_string=deal,
        data=b"a contract",
        content_type="application/octet-stream",
        headers=buyer.headers,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json
    return str(answer.json["id"])


def hooked(program: Callable[[str], Program]) -> str:
    """Let the buyer make a webhook; its id."""
    wanted = {"url": "https://buyer.example/hook", "families": ["trade", "release"]}
    return str(program("buyer").made("/webhooks", wanted)["id"])


def authorised(parts: Services) -> str:
    """Register an authorisation to operate public data; its id."""
    """Register an authorised operation of public data; its id."""
    facts = Authorisation(
        *("whole", "", "government", "Bureau", "City", "Data office", "Group", "", ""),
        *("All", "2026-01-01", "2029-01-01"),
    )
    with parts.writes.begin() as db:
        return encode("authorisation", register(db, facts, 1))
