"""What every test may ask for: what the machine must have, and fresh databases."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine, make_url, text

from marketplace import examining, migrations
from marketplace.schema import metadata
from settlement import store

# On a busy machine a child takes its time; a test that means it sets its own patience.
examining.PATIENCE_S = 60.0


LIBRARY_OF_GO = Path("/usr/share/gocode/src/golang.org/x/mod")
FINDERS: dict[str, Callable[[], str | None]] = {
    "postgres": lambda: os.environ.get("DATABOURSE_TEST_POSTGRES"),
    "pgbench": lambda: (
        shutil.which("pgbench")
        or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/pgbench")), None)
    ),
    "chromium": lambda: shutil.which("chromium"),
    "go": lambda: shutil.which("go") if LIBRARY_OF_GO.is_dir() else None,
    "peers": lambda: next(
        map(str, Path(__file__).resolve().parents[1].glob(".venv-peers/bin")), None
    ),
    "java": lambda: shutil.which("java"),
    "chinese fonts": lambda: next(
        map(str, Path("/usr/share/fonts").rglob("NotoSansCJK*")), None
    ),
}
HINTS = {
    "postgres": "set DATABOURSE_TEST_POSTGRES to the URL of a server",
    "pgbench": "apt-get install postgresql",
    "chromium": "apt-get install chromium",
    "go": "apt-get install golang-go golang-golang-x-mod-dev",
    "peers": "make peers",
    "java": "apt-get install default-jre-headless",
    "chinese fonts": "apt-get install fonts-noto-cjk",
}


# A busy machine is not a failure; a failure prints how to have it again.
# DATABOURSE_TEST_FLOWS says how many flows each property makes in a long run.
settings.register_profile(
    "databourse",
    deadline=None,
    print_blob=True,
    max_examples=int(os.environ.get("DATABOURSE_TEST_FLOWS", "100")),
)
settings.load_profile("databourse")

KINDS = ("browser", "peers")  # folders whose tests are marked with their name


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of some folders, so that ``-m`` can choose them."""
    for item in items:
        for kind in KINDS:
            if kind in item.path.relative_to(Path(__file__).parent).parts:
                item.add_marker(kind)


def _required(name: str) -> str:
    """Return where *name* is; without it skip the test, or fail where it must be."""
    if found := FINDERS[name]():
        return found
    reason = f"needs {name}: {HINTS[name]}"
    if name in os.environ.get("DATABOURSE_REQUIRE", "").split(","):
        pytest.fail(f"{reason} (DATABOURSE_REQUIRE names it)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def require() -> Callable[[str], str]:
    """Say what a test needs of the machine: ``require("chromium")`` is its path."""
    return _required


@pytest.fixture(scope="session")
def full() -> bool:
    """Tell whether what takes a sample is to take everything: `make full`."""
    return os.environ.get("DATABOURSE_TEST_FULL", "") not in {"", "0"}


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of this test's own, once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'databourse.db'}"
    else:
        yield from _postgres_database(_required("postgres"))


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    yield from _postgres_database(_required("postgres"))


@pytest.fixture(scope="module")
def module_postgres_url() -> Iterator[str]:
    """The same for the tests of a whole module."""
    yield from _postgres_database(_required("postgres"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A write engine on an empty database that has every table."""
    engine = store.connect(database_url, write=True)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest revision, to be copied: migrating takes a second."""
    path = tmp_path_factory.mktemp("migrated") / "databourse.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an empty SQLite database, for tests that need no second engine."""
    return f"sqlite:///{tmp_path / 'databourse.db'}"


def _postgres_database(server: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as db:
            db.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as db:
            db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        admin.dispose()
