"""Secrets replaced without a break: for a day the old one goes on beside the new.

One rule for all that programs come with: API keys, keys to services, profiles of Delta
Sharing and the secrets that webhooks are signed with.
"""

from typing import Any

from sqlalchemy import Connection, Row, Table, update

from settlement import clock

OVERLAP_US = clock.DAY_US  # that a secret goes on after it was replaced


def until_us(ends_us: int | None = None) -> int:
    """Return until when a secret replaced now goes on, at most as long as before."""
    overlap = clock.now_us() + OVERLAP_US
    return overlap if ends_us is None else min(ends_us, overlap)


def retire(db: Connection, secrets: Table, row: Row[Any]) -> None:
    """Let the secret in *row* of a table end after the overlap, or as it would have."""
    ends = update(secrets).where(secrets.c.id == row.id)
    db.execute(ends.values(expires_us=until_us(row.expires_us)))
