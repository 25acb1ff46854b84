"""An application on a database of its own, and browsers signed in as each role."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from marketplace.app import create_app
from marketplace.config import Config
from marketplace.members import keys, roles, sessions, users, verification
from marketplace.members.credit_code import check, organisation_check
from marketplace.members.organisations import Organisation
from marketplace.members.tables import HOUSE
from marketplace.members.users import User
from marketplace.members.verification import MemberEvent
from marketplace.services import EXTENSION, Services
from marketplace.trading.tape import Tape

PASSWORD = "correct horse battery"  # of nobody real
SALT = "wtf-csrf-token"  # Flask-WTF's own

# One line for each request is enough; the default draws tracebacks in colour, slowly.
structlog.configure(
    processors=[
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=repr),
    ]
)


class Visitor(NamedTuple):
    """A browser: `get` and `post` (with a valid form token) as one user."""

    client: FlaskClient
    user: User | None

    def get(self, path: str, **options: Any) -> TestResponse:
        """Follow a link."""
        return self.client.get(path, **options)

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Send a form with its token."""
        form = {"csrf_token": self.token()} | fields
        return self.client.post(path, data=form)

    def token(self) -> str:
        """Return the token that this browser's next form would carry."""
        with self.client.session_transaction() as session:
            raw = session.setdefault("csrf_token", sha1(b"a visitor").hexdigest())
        secret = self.client.application.secret_key
        assert isinstance(secret, str)
        return str(URLSafeTimedSerializer(secret, salt=SALT).dumps(raw))

    def h1(self, path: str) -> str:
        """Return the heading of the page at *path*."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.get(path).text, re.DOTALL)
        assert found, path
        return re.sub(r"<[^>]+>", "", found[1]).strip()


def credit_code(number: int) -> str:
    """Return a well-formed code of no real organisation."""
    organisation = f"{number:08}"
    first = f"91310000{organisation}{organisation_check(organisation)}"
    return first + check(first)


def organisation(
    number: int, *, vendor: bool, buyer: bool, assesses: tuple[str, ...] = ()
) -> Organisation:
    """Return a company with the *number*-th code."""
    code = credit_code(number)
    zh, en = f"第{number}公司", f"Company {number}"
    return Organisation("company", zh, en, code, "31", vendor, buyer, assesses)


def enrol(
    parts: Services,
    number: int,
    email: str,
    *,
    vendor: bool,
    buyer: bool,
    assesses: tuple[str, ...] = (),
) -> User:
    """Register and verify a company with one user; the market knows it afterwards."""
    hashed = parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        wanted = organisation(number, vendor=vendor, buyer=buyer, assesses=assesses)
        member, user = users.sign_up(db, wanted, email, email.partition("@")[0], hashed)
        verification.submit(db, member, user)
        verification.decide(db, member, MemberEvent.VERIFY, None)
    verification.tell_market(parts.reads, parts.gateway)
    with parts.reads.connect() as db:
        return users.get(db, user)


class Compiled(BytecodeCache):
    """Templates compiled once for all tests of a process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what an earlier application compiled."""
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for the next one."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class Routed(Rule):
    """A rule whose builders are compiled once for all applications of a process."""

    _built: ClassVar[dict[Any, Any]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        key = self.rule, str(self._trace), str(self.defaults), append_unknown
        if key not in self._built:
            self._built[key] = super()._compile_builder(append_unknown)
        return self._built[key]


Flask.url_rule_class = Routed

# What many tests begin with is made once in a process and copied for each of them: by
# the name of the fixture, what makes it in a new application. The latest that a test
# asks for counts; each gives the values of the fixtures that it stands for.
PREPARED: dict[str, Callable[[Flask], dict[str, Any]]] = {}
_made: dict[str, tuple[Path, dict[str, Any]]] = {}
_held: dict[Path, dict[str, Any]] = {}  # by the directory of a test


@pytest.fixture
def config(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    migrated: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Config:
    """The embedded settings below a directory of this test's own."""
    settings = _settings(tmp_path / "data")
    wanted = next(
        (name for name in reversed(PREPARED) if name in request.fixturenames), None
    )
    if wanted is None:
        _begin(settings, migrated)
        return settings
    if wanted not in _made:
        first = _settings(tmp_path_factory.mktemp("prepared") / "data")
        _begin(first, migrated)
        app = create_app(first)
        _made[wanted] = first.data, PREPARED[wanted](app)
        app.extensions[EXTENSION].close()
    data, values = _made[wanted]
    shutil.copytree(data, settings.data)
    _held[settings.data] = values
    return settings


def held(parts: Services, name: str) -> Any:
    """Return the value of the fixture *name* if this test's market came with it."""
    return _held.get(parts.config.data, {}).get(name)


def _settings(data: Path) -> Config:
    return replace(
        Config.at(data),
        fast_passwords=True,
        followers=False,
        rate_limits=False,
        notice_days=0,
        tape_delay_s=0,
        tape_parties=2,
    )


def _begin(settings: Config, migrated: Path) -> None:
    settings.data.mkdir(mode=0o700)
    shutil.copy(migrated, settings.data / migrated.name)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The whole application with the writer inline."""
    app = create_app(config)
    app.jinja_env.bytecode_cache = COMPILED
    yield app
    app.extensions[EXTENSION].close()


@pytest.fixture
def parts(app: Flask) -> Services:
    """What the application works with."""
    found: Services = app.extensions[EXTENSION]
    return found


@pytest.fixture
def tell(parts: Services) -> Callable[[], int]:
    """Lets the public tape tell what it may, as its thread would."""
    return Tape(parts.reads, parts.writes, parts.config.tape).step


@pytest.fixture
def people(parts: Services) -> dict[str, User]:
    """One user for each role: a vendor, a buyer, and the staff of the house."""
    return dict(held(parts, "people") or enrol_all(parts))


def enrol_all(parts: Services) -> dict[str, User]:
    """Enrol a user for each role."""
    found = {
        "vendor": enrol(parts, 1, "vendor@vendor.example", vendor=True, buyer=False),
        "buyer": enrol(parts, 2, "buyer@buyer.example", vendor=False, buyer=True),
        "other": enrol(parts, 3, "other@other.example", vendor=True, buyer=True),
    }
    found["assessor"] = enrol(
        *(parts, 4, "assessor@assessor.example"),
        vendor=False,
        buyer=False,
        assesses=("compliance", "quality", "valuation"),
    )
    hashed = parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        for role in roles.STAFF:
            email = f"{role}@house.example"
            number = users.add(db, HOUSE, email, role, hashed, [role])
            found[role] = users.get(db, number)
    return found


PREPARED["people"] = lambda app: {"people": enrol_all(app.extensions[EXTENSION])}


@pytest.fixture
def visit(
    app: Flask, parts: Services, people: dict[str, User]
) -> Callable[[str], Visitor]:
    """A browser: ``visit("buyer")`` is signed in, ``visit("")`` is nobody."""

    def visit(role: str) -> Visitor:
        client = app.test_client()
        if not role:
            return Visitor(client, None)
        with parts.writes.begin() as db:
            token = sessions.start(db, people[role].id, "a test")
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
        return Visitor(client, people[role])

    return visit


@pytest.fixture
def bearer(parts: Services, people: dict[str, User]) -> Callable[..., dict[str, str]]:
    """The headers of an API key: ``bearer("buyer", "trade")``."""
    return bearing(parts, people)


def bearing(parts: Services, people: dict[str, User]) -> Callable[..., dict[str, str]]:
    """Return what makes API keys for *people*."""

    def bearer(role: str, *scopes: str) -> dict[str, str]:
        with parts.writes.begin() as db:
            key = keys.create(db, people[role], "a test", scopes)
        return {"Authorization": f"Bearer {key.secret}"}

    return bearer
