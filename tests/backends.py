"""A vendor's service that counts its own calls, and a right to call it."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from flask import Flask
from sqlalchemy import select

from marketplace.members import keys, users
from marketplace.members import tables as members
from marketplace.members.tables import HOUSE
from marketplace.services import EXTENSION, Services
from tests.gates import DECLARED, list_by_api
from tests.programs import SCOPES, Program
from tests.servers import QuietServer
from tests.visitors import PASSWORD, enrol

SECRET = "vendors-own-secret"
ITEMS = [{"code": "58362"}, {"code": "58367"}]
SERVICE = {
    "kind": "service",
    "title_zh": "企业查询",
    "title_en": "Company lookup",
    "summary_en": "Facts of companies.",
    "description_en": "One call a company.",
    "keywords": ["company", "企业"],
    "sector": "meteorological-services",
    "region": "31",
    "updates": "daily",
    "source_url": "https://api.vendor.example/v2",
    "sample": {"columns": ["code"], "rows": [["58362"]]},
    "dictionary": [{"name": "code", "type": "string", "zh": "代码", "en": "Code"}],
    **DECLARED,
}
GRADUATED = {
    "tiers": [{"up_to": 3, "price": 10}, {"up_to": None, "price": 5}],
    "free_units": 1,
}


@dataclass
class Backend:
    """What the service saw: each call's number, its headers; and how it behaves."""

    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)  # (call, path)
    answered: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        """Forget what was seen."""
        for seen in (self.seen, self.answered, self.headers):
            seen.clear()
        self.gate.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def reachable(self) -> str:
        return f"127.0.0.1:{self.port}"


class Handler(BaseHTTPRequestHandler):
    """Answers by what the path asks for."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        backend: Backend = self.server.backend  # type: ignore[attr-defined]
        call = self.headers.get("Databourse-Call", "")
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        backend.seen.append((call, self.path))
        backend.headers.append(dict(self.headers))
        status = re.search(r"status=(\d+)", self.path)
        if "slow" in self.path:
            backend.gate.wait(10)
        if "stream" in self.path:
            self._stream(backend)
            return
        if "hang-up" in self.path:
            self.close_connection = True
            return
        if "odd" in self.path or "deep" in self.path:
            self._odd()
            return
        data: Any = {"data": [] if "miss" in self.path else ITEMS}
        if many := re.search(r"many=(\d+)", self.path):
            data = {"data": [0] * int(many[1])}
        if sent:
            data["sent"] = sent.decode()
        body = json.dumps(data).encode()
        self.send_response(int(status[1]) if status else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "tracks=you")
        if varies := re.search(r"vary=([\w-]+)", self.path):
            self.send_header("Vary", varies[1])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        backend.answered.append(call)

    def do_POST(self) -> None:
        self.do_GET()

    def _odd(self) -> None:
        """Answer with a length that is none, or with what is nested too deep."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "4.5e1" if "odd" in self.path else "90000")
        self.end_headers()
        self.wfile.write(b"{}" if "odd" in self.path else b"[" * 90_000)
        self.wfile.flush()
        self.close_connection = True

    def _stream(self, backend: Backend) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for _ in range(200):
                self.wfile.write(b"x" * 1_000)
                self.wfile.flush()
                if backend.gate.wait(0.05):
                    return
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Backend]:
    """Serve until the end of the block."""
    server = QuietServer(("127.0.0.1", 0), Handler)
    backend = Backend(server.server_port)
    server.backend = backend  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield backend
    finally:
        backend.gate.set()
        server.shutdown()
        server.server_close()


def put_on_market(
    program: Any, symbol: str, price: int = 100, **changed: Any
) -> tuple[str, str]:
    """List a service by the API; its product and instrument."""
    vendor: Program = program("vendor")
    product = vendor.made("/products", SERVICE)["id"]
    unit = {"symbol": symbol, "licence": "internal", "term_days": 30}
    unit |= {"mode": "per_call", "plan": GRADUATED} | changed
    instrument = vendor.made(f"/products/{product}/instruments", unit)["id"]
    list_by_api(vendor, program("registrar"), product)
    vendor.put(f"/instruments/{instrument}/price", {"price": price})
    return product, instrument


ROLES = {
    "vendor": "vendor@vendor.example",
    "buyer": "buyer@buyer.example",
    "other": "other@other.example",
    "registrar": "registrar@house.example",
    "surveillance": "surveillance@house.example",
    "settlement_officer": "settlement_officer@house.example",
}


class Programs:
    """A program with a key for each role of a market that is there already."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._parts: Services = app.extensions[EXTENSION]
        self._made: dict[str, Program] = {}

    def __call__(self, role: str) -> Program:
        if role not in self._made:
            headers = {}
            if role:
                with self._parts.writes.begin() as db:
                    query = select(members.users.c.id).where(
                        members.users.c.email == ROLES[role]
                    )
                    owner = users.get(db, db.execute(query).scalar_one())
                    scopes = SCOPES.get(role, ("staff",))
                    secret = keys.create(db, owner, "a test", scopes).secret
                headers = {"Authorization": f"Bearer {secret}"}
            self._made[role] = Program(self._app.test_client(), headers)
        return self._made[role]


def enrolled(parts: Services) -> None:
    """Register everybody in ROLES."""
    enrol(parts, 1, ROLES["vendor"], vendor=True, buyer=False)
    enrol(parts, 2, ROLES["buyer"], vendor=False, buyer=True)
    enrol(parts, 3, ROLES["other"], vendor=True, buyer=True)
    hashed = parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        for role in ("registrar", "surveillance", "settlement_officer"):
            users.add(db, HOUSE, ROLES[role], role, hashed, [role])


def buy(program: Any, instrument: str, price: int = 100, quantity: int = 1) -> str:
    """Buy a right; its entitlement."""
    buyer: Program = program("buyer")
    wanted = {
        "instrument": instrument, "side": "buy", "price": price, "quantity": quantity,
        "time_in_force": "IOC", "purpose": "internal_analysis",
    }  # fmt: skip
    buyer.made("/orders", wanted)
    return str(buyer.read("/entitlements")["data"][0]["id"])


def user_of(db: Any, role: str) -> int:
    """Return the number of the user in a role."""
    query = select(members.users.c.id).where(members.users.c.email == ROLES[role])
    return int(db.execute(query).scalar_one())
