"""Migrations: bring a database of any age to the tables that the code declares."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from settlement import store
from settlement.errors import Refusal

FOLDER = Path(__file__).parent
LOCK = 4_242_001  # any number that nobody else locks in this database


@dataclass(eq=False)
class UnknownRevision(Refusal):
    """Another version made this database: move it away, or run that version."""

    revision: str


def upgrade(url: str) -> None:
    """Bring the database at *url* to the newest revision; harmless to repeat.

    Everything happens in one transaction, behind a lock: two processes that start
    together upgrade once, and a failed upgrade leaves the database as it was. Raises
    UnknownRevision for a database of a later version, or of a baseline since replaced.
    """
    engine = store.connect(url, write=True)
    try:
        _upgrade(engine)
    finally:
        engine.dispose()


def revision(db: Connection) -> str | None:
    """Return the revision that the database is at, or None before the first."""
    return MigrationContext.configure(db).get_current_revision()


def newest() -> str | None:
    """Return the newest revision that this code knows."""
    return scripts().get_current_head()


@cache
def scripts() -> ScriptDirectory:
    """Return the revisions that this code brings along."""
    return ScriptDirectory.from_config(settings())


def settings(db: Connection | None = None) -> Config:
    """Return Alembic's settings, working through *db* where it is given."""
    config = Config()
    # A percent sign in the path would be taken for a variable.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = db
    return config


@contextmanager
def altering(engine: Engine) -> Iterator[Connection]:
    """Yield a transaction in which tables may be altered, on either database.

    SQLite alters a table by copying and dropping it, and dropping would delete the
    rows that refer to it; so references are off meanwhile and checked before the end.
    """
    with engine.connect() as db:
        sqlite = db.dialect.name == "sqlite"
        if sqlite:  # has no effect once a transaction has begun
            db.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        try:
            with db.begin():
                yield db
                if sqlite:
                    dangling = db.exec_driver_sql("PRAGMA foreign_key_check").all()
                    assert not dangling, dangling
        finally:
            db.invalidate()  # the next user gets a connection with references on


def _upgrade(engine: Engine) -> None:
    with altering(engine) as db:
        if db.dialect.name == "postgresql":
            db.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        known = {found.revision for found in scripts().walk_revisions()}
        if (present := revision(db)) not in {None, *known}:
            raise UnknownRevision(str(present))
        if present != newest():
            command.upgrade(settings(db), "head")
