"""Is it alive, and is it ready: what a supervisor and a load balancer ask."""

import shutil
from collections.abc import Callable

from flask import Flask, Response, jsonify
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from marketplace.members.tables import HOUSE, members
from marketplace.services import Services, services
from settlement import statements

FREE_MIN = 64 * 1024 * 1024  # bytes of disk below which nothing new is taken


def init_app(app: Flask) -> None:
    """Serve ``/healthz`` and ``/readyz``; neither asks who is asking."""
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)


def healthz() -> Response:
    """Say that the process answers."""
    return jsonify({"alive": True})


def readyz() -> tuple[Response, int]:
    """Say whether work can be taken, and what is wrong if not (503)."""
    wrong = problems(services())
    return jsonify({"ready": not wrong, "problems": wrong}), 503 if wrong else 200


def problems(parts: Services) -> list[str]:
    """Return the codes of what is wrong, each tried for itself."""
    return [code for code, fine in CHECKS.items() if not _holds(fine, parts)]


def _holds(fine: Callable[[Services], bool], parts: Services) -> bool:
    try:
        return fine(parts)
    except (SQLAlchemyError, OSError):
        return False


def _writable(parts: Services) -> bool:
    """Write a row as it is, and take it back: the disk or the grants may forbid it."""
    with parts.writes.connect() as db, db.begin() as attempt:
        same = update(members).where(members.c.id == HOUSE)
        db.execute(same.values(state=members.c.state))
        attempt.rollback()
    return True


def _readable(parts: Services) -> bool:
    with parts.reads.connect() as db:
        return db.execute(select(members.c.id).limit(1)).first() is not None


def _roomy(parts: Services) -> bool:
    return shutil.disk_usage(parts.config.data).free >= FREE_MIN


def _writing(parts: Services) -> bool:
    return not parts.gateway.status().halted


def _balanced(parts: Services) -> bool:
    """Every asset sums to zero: the invariant that is cheap enough to ask each time."""
    with parts.reads.connect() as db:
        totals = statements.trial_balance(db, rights=True)
    return all(total.total == 0 for total in totals)


CHECKS: dict[str, Callable[[Services], bool]] = {
    "database_unreadable": _readable,
    "database_read_only": _writable,
    "disk_full": _roomy,
    "writer_halted": _writing,
    "books_out_of_balance": _balanced,
}
