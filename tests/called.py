"""A market with four services at a backend, copied for each test; who calls them."""

import shutil
from dataclasses import replace

import pytest

from marketplace.app import create_app
from marketplace.config import Config
from marketplace.metering.counting import Counting
from marketplace.metering.meter import FOLDER
from marketplace.services import EXTENSION
from tests import backends
from tests.backends import SECRET
from tests.programs import pay_in

QUIET = {"fast_passwords": True, "followers": False, "rate_limits": False}


@pytest.fixture(scope="module")
def backend_of_all():
    with backends.serving() as backend:
        yield backend


@pytest.fixture
def backend(backend_of_all):
    backend_of_all.reset()
    return backend_of_all


@pytest.fixture(scope="module")
def market(tmp_path_factory, migrated, backend_of_all):
    """The settings of a market with four services at the backend, and a rich buyer."""
    made = Config.at(tmp_path_factory.mktemp("services") / "data")
    made.data.mkdir(mode=0o700)
    shutil.copy(migrated, made.data / migrated.name)
    made = replace(made, **QUIET, notice_days=0, reachable=(backend_of_all.reachable,))
    app = create_app(made)
    backends.enrolled(app.extensions[EXTENSION])
    program = backends.Programs(app)
    by_hit = {"tiers": [{"up_to": None, "price": 7}]}
    by_record = {"tiers": [{"up_to": None, "price": 2}]}
    for symbol, more in (
        ("LOOKUP", {}),
        ("HITS", {"mode": "per_hit", "plan": by_hit}),
        (
            "ROWS",
            {"mode": "per_record", "plan": by_record},
        ),
        ("PACK", {"mode": "whole", "plan": None, "deliveries_max": 2}),
    ):
        product, _ = backends.put_on_market(program, symbol, **more)
        pointer = {"pointer": "/data"} if symbol in ("HITS", "ROWS") else {}
        connect(program, product, backend_of_all, **pointer)
    pay_in(program, "buyer", 50_000)
    app.extensions[EXTENSION].close()
    return made


@pytest.fixture
def app(market, tmp_path):
    """A copy of that market."""
    shutil.copytree(market.data, tmp_path / "data")
    copy = Config.at(tmp_path / "data")
    app = create_app(replace(copy, **QUIET, reachable=market.reachable))
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def parts(app):
    return app.extensions[EXTENSION]


@pytest.fixture
def program(app):
    return backends.Programs(app)


def sold(program, symbol):
    """Return the product and the instrument that has a symbol."""
    found = program("").read(f"/symbols/{symbol}")
    return found["product"], found["id"]


@pytest.fixture
def service(program):
    return sold(program, "LOOKUP")


@pytest.fixture
def right(program, service):
    entitlement = backends.buy(program, service[1])
    budget(program, entitlement, 1_000)
    return entitlement


def connect(program, product, backend, **more):
    said = {"url": f"{backend.url}/v2", "header": "X-Api-Key", "secret": SECRET}
    answer = program("vendor").put(f"/products/{product}/endpoint", said | more)
    assert answer.status_code == 200, answer.text
    assert SECRET not in answer.text


def budget(program, entitlement, amount):
    path = f"/entitlements/{entitlement}/budget"
    answer = program("buyer").put(path, {"amount": amount})
    assert answer.status_code == 200, answer.text
    return answer.json


class Caller:
    """A program of the buyer's that calls with a key."""

    def __init__(self, app, program, entitlement, **more) -> None:
        said = {"name": "a program"} | more
        path = f"/entitlements/{entitlement}/service-keys"
        made = program("buyer").made(path, said)
        self.id, self.secret = made["id"], made["secret"]
        self.client = app.test_client()
        self.root = f"/api/services/{entitlement}"

    def get(self, path, method="GET", headers=None, **more):
        sent = {"Authorization": f"Bearer {self.secret}"} | (headers or {})
        return self.client.open(self.root + path, method=method, headers=sent, **more)


@pytest.fixture
def caller(app, program, right):
    return Caller(app, program, right)


@pytest.fixture
def count(parts):
    """Count what the meters noted, as the follower does."""
    folder = parts.config.data / FOLDER
    return Counting(parts.reads, parts.writes, parts.gateway, folder).step
