"""Migrations and declared tables are two texts of one truth; these hold them equal."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Engine, Text, inspect, text

from marketplace import migrations
from marketplace.schema import metadata
from settlement import store


@pytest.fixture
def migrated(database_url) -> Iterator[Engine]:
    migrations.upgrade(database_url)
    engine = store.connect(database_url, write=True)
    yield engine
    engine.dispose()


def facts(engine: Engine) -> dict[str, Any]:
    """Return everything the database knows about its tables, in comparable form."""
    seen = inspect(engine)
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in seen.get_columns(name)
            },
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "checks": {
                check["name"]: re.sub(r"\s+", " ", check["sqltext"])
                for check in seen.get_check_constraints(name)
            },
            "uniques": {
                unique["name"]: unique["column_names"]
                for unique in seen.get_unique_constraints(name)
            },
            "indexes": {
                index["name"]: (index["column_names"], index["unique"])
                for index in seen.get_indexes(name)
            },
            "references": sorted(
                (key["constrained_columns"], key["referred_table"])
                for key in seen.get_foreign_keys(name)
            ),
        }
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


def test_the_migrations_build_the_tables_that_the_code_declares(migrated):
    built = facts(migrated)
    with migrated.begin() as db:
        metadata.drop_all(db)
        metadata.create_all(db)
    assert built == facts(migrated)


def test_alembic_finds_no_difference_after_an_upgrade(migrated):
    with migrated.begin() as db:
        command.check(migrations.settings(db))


def test_an_upgraded_database_is_at_the_newest_revision(migrated):
    with migrated.connect() as db:
        assert migrations.revision(db) == migrations.newest() is not None


def test_every_table_of_sqlite_is_strict(sqlite_url):
    migrations.upgrade(sqlite_url)
    engine = store.connect(sqlite_url)
    with engine.connect() as db:
        tables = db.execute(text("PRAGMA table_list")).all()
    engine.dispose()
    lax = {row.name for row in tables if row.schema == "main" and not row.strict}
    assert lax == {"sqlite_schema", "alembic_version"}


def test_upgrading_again_changes_nothing(database_url, migrated):
    built = facts(migrated)
    migrations.upgrade(database_url)
    assert facts(migrated) == built


def test_a_database_of_another_version_is_refused_and_left_alone(
    database_url, migrated
):
    with migrated.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '0000x'"))
    built = facts(migrated)
    with pytest.raises(migrations.UnknownRevision):
        migrations.upgrade(database_url)
    assert facts(migrated) == built


def test_two_processes_that_start_together_upgrade_once(database_url):
    with ThreadPoolExecutor(4) as pool:
        starts = [pool.submit(migrations.upgrade, database_url) for _ in range(4)]
    assert [start.result() for start in starts] == [None] * 4


def test_the_last_revision_can_be_taken_back_whole(migrated):
    with migrated.begin() as db:
        command.downgrade(migrations.settings(db), "base")
    assert facts(migrated) == {}


@pytest.fixture
def family(sqlite_url) -> Iterator[Engine]:
    """A database with a parent and a child that refers to it."""
    engine = store.connect(sqlite_url, write=True)
    with engine.begin() as db:
        for statement in (
            "CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT",
            "CREATE TABLE children (parent REFERENCES parents ON DELETE CASCADE)",
            "INSERT INTO parents VALUES (7)",
            "INSERT INTO children VALUES (7)",
        ):
            db.exec_driver_sql(statement)
    yield engine
    engine.dispose()


def test_altering_a_table_keeps_the_rows_that_refer_to_it(family):
    with migrations.altering(family) as db:
        operations = Operations(MigrationContext.configure(db))
        with operations.batch_alter_table("parents", recreate="always") as parents:
            parents.add_column(Column("name", Text))
    with family.connect() as db:
        assert db.scalar(text("SELECT parent FROM children")) == 7


def test_a_migration_that_leaves_an_orphan_is_undone(family):
    with pytest.raises(AssertionError), migrations.altering(family) as db:
        db.exec_driver_sql("DELETE FROM parents")
    with family.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM parents")) == 1
        assert db.scalar(text("PRAGMA foreign_keys")) == 1
