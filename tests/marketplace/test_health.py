"""Ready only while the database can be written, the writer writes and books balance."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace import health
from marketplace.services import EXTENSION, Services
from settlement import store


def _problems(app: Flask) -> list[str]:
    answer = app.test_client().get("/readyz")
    assert answer.status_code == (503 if answer.json["problems"] else 200)
    assert answer.json["ready"] is not bool(answer.json["problems"])
    found: list[str] = answer.json["problems"]
    return found


def _with(app: Flask, **changed: object) -> None:
    parts: Services = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(parts, **changed)  # type: ignore[arg-type]


def test_a_new_exchange_is_alive_and_ready(app: Flask) -> None:
    assert app.test_client().get("/healthz").json == {"alive": True}
    assert _problems(app) == []


def test_asking_changes_nothing(app: Flask, parts: Services) -> None:
    with parts.reads.connect() as db:
        before = db.execute(text("SELECT * FROM members")).all()
    _problems(app)
    with parts.reads.connect() as db:
        assert db.execute(text("SELECT * FROM members")).all() == before


def test_a_read_only_database_is_noticed(app: Flask, parts: Services) -> None:
    url = parts.config.database_url.replace("sqlite:///", "sqlite:///file:")
    read_only = store.connect(f"{url}?mode=ro&uri=true", write=True)
    _with(app, writes=read_only)
    assert "database_read_only" in _problems(app)
    read_only.dispose()
    _with(app, writes=parts.writes)


def test_a_database_that_is_gone_is_noticed(
    app: Flask, parts: Services, tmp_path: Path
) -> None:
    gone = store.connect(f"sqlite:///{tmp_path / 'no' / 'where.db'}")
    _with(app, reads=gone)
    assert {"database_unreadable", "books_out_of_balance"} <= set(_problems(app))
    assert app.test_client().get("/healthz").status_code == 200
    _with(app, reads=parts.reads)


def test_a_full_disk_is_noticed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FREE_MIN", 2**70)
    assert _problems(app) == ["disk_full"]


def test_a_halted_writer_is_noticed(app: Flask, parts: Services) -> None:
    parts.gateway.close()
    assert _problems(app) == ["writer_halted"]


def test_books_out_of_balance_are_noticed(app: Flask, parts: Services) -> None:
    with parts.writes.begin() as db:
        db.execute(text("INSERT INTO accounts VALUES (1, 5, 1, 0, 100)"))
    assert _problems(app) == ["books_out_of_balance"]
